// The baselines that need more than a node's state, one source file each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "intertie/core/random.h"
#include "intertie/placement/cards/policy.h"

namespace intertie::placement::cards {

/// random_policy.cc. O(nodes).
class RandomPolicy final : public Policy {
 public:
  explicit RandomPolicy(std::uint64_t seed) : random_(seed) {}
  std::string_view name() const override { return "random"; }
  std::optional<Pick> choose(const Cluster& cluster, const Shape& shape) override;

 private:
  core::Random random_;
  std::vector<std::uint32_t> fitting_;
};

/// gpu_clustering.cc. O(nodes).
class GpuClusteringPolicy final : public Policy {
 public:
  std::string_view name() const override { return "gpuclustering"; }
  std::optional<Pick> choose(const Cluster& cluster, const Shape& shape) override;
};

}  // namespace intertie::placement::cards
