// intertie bench placement: how well policies fill cards, by replaying a trace.
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "intertie/placement/cards/card_prices.h"
#include "intertie/placement/cards/summary.h"

#include "command_line/seed_range.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

namespace cards = placement::cards;

constexpr std::size_t kTraceBytesMax = std::size_t{256} << 20;
constexpr std::int64_t kArrivingPercent = 130;
constexpr std::uint64_t kRunsMax = 100'000;

struct Trace {
  cards::TraceNodes nodes;
  std::vector<cards::TraceRequest> requests;
  double bound = 0;
};

core::Result<Trace> read_trace(const std::string& nodes_path, const std::string& pods_path) {
  const core::Result<std::string> nodes_text = read_file(nodes_path, kTraceBytesMax);
  if (!nodes_text) return nodes_text.error();
  core::Result<cards::TraceNodes> nodes = cards::read_trace_nodes(*nodes_text, nodes_path);
  if (!nodes) return nodes.error();
  const core::Result<std::string> pods_text = read_file(pods_path, kTraceBytesMax);
  if (!pods_text) return pods_text.error();
  core::Result<std::vector<cards::TraceRequest>> requests =
      cards::read_trace_requests(*pods_text, pods_path, nodes->models);
  if (!requests) return requests.error();
  Trace trace{*std::move(nodes), *std::move(requests), 0};
  std::vector<cards::Shape> shapes;
  for (const cards::TraceRequest& request : trace.requests) shapes.push_back(request.shape);
  trace.bound = cards::compute_allocation_bound(cards::count_shapes(shapes), trace.nodes.nodes);
  return trace;
}

// Of this process: what others do on the machine does not count.
std::int64_t read_cpu_micros() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

std::string with_digits(double value, int digits) {
  std::array<char, 64> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

Cell percent(double value) { return Cell(with_digits(value, 2), with_digits(value, 4)); }

/// What a row says beside its summary.
struct PolicyRun {
  std::string_view policy;
  std::string seeds;
  cards::ReplayOptions options;
  double bound = 0;
  std::int64_t decisions_per_second = 0;
};

std::vector<Cell> make_row(const PolicyRun& run, const cards::Summary& summary) {
  return {Cell(std::string(run.policy)),
          Cell(run.options.learn ? "learned" : "given"),
          Cell(run.seeds),
          percent(summary.alloc_100),
          percent(summary.alloc_130),
          percent(summary.stddev_100),
          percent(run.bound),
          percent(summary.fragmented_100),
          summary.first_rejection ? percent(*summary.first_rejection) : Cell("none", ""),
          Cell(with_digits(summary.rejected, 1)),
          Cell(with_digits(summary.moves, 1)),
          Cell(std::to_string(run.decisions_per_second))};
}

boost::json::object make_object(const PolicyRun& run, const cards::Summary& summary) {
  const auto rounded = [](double value) { return std::round(value * 10'000) / 10'000; };
  boost::json::object object = {{"policy", run.policy},
                                {"mix", run.options.learn ? "learned" : "given"},
                                {"migrate", run.options.migrate},
                                {"seeds", run.seeds},
                                {"alloc_100", rounded(summary.alloc_100)},
                                {"alloc_130", rounded(summary.alloc_130)},
                                {"stddev_100", rounded(summary.stddev_100)},
                                {"bound", rounded(run.bound)},
                                {"fragmented_100", rounded(summary.fragmented_100)},
                                {"first_rejection", nullptr},
                                {"rejected", rounded(summary.rejected)},
                                {"moves", rounded(summary.moves)},
                                {"decisions_per_second", run.decisions_per_second}};
  if (summary.first_rejection) object["first_rejection"] = rounded(*summary.first_rejection);
  return object;
}

Listing make_policy_listing() {
  Listing listing;
  listing.columns = {{"policy", "POLICY"},
                     {"mix", "MIX"},
                     {"seeds", "SEEDS"},
                     {"alloc_100", "AT 100 %", Align::right},
                     {"alloc_130", "AT 130 %", Align::right},
                     {"stddev_100", "DEVIATION", Align::right},
                     {"bound", "BOUND", Align::right},
                     {"fragmented_100", "FRAGMENTED", Align::right},
                     {"first_rejection", "FIRST REJECTED", Align::right},
                     {"rejected", "REJECTED", Align::right},
                     {"moves", "MOVES", Align::right},
                     {"decisions_per_second", "DECISIONS/S", Align::right}};
  return listing;
}

/// All runs of one policy; `note` is told after each.
cards::Summary run_policy(const Trace& trace, PolicyRun& run, const SeedRange& seeds,
                          const std::function<void(std::uint64_t seed)>& note) {
  std::vector<cards::RunResult> results;
  std::int64_t micros = 0;
  for (std::uint64_t seed = seeds.first;; ++seed) {
    const cards::Arrivals arrivals =
        cards::make_arrivals(trace.requests, trace.nodes.nodes, kArrivingPercent, seed);
    const cards::PolicyFactory make = [&](const cards::Knowledge& known) {
      cards::Knowledge knowledge = known;
      knowledge.seed = seed;
      return cards::make_policy(run.policy, knowledge);
    };
    const std::int64_t start = read_cpu_micros();
    results.push_back(
        cards::replay(trace.nodes.nodes, trace.requests, arrivals, make, run.options));
    micros += read_cpu_micros() - start;
    note(seed);
    if (seed == seeds.last) break;
  }
  const cards::Summary summary = cards::summarise(results);
  run.decisions_per_second = summary.decisions * 1'000'000 / std::max<std::int64_t>(micros, 1);
  return summary;
}

}  // namespace

Outcome run_bench_placement(const Invocation& invocation, const Terminal& terminal) {
  for (const char* const option : {"nodes", "pods"}) {
    if (invocation.has(option)) continue;
    return make_usage_complaint("--" + std::string(option) + " is missing.",
                                "Name a CSV file; intertie bench placement --help says which.");
  }
  const std::string seeds_text = invocation.get("seeds", "42-51");
  const core::Result<SeedRange> seeds = parse_seed_range(seeds_text);
  if (!seeds) return make_complaint(seeds.error());
  if (seeds->last - seeds->first >= kRunsMax) {
    return make_complaint(
        {core::Reason::bad_argument, "--seeds: at most " + std::to_string(kRunsMax) + " runs"});
  }
  const core::Result<Trace> trace =
      read_trace(invocation.get("nodes", ""), invocation.get("pods", ""));
  if (!trace) return make_complaint(trace.error());
  std::vector<std::string> policies = invocation.list("policy");
  if (policies.empty()) {
    for (const std::string_view name : cards::get_policy_names()) policies.emplace_back(name);
  }
  cards::ReplayOptions options;
  options.learn = invocation.has("learn");
  options.migrate = invocation.has("migrate");
  Listing listing = make_policy_listing();
  boost::json::array objects;
  Progress progress(terminal, "replaying");
  const std::uint64_t runs = seeds->last - seeds->first + 1;
  std::uint64_t done = 0;
  for (const std::string& policy : policies) {
    PolicyRun run{policy, seeds_text, options, trace->bound, 0};
    const cards::Summary summary = run_policy(*trace, run, *seeds, [&](std::uint64_t seed) {
      progress.update(++done, runs * policies.size(), policy + ", seed " + std::to_string(seed));
    });
    listing.rows.push_back(make_row(run, summary));
    objects.push_back(make_object(run, summary));
  }
  progress.finish();
  return terminal.show(listing, objects, "No policies.");
}

}  // namespace intertie::cli
