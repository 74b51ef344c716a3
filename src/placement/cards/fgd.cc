// The policy "fgd": fragmentation gradient descent, as published.
//
// Assumes: the mix of requests is known; what never fits any of them is lost; requests do not
// leave.
//
// Algorithm: of all nodes the one whose expected fragmentation (fragmentation.h) grows least, or
// shrinks most: score = trunc(100 sigmoid((before - after) / 1000)), 0..100. A part of a card tries
// every fitting card and takes the best; whole cards take the lowest free indexes. The truncation
// is part of the algorithm: equal scores go to the first node, which concentrates.
//
// Paper: Weng et al., "Beware of Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation
// Gradient Descent", USENIX ATC 2023.
#include "cards/fgd.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace intertie::placement::cards {
namespace {

// logit(k / 100) for k = 1..99: trunc(100 sigmoid(x)) is the number of them that x reaches. A
// table, because exp may differ in its last bit from one library to another.
constexpr std::array kLogits = {
    -4.5951198501345898,  -3.8918202981106269,
    -3.4760986898352733,  -3.1780538303479458,
    -2.9444389791664407,  -2.7515353130419489,
    -2.5866893440979424,  -2.4423470353692043,
    -2.3136349291806306,  -2.1972245773362196,
    -2.0907410969337694,  -1.9924301646902063,
    -1.900958761193047,   -1.8152899666382492,
    -1.7346010553881064,  -1.6582280766035324,
    -1.5856272637403819,  -1.5163474893680884,
    -1.4500101755059984,  -1.3862943611198906,
    -1.3249254147435987,  -1.2656663733312759,
    -1.2083112059245342,  -1.1526795099383855,
    -1.0986122886681098,  -1.0459685551826876,
    -0.99462257514406216, -0.9444616088408514,
    -0.89538404705484131, -0.84729786038720367,
    -0.80011930011211319, -0.7537718023763802,
    -0.70818505792448583, -0.66329421741026418,
    -0.61903920840622351, -0.5753641449035618,
    -0.53221681374730823, -0.48954822531870579,
    -0.44731221804366478, -0.40546510810816444,
    -0.36396537720141159, -0.32277339226305102,
    -0.28185115214098772, -0.2411620568168881,
    -0.20067069546215111, -0.16034265007517937,
    -0.12014431184206321, -0.08004270767353637,
    -0.04000533461369913, 0.0,
    0.040005334613699206, 0.080042707673536356,
    0.12014431184206321,  0.16034265007517948,
    0.20067069546215124,  0.24116205681688804,
    0.28185115214098766,  0.32277339226305102,
    0.36396537720141159,  0.40546510810816438,
    0.44731221804366483,  0.48954822531870579,
    0.53221681374730823,  0.5753641449035618,
    0.61903920840622351,  0.66329421741026418,
    0.70818505792448583,  0.7537718023763802,
    0.80011930011211307,  0.84729786038720367,
    0.89538404705484131,  0.94446160884085151,
    0.99462257514406205,  1.0459685551826878,
    1.0986122886681098,   1.1526795099383853,
    1.2083112059245342,   1.2656663733312759,
    1.3249254147435985,   1.3862943611198906,
    1.4500101755059984,   1.5163474893680884,
    1.5856272637403819,   1.6582280766035324,
    1.7346010553881064,   1.8152899666382492,
    1.900958761193047,    1.9924301646902061,
    2.0907410969337694,   2.1972245773362196,
    2.3136349291806306,   2.4423470353692043,
    2.5866893440979428,   2.7515353130419489,
    2.9444389791664403,   3.1780538303479458,
    3.4760986898352733,   3.8918202981106265,
    4.5951198501345898,
};

}  // namespace

std::int32_t rate_gradient(std::int64_t shrinks, std::int64_t weight) {
  const double cards = static_cast<double>(shrinks) / (1'000.0 * static_cast<double>(weight));
  const auto above = std::ranges::upper_bound(kLogits, cards);
  return static_cast<std::int32_t>(above - kLogits.begin());
}

Scored FgdScorer::score(const NodeState& node, const Shape& shape) const {
  assert(fits(node, shape));
  const std::int64_t before = fragmentation_.measure(node);
  const CardMask fitting = find_fitting_cards(node, shape);
  const auto rate = [&](CardMask cards) {
    NodeState after = node;
    apply(after, shape, cards);
    return Scored{rate_gradient(before - fragmentation_.measure(after), fragmentation_.weight()),
                  cards};
  };
  if (shape.cards == 0 || shape.card_milli == milli_per_card) {
    return rate(take_lowest(fitting, shape.cards));
  }
  // Parts of several cards are not in the paper.
  if (shape.cards > 1) return rate(find_tightest_cards(node, shape));
  Scored best{-1, 0};
  unsigned tried = 0;  // Cards with equally much left are tried once.
  for (unsigned i = 0; i < node.cards; ++i) {
    if (((fitting >> i) & 1U) == 0 || ((tried >> i) & 1U) != 0) continue;
    for (unsigned j = i; j < node.cards; ++j) {
      tried |= static_cast<unsigned>(node.card_milli[j] == node.card_milli[i]) << j;
    }
    const Scored scored = rate(static_cast<CardMask>(1U << i));
    if (scored.score > best.score) best = scored;
  }
  return best;
}

}  // namespace intertie::placement::cards
