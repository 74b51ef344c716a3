// What the scale benchmark places on what: a fleet of any size, and requests drawn from a mix.
#pragma once

#include <cstdint>
#include <vector>

#include "intertie/core/random.h"
#include "intertie/placement/cards/node_state.h"
#include "intertie/placement/cards/trace.h"

namespace intertie::placement::scale {

/// Nodes of one cell, and requests of which each is equally likely.
struct Mix {
  std::vector<cards::NodeState> nodes;
  cards::ModelTable models;
  std::vector<cards::Shape> requests;
};

/// A cell and a mix like those of the openb trace, rounded: 1,216 nodes of the trace's twelve main
/// kinds with its processors, memory and cards, and its forty most frequent requests by processors
/// and cards, each with the mean of its memory, in proportion to how often it occurs.
/// Source of the figures: Alibaba cluster trace GPU v2023 (clusterdata, cluster-trace-gpu-v2023),
/// published with Weng et al., "Beware of Fragmentation", USENIX ATC 2023.
Mix make_openb_like_mix();

/// As many cells as it takes to have at least `cards` cards, the last one cut short; the nodes of
/// each in a random order of its own, so that every part of a cell is a fair sample. `mix` has
/// cards (asserted).
std::vector<cards::NodeState> make_fleet(const Mix& mix, std::int64_t cards, core::Random& random);

/// Makes three in ten of the requests that ask for cards and accept any model choosy, in equal
/// parts: one model, two models, or a rate at FP16 that several models reach (model_need.h). A
/// model is drawn in proportion to the cards of the mix's nodes that have it and take the request
/// when empty, so that choosy demand is as large as what it can choose from. The rates are assumed
/// figures, as the trace hides its newer models.
void add_model_needs(Mix& mix, core::Random& random);

/// Super-nodes for gangs, as public figures describe them: 8-card nodes; half of the cards in
/// super-nodes of 384 cards made of racks of 32 (Huawei CloudMatrix384), half in super-nodes of
/// 8,192 cards made of racks of 64 (Atlas 950).
struct SuperNodes {
  std::vector<std::uint32_t> nodes;           // By super-node.
  std::vector<std::uint32_t> nodes_per_rack;  // By super-node.
};
SuperNodes make_super_nodes(std::int64_t cards);

/// Nodes of a gang of 8 to 8,192 cards: a power of two, each power with the same demand for nodes;
/// one in four that are larger than two nodes asks for three quarters of it.
std::uint32_t draw_gang_nodes(core::Random& random);

}  // namespace intertie::placement::scale
