// The interface of a placement policy: which node and cards one request gets, of all nodes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "intertie/placement/cards/cluster.h"
#include "intertie/placement/cards/node_scorer.h"
#include "intertie/placement/cards/workload.h"

namespace intertie::placement::cards {

/// What a policy may know beforehand. All of it is static or changes slowly.
struct Knowledge {
  Workload workload;             // The mix of requests to come; may be empty: nothing is known.
  std::vector<NodeState> fleet;  // The nodes as they are when empty, in any order.
  std::uint64_t seed = 0;        // For the policy that draws lots.
};

/// Chooses places one request after another. It sees the cluster's state and its own knowledge;
/// what it remembers beside are caches, so a new object decides like an old one (`random` draws
/// lots and is the exception).
class Policy {
 public:
  virtual ~Policy() = default;

  virtual std::string_view name() const = 0;

  /// The place, or nothing if the request fits nowhere: a policy never refuses what fits. The same
  /// object is always called with the same cluster, which may change between calls.
  virtual std::optional<Pick> choose(const Cluster& cluster, const Shape& shape) = 0;
};

/// Names for `--policy`, the default first: "intertie", "fgd", "bestfit", ...
std::span<const std::string_view> get_policy_names();

/// The policy of that name, or null.
std::unique_ptr<Policy> make_policy(std::string_view name, const Knowledge& knowledge);

/// The scorer behind the policy of that name, for an index that does its own search; null for
/// policies that are no scorers (random, gpuclustering) and unknown names.
std::unique_ptr<NodeScorer> make_scorer(std::string_view name, const Workload& workload);

/// Does as the scorer says: the highest score, the lowest position among equals. Scores are kept by
/// node and shape and computed anew for nodes that changed. A choice costs O(nodes) comparisons of
/// integers, and as many scores as nodes changed since that shape was asked for last.
std::unique_ptr<Policy> make_scored_policy(std::unique_ptr<NodeScorer> scorer);

}  // namespace intertie::placement::cards
