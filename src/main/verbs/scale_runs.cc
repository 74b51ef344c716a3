// Filling a fleet, and keeping it full while requests come and go.
#include "verbs/scale_runs.h"

#include <algorithm>
#include <bit>
#include <set>

#include "intertie/placement/cards/policy.h"

#include "verbs/scale_clock.h"

namespace intertie::cli {
namespace {

using placement::cards::CardEngine;
using placement::cards::compute_card_milli;
using placement::cards::EngineOptions;
using placement::cards::NodeState;
using placement::cards::Pick;
using placement::cards::Shape;
using placement::scale::Mix;

constexpr std::size_t kNodesPerCellMax = 4'096;

double compute_percent(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

double compute_allocation(const CardEngine& engine) {
  return compute_percent(engine.capacity_milli() - engine.free_milli(), engine.capacity_milli());
}

core::Result<CardEngine> make_engine(const Mix& mix, const ScaleOptions& options,
                                     core::Random& random) {
  if (mix.requests.empty()) return {core::Reason::missing_field, "there are no requests"};
  const auto has_cards = [](const NodeState& node) { return node.cards > 0; };
  if (std::ranges::none_of(mix.nodes, has_cards)) {
    return {core::Reason::missing_field, "no node has cards"};
  }
  std::shared_ptr<const placement::cards::NodeScorer> scorer =
      make_scorer(options.policy, placement::cards::count_shapes(mix.requests));
  if (scorer == nullptr) {
    return {core::Reason::bad_argument, "no scorer is called '" + options.policy + "'"};
  }
  EngineOptions engine_options;
  engine_options.nodes_per_cell = std::min(mix.nodes.size(), kNodesPerCellMax);
  engine_options.allow_simd = options.allow_simd;
  return CardEngine(make_fleet(mix, options.cards, random), std::move(scorer), engine_options);
}

struct Live {
  std::uint32_t request;
  Pick pick;
};

/// One engine, its load, and the clock beside it.
class Run {
 public:
  Run(const Mix& mix, CardEngine engine, std::uint64_t seed)
      : mix_(mix), engine_(std::move(engine)), random_(seed) {
    live_.reserve(static_cast<std::size_t>(engine_.capacity_milli() / 500));
  }

  void fill(double percent) {
    std::int64_t asked = 0;
    while (compute_allocation(engine_) < percent && asked < engine_.capacity_milli() * 13 / 10) {
      asked += compute_card_milli(mix_.requests[arrive()]);
    }
  }

  /// Above the band somebody leaves, below it somebody comes, within it one or the other.
  void churn(std::int64_t decisions, double low, double high) {
    for (std::int64_t i = 0; i < decisions; ++i) {
      const double percent = compute_allocation(engine_);
      result_.allocation_low_percent = std::min(result_.allocation_low_percent, percent);
      result_.allocation_high_percent = std::max(result_.allocation_high_percent, percent);
      const bool leaves = percent >= high || (percent > low && random_.chance(1, 2));
      if (leaves && !live_.empty()) {
        depart();
      } else {
        arrive();
      }
    }
  }

  void start() {
    result_ = {};
    result_.allocation_low_percent = 100;
    start_wall_ = read_wall_nanoseconds();
    start_cpu_ = read_cpu_nanoseconds();
    last_ = start_wall_;
  }

  ScaleResult finish(std::string_view mode) {
    result_.wall_nanoseconds = read_wall_nanoseconds() - start_wall_;
    result_.cpu_nanoseconds = read_cpu_nanoseconds() - start_cpu_;
    result_.mode = mode;
    result_.cards = engine_.capacity_milli() / 1'000;
    result_.nodes = engine_.node_count();
    result_.decisions = result_.durations.count();
    result_.allocation_percent = compute_allocation(engine_);
    result_.resident_bytes = read_resident_bytes();
    result_.counters = engine_.counters();
    const std::set<Shape> shapes(mix_.requests.begin(), mix_.requests.end());
    result_.shapes = static_cast<std::int64_t>(shapes.size());
    return result_;
  }

 private:
  void note_time() {
    const std::int64_t now = read_wall_nanoseconds();
    result_.durations.add(now - last_);
    last_ = now;
  }

  std::uint32_t arrive() {
    const auto request = static_cast<std::uint32_t>(random_.below(mix_.requests.size()));
    const std::optional<Pick> pick = engine_.place(mix_.requests[request]);
    note_time();
    if (pick) {
      live_.push_back({request, *pick});
    } else if (result_.rejected++ == 0) {
      result_.first_rejection_percent = compute_allocation(engine_);
    }
    return request;
  }

  void depart() {
    std::swap(live_[random_.below(live_.size())], live_.back());
    const Live item = live_.back();
    live_.pop_back();
    engine_.release(mix_.requests[item.request], item.pick);
    note_time();
  }

  const Mix& mix_;
  CardEngine engine_;
  core::Random random_;
  std::vector<Live> live_;
  ScaleResult result_;
  std::int64_t start_wall_ = 0;
  std::int64_t start_cpu_ = 0;
  std::int64_t last_ = 0;
};

}  // namespace

void DurationCounts::add(std::int64_t nanoseconds) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanoseconds, 0));
  const auto power = static_cast<std::size_t>(std::max<std::size_t>(std::bit_width(value), 6) - 6);
  // Up to 63 exactly; above, the power of two and the five bits below the highest.
  const std::size_t place =
      value < 64 ? static_cast<std::size_t>(value) : (power + 1) * 32 + (value >> power) % 32;
  ++counts_[std::min(place, counts_.size() - 1)];
  ++count_;
}

std::int64_t DurationCounts::find_quantile(std::int64_t permille) const {
  const std::int64_t wanted = (count_ * permille + 999) / 1'000;
  std::int64_t sum = 0;
  for (std::size_t place = 0; place < counts_.size(); ++place) {
    sum += counts_[place];
    if (sum < wanted || count_ == 0) continue;
    if (place < 64) return static_cast<std::int64_t>(place);
    const std::size_t power = place / 32 - 1;
    return static_cast<std::int64_t>(((place % 32 + 33) << power) - 1);
  }
  return 0;
}

core::Result<ScaleResult> run_fill(const Mix& mix, const ScaleOptions& options) {
  core::Random random(options.seed);
  core::Result<CardEngine> engine = make_engine(mix, options, random);
  if (!engine) return engine.error();
  Run run(mix, *std::move(engine), random.next());
  run.start();
  run.fill(static_cast<double>(options.load_percent));
  return run.finish("fill");
}

core::Result<ScaleResult> run_churn(const Mix& mix, const ScaleOptions& options) {
  core::Random random(options.seed);
  core::Result<CardEngine> engine = make_engine(mix, options, random);
  if (!engine) return engine.error();
  constexpr double low = 91;
  constexpr double high = 94;
  Run run(mix, *std::move(engine), random.next());
  run.start();
  run.fill((low + high) / 2);
  run.start();
  run.churn(options.decisions, low, high);
  return run.finish("churn");
}

}  // namespace intertie::cli
