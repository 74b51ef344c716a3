// intertie bench placement-scale: the card engine at any size. Decisions only: nothing is written.
#include <array>
#include <cstdio>
#include <optional>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "output/for_people.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "verbs/scale_runs.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

using placement::scale::Mix;

constexpr std::size_t kMixBytesMax = std::size_t{256} << 20;
constexpr std::int64_t kCardsMax = 100'000'000;

std::string write_number(double value) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.2f", value);
  return std::string(text.data(), static_cast<std::size_t>(size));
}

core::Result<Mix> read_mix(const Invocation& invocation) {
  namespace cards = placement::cards;
  const auto nodes_path = invocation.find("nodes");
  const auto pods_path = invocation.find("pods");
  if (!nodes_path && !pods_path) return placement::scale::make_openb_like_mix();
  if (!nodes_path || !pods_path) {
    return {core::Reason::bad_argument, "--nodes and --pods are given together or not at all"};
  }
  const core::Result<std::string> nodes_text = read_file(std::string(*nodes_path), kMixBytesMax);
  if (!nodes_text) return nodes_text.error();
  core::Result<cards::TraceNodes> nodes = cards::read_trace_nodes(*nodes_text, *nodes_path);
  if (!nodes) return nodes.error();
  const core::Result<std::string> pods_text = read_file(std::string(*pods_path), kMixBytesMax);
  if (!pods_text) return pods_text.error();
  const auto requests = cards::read_trace_requests(*pods_text, *pods_path, nodes->models);
  if (!requests) return requests.error();
  Mix mix{std::move(nodes->nodes), std::move(nodes->models), {}};
  for (const cards::TraceRequest& request : *requests) mix.requests.push_back(request.shape);
  return mix;
}

core::Result<ScaleResult> run(const Invocation& invocation, const ScaleOptions& options) {
  if (invocation.has("gangs")) return run_gangs(options);
  core::Result<Mix> mix = read_mix(invocation);
  if (!mix) return mix.error();
  if (invocation.has("types")) {
    core::Random random(options.seed);
    add_model_needs(*mix, random);
  }
  return invocation.has("churn") ? run_churn(*mix, options) : run_fill(*mix, options);
}

std::int64_t compute_rate(std::int64_t decisions, std::int64_t nanoseconds) {
  return static_cast<std::int64_t>(static_cast<double>(decisions) * 1e9 /
                                   static_cast<double>(std::max<std::int64_t>(nanoseconds, 1)));
}

boost::json::object make_object(const ScaleResult& result, bool has_types) {
  boost::json::object object = {
      {"mode", result.mode},
      {"scope", "decision only"},
      {"types", has_types},
      {"cards", result.cards},
      {"nodes", result.nodes},
      {"shapes", result.shapes},
      {"decisions", result.decisions},
      {"decisions_per_second", compute_rate(result.decisions, result.wall_nanoseconds)},
      {"decisions_per_cpu_second", compute_rate(result.decisions, result.cpu_nanoseconds)},
      {"p50_ns", result.durations.find_quantile(500)},
      {"p99_ns", result.durations.find_quantile(990)},
      {"rejected", result.rejected},
      {"allocation", result.allocation_percent},
      {"resident_bytes", result.resident_bytes}};
  if (result.first_rejection_percent >= 0) {
    object["first_rejection_allocation"] = result.first_rejection_percent;
  }
  if (result.mode != "gangs") {
    object["allocation_least"] = result.allocation_low_percent;
    object["allocation_most"] = result.allocation_high_percent;
    object["scores_computed"] = result.counters.scorer_calls;
    object["scans"] = result.counters.scans;
    return object;
  }
  boost::json::array gangs;
  for (const GangRow& row : result.gangs) {
    gangs.push_back(boost::json::object{{"policy", row.policy},
                                        {"asked", row.asked},
                                        {"refused", row.refused},
                                        {"refused_1024_cards", row.refused_large},
                                        {"allocation", row.allocation_percent},
                                        {"lost_to_384_cards", row.lost_48_percent},
                                        {"lost_to_1024_cards", row.lost_128_percent},
                                        {"lost_to_8192_cards", row.lost_1024_percent}});
  }
  object["gangs"] = std::move(gangs);
  return object;
}

std::string make_text(const ScaleResult& result) {
  const auto rate = [&result](std::int64_t nanoseconds) {
    return std::to_string(compute_rate(result.decisions, nanoseconds));
  };
  std::string text = result.mode + ": " + std::to_string(result.decisions) + " decisions on " +
                     std::to_string(result.cards) + " cards, " + rate(result.wall_nanoseconds) +
                     "/s (" + rate(result.cpu_nanoseconds) + " a CPU second), decision only\n" +
                     "p50 " + std::to_string(result.durations.find_quantile(500)) + " ns, p99 " +
                     std::to_string(result.durations.find_quantile(990)) + " ns; " +
                     std::to_string(result.rejected) + " rejected, " +
                     write_number(result.allocation_percent) + " % allocated, " +
                     short_bytes({result.resident_bytes}) + " resident\n";
  for (const GangRow& row : result.gangs) {
    text += row.policy + ": " + std::to_string(row.refused) + " of " + std::to_string(row.asked) +
            " gangs refused; " + write_number(row.allocation_percent) +
            " % allocated; of the rest lost to gangs of 384, 1024, 8192 cards: " +
            write_number(row.lost_48_percent) + ", " + write_number(row.lost_128_percent) + ", " +
            write_number(row.lost_1024_percent) + " %\n";
  }
  return text;
}

}  // namespace

Outcome run_bench_placement_scale(const Invocation& invocation, const Terminal& terminal) {
  ScaleOptions options;
  options.cards = invocation.get_count("cards", options.cards);
  options.load_percent = invocation.get_count("load", options.load_percent);
  options.decisions = invocation.get_count("decisions", options.decisions);
  options.seed = static_cast<std::uint64_t>(invocation.get_count("seed", 42));
  options.policy = invocation.get("policy", options.policy);
  options.allow_simd = !invocation.has("portable");
  if (options.cards < 1 || options.cards > kCardsMax) {
    return make_complaint({core::Reason::out_of_range, "--cards: 1 to 100000000"});
  }
  if (options.load_percent > 100) {
    return make_complaint({core::Reason::out_of_range, "--load: 0 to 100 percent"});
  }
  std::optional<ProgressThread> progress(std::in_place, terminal, "deciding", look_at_age());
  const core::Result<ScaleResult> result = run(invocation, options);
  progress.reset();
  if (!result) return make_complaint(result.error());
  return terminal.show_object(
      make_object(*result, invocation.has("types")), make_text(*result),
      std::to_string(compute_rate(result->decisions, result->wall_nanoseconds)));
}

}  // namespace intertie::cli
