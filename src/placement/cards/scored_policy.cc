// A policy made of a scorer: a row of scores by shape, brought up to date when it is read.
#include <algorithm>
#include <map>
#include <utility>

#include "intertie/placement/cards/policy.h"

namespace intertie::placement::cards {
namespace {

struct Row {
  std::vector<std::int32_t> scores;  // By node; -1 where the shape does not fit.
  std::vector<CardMask> cards;
  std::size_t changes_seen = 0;
};

class ScoredPolicy final : public Policy {
 public:
  explicit ScoredPolicy(std::unique_ptr<NodeScorer> scorer) : scorer_(std::move(scorer)) {}

  std::string_view name() const override { return scorer_->name(); }

  std::optional<Pick> choose(const Cluster& cluster, const Shape& shape) override {
    Row& row = rows_[shape];
    update(cluster, shape, row);
    // The first of the highest: that rule makes quality and repeatability, see node_scorer.h.
    const auto best = std::ranges::max_element(row.scores);
    if (best == row.scores.end() || *best < 0) return std::nullopt;
    const auto node = static_cast<std::uint32_t>(best - row.scores.begin());
    return Pick{node, row.cards[node]};
  }

 private:
  void rate(const Cluster& cluster, const Shape& shape, Row& row, std::uint32_t node) {
    const NodeState& state = cluster.nodes()[node];
    row.scores[node] = -1;
    if (!fits(state, shape)) return;
    const Scored scored = scorer_->score(state, shape);
    row.scores[node] = scored.score;
    row.cards[node] = scored.cards;
  }

  void update(const Cluster& cluster, const Shape& shape, Row& row) {
    const auto count = static_cast<std::uint32_t>(cluster.nodes().size());
    const std::vector<std::uint32_t>& changes = cluster.changes();
    if (row.scores.empty()) {
      row.scores.assign(count, -1);
      row.cards.assign(count, 0);
      for (std::uint32_t node = 0; node < count; ++node) rate(cluster, shape, row, node);
    } else {
      stamps_.resize(count, 0);
      ++stamp_;
      for (std::size_t i = row.changes_seen; i < changes.size(); ++i) {
        if (std::exchange(stamps_[changes[i]], stamp_) == stamp_) continue;
        rate(cluster, shape, row, changes[i]);
      }
    }
    row.changes_seen = changes.size();
  }

  std::unique_ptr<NodeScorer> scorer_;
  std::map<Shape, Row> rows_;
  std::vector<std::uint64_t> stamps_;  // Which nodes this update has seen.
  std::uint64_t stamp_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_scored_policy(std::unique_ptr<NodeScorer> scorer) {
  return std::make_unique<ScoredPolicy>(std::move(scorer));
}

}  // namespace intertie::placement::cards
