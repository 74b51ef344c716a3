// Gangs that come and go in super-nodes: the engine's tree of fabrics, buddies, and random nodes.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>
#include <numeric>

#include "intertie/placement/cards/policy.h"
#include "intertie/placement/fabric/gang_baselines.h"

#include "verbs/scale_clock.h"
#include "verbs/scale_runs.h"

namespace intertie::cli {
namespace {

using placement::cards::CardEngine;
using placement::cards::make_scorer;
using placement::cards::Pick;
using placement::cards::Shape;
using placement::fabric::Block;
using placement::scale::SuperNodes;

constexpr std::uint32_t kSuperNodeTier = 2;
constexpr double kOffered = 0.95;  // Of all nodes, if nothing were refused.
constexpr std::int64_t kLargeNodes = 1'024 / 8;

/// An 8-card node of a super-node; a task takes an eighth of it for each card.
constexpr std::int32_t kNodeCores = 192;
constexpr std::int32_t kNodeGib = 1'536;

/// One way of placing gangs of whole nodes.
class GangPlacer {
 public:
  virtual ~GangPlacer() = default;
  /// False if it is refused; `id` names it until it is released.
  virtual bool place(std::int64_t id, std::uint32_t nodes) = 0;
  virtual void release(std::int64_t id) = 0;
  /// Gangs of so many nodes that could still be placed.
  virtual std::int64_t count_gangs(std::uint32_t nodes) const = 0;
};

class EnginePlacer final : public GangPlacer {
 public:
  explicit EnginePlacer(const SuperNodes& super_nodes, const ScaleOptions& options)
      : engine_(make_engine(super_nodes, options)) {}

  bool place(std::int64_t id, std::uint32_t nodes) override {
    auto place = engine_.place_gang({kTask, nodes, kSuperNodeTier});
    if (place) live_.emplace(id, std::move(place->picks));
    return place.has_value();
  }
  void release(std::int64_t id) override {
    const auto gang = live_.find(id);
    for (const Pick& pick : gang->second) engine_.release(kTask, pick);
    live_.erase(gang);
  }
  std::int64_t count_gangs(std::uint32_t nodes) const override {
    return engine_.fabric_tree()->count_blocks(kSuperNodeTier, 8, nodes).block_tasks / nodes;
  }
  const CardEngine& engine() const { return engine_; }

 private:
  static constexpr Shape kTask{(kNodeCores - 8) * 1'000, (kNodeGib - 64) * 1'024, 1'000, 8, {}};

  static CardEngine make_engine(const SuperNodes& super_nodes, const ScaleOptions& options) {
    placement::fabric::FabricLayout layout{{{0}, {0}, {0}}};
    std::uint32_t nodes = 0;
    std::uint32_t racks = 0;
    for (std::size_t i = 0; i < super_nodes.nodes.size(); ++i) {
      const std::uint32_t rack = super_nodes.nodes_per_rack[i];
      for (std::uint32_t left = super_nodes.nodes[i]; left > 0; left -= rack) {
        layout.starts[0].push_back(nodes += rack);
        ++racks;
      }
      layout.starts[1].push_back(racks);
    }
    layout.starts[2].push_back(static_cast<std::uint32_t>(super_nodes.nodes.size()));
    const auto node = placement::cards::make_node(kNodeCores * 1'000, kNodeGib * 1'024, 8, 0);
    placement::cards::EngineOptions engine_options;
    engine_options.allow_simd = options.allow_simd;
    engine_options.fabric = std::move(layout);
    return CardEngine(std::vector(nodes, node),
                      make_scorer(options.policy, placement::cards::Workload{{kTask, 1}}),
                      std::move(engine_options));
  }

  CardEngine engine_;
  std::map<std::int64_t, std::vector<Pick>> live_;
};

class BuddyPlacer final : public GangPlacer {
 public:
  explicit BuddyPlacer(const SuperNodes& super_nodes) : buddies_(super_nodes.nodes) {}
  bool place(std::int64_t id, std::uint32_t nodes) override {
    const std::optional<Block> block = buddies_.allocate(nodes);
    if (block) live_.emplace(id, *block);
    return block.has_value();
  }
  void release(std::int64_t id) override {
    buddies_.release(live_.at(id));
    live_.erase(id);
  }
  std::int64_t count_gangs(std::uint32_t nodes) const override {
    return buddies_.count_gangs(nodes);
  }

 private:
  placement::fabric::BuddyBlocks buddies_;
  std::map<std::int64_t, Block> live_;
};

class RandomPlacer final : public GangPlacer {
 public:
  RandomPlacer(const SuperNodes& super_nodes, std::uint64_t seed)
      : random_(super_nodes.nodes, seed) {}
  bool place(std::int64_t id, std::uint32_t nodes) override {
    auto taken = random_.allocate(nodes);
    if (taken) live_.emplace(id, *std::move(taken));
    return live_.contains(id);
  }
  void release(std::int64_t id) override {
    random_.release(live_.at(id));
    live_.erase(id);
  }
  std::int64_t count_gangs(std::uint32_t nodes) const override {
    return random_.count_gangs(nodes);
  }

 private:
  placement::fabric::RandomNodes random_;
  std::map<std::int64_t, std::vector<std::uint32_t>> live_;
};

/// The same gangs for every placer: sizes and lifetimes are drawn whether or not they run.
class GangChurn {
 public:
  GangChurn(std::int64_t nodes, std::uint64_t seed) : nodes_(nodes), random_(seed) {
    core::Random sample(1);
    std::int64_t sum = 0;
    for (int i = 0; i < 100'000; ++i) sum += placement::scale::draw_gang_nodes(sample);
    lifetime_ = kOffered * static_cast<double>(nodes) * 100'000 / static_cast<double>(sum);
    rounds_ = std::max<std::int64_t>(static_cast<std::int64_t>(6 * lifetime_), 2'000);
  }

  GangRow run(GangPlacer& placer, std::string policy, DurationCounts* durations) {
    GangRow row;
    row.policy = std::move(policy);
    Sums sums;
    struct Running {
      std::int64_t id;
      std::uint32_t nodes;
    };
    std::multimap<std::int64_t, Running> ends;
    std::int64_t used = 0;
    const auto timed = [&](const auto& work) {
      const std::int64_t start = read_wall_nanoseconds();
      const bool is_done = work();
      if (durations != nullptr) durations->add(read_wall_nanoseconds() - start);
      return is_done;
    };
    for (std::int64_t now = 0; now < rounds_; ++now) {
      while (!ends.empty() && ends.begin()->first <= now) {
        const Running running = ends.begin()->second;
        timed([&] { return placer.release(running.id), true; });
        used -= running.nodes;
        ends.erase(ends.begin());
      }
      const std::uint32_t nodes = placement::scale::draw_gang_nodes(random_);
      const double uniform = static_cast<double>(random_.below(1U << 30) + 1) / (1U << 30);
      const auto end = now + 1 + static_cast<std::int64_t>(-std::log(uniform) * lifetime_);
      const bool is_placed = timed([&] { return placer.place(now, nodes); });
      if (is_placed) ends.emplace(end, Running{now, nodes});
      used += is_placed ? nodes : 0;
      if (now * 2 < rounds_) continue;
      ++row.asked;
      row.refused += is_placed ? 0 : 1;
      row.refused_large += !is_placed && nodes >= kLargeNodes ? 1 : 0;
      if (now % 64 == 0) sums.add(placer, used, nodes_);
    }
    sums.write(row);
    return row;
  }

 private:
  struct Sums {
    double allocation = 0;
    double lost_48 = 0;
    double lost_128 = 0;
    double lost_1024 = 0;
    int count = 0;

    void add(const GangPlacer& placer, std::int64_t used, std::int64_t nodes) {
      const auto free = static_cast<double>(nodes - used);
      allocation += 100 - 100 * free / static_cast<double>(nodes);
      const auto lost = [&](std::uint32_t size) {
        const std::int64_t usable = placer.count_gangs(size) * size;
        return free == 0 ? 0 : 100 - 100 * static_cast<double>(usable) / free;
      };
      lost_48 += lost(48);
      lost_128 += lost(128);
      lost_1024 += lost(1'024);
      ++count;
    }

    void write(GangRow& row) const {
      row.allocation_percent = allocation / std::max(count, 1);
      row.lost_48_percent = lost_48 / std::max(count, 1);
      row.lost_128_percent = lost_128 / std::max(count, 1);
      row.lost_1024_percent = lost_1024 / std::max(count, 1);
    }
  };

  std::int64_t nodes_;
  core::Random random_;
  double lifetime_ = 0;  // Mean, in arrivals.
  std::int64_t rounds_ = 0;
};

}  // namespace

core::Result<ScaleResult> run_gangs(const ScaleOptions& options) {
  if (make_scorer(options.policy, {}) == nullptr) {
    return {core::Reason::bad_argument, "no scorer is called '" + options.policy + "'"};
  }
  const SuperNodes super_nodes = placement::scale::make_super_nodes(options.cards);
  ScaleResult result;
  result.mode = "gangs";
  result.nodes =
      std::accumulate(super_nodes.nodes.begin(), super_nodes.nodes.end(), std::int64_t{0});
  result.cards = result.nodes * 8;
  result.shapes = 1;
  {
    EnginePlacer placer(super_nodes, options);
    const std::int64_t start_wall = read_wall_nanoseconds();
    const std::int64_t start_cpu = read_cpu_nanoseconds();
    const GangRow row =
        GangChurn(result.nodes, options.seed).run(placer, "intertie", &result.durations);
    result.wall_nanoseconds = read_wall_nanoseconds() - start_wall;
    result.cpu_nanoseconds = read_cpu_nanoseconds() - start_cpu;
    result.resident_bytes = read_resident_bytes();
    result.decisions = result.durations.count();
    result.rejected = row.refused;
    result.allocation_percent = row.allocation_percent;
    result.counters = placer.engine().counters();
    result.gangs.push_back(row);
  }
  BuddyPlacer buddies(super_nodes);
  result.gangs.push_back(GangChurn(result.nodes, options.seed).run(buddies, "buddy", nullptr));
  RandomPlacer random(super_nodes, options.seed);
  result.gangs.push_back(GangChurn(result.nodes, options.seed).run(random, "random", nullptr));
  return result;
}

}  // namespace intertie::cli
