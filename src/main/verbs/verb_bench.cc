// intertie bench: load for a hub, and latencies as its users see them.
#include <algorithm>
#include <atomic>
#include <ctime>
#include <functional>
#include <map>
#include <optional>
#include <thread>

#include <boost/json/object.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kConnectionsMax = 1'000;
constexpr core::Duration kBoundTime = core::seconds(2);

std::int64_t read_steady_micros() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
}

/// What one connection has seen, or all of them together.
struct Tally {
  std::vector<std::int64_t> latencies;           // Microseconds, of calls that were answered.
  std::int64_t jobs = 0;                         // Acknowledged.
  std::int64_t failures = 0;                     // Calls without a useful answer.
  std::map<std::string, std::int64_t> refusals;  // Jobs by reason.
  std::optional<core::Error> first_error;
  std::int64_t bound_per_second = 0;  // Calls that decide and write nothing; 0: not measured.

  void note_failure(const core::Error& error) {
    ++failures;
    if (!first_error) first_error = error;
  }

  void note_bulk(const api::BulkView& view) {
    for (const api::BulkItem& item : view.jobs) {
      if (!item.problem) {
        ++jobs;
        continue;
      }
      ++refusals[item.problem->code];
      if (!first_error) {
        const core::Reason reason =
            core::find_reason(item.problem->code).value_or(core::Reason::internal);
        first_error = core::Error{reason, item.problem->detail};
      }
    }
  }

  void add(const Tally& other) {
    latencies.insert(latencies.end(), other.latencies.begin(), other.latencies.end());
    jobs += other.jobs;
    failures += other.failures;
    for (const auto& [code, count] : other.refusals) refusals[code] += count;
    if (!first_error) first_error = other.first_error;
  }
};

std::int64_t get_percentile(const std::vector<std::int64_t>& sorted, std::int64_t permille) {
  if (sorted.empty()) return 0;
  const auto place = (static_cast<std::int64_t>(sorted.size()) - 1) * permille / 1'000;
  return sorted[static_cast<std::size_t>(place)];
}

Outcome report(Tally& tally, std::int64_t elapsed, std::string_view what,
               const Terminal& terminal) {
  std::sort(tally.latencies.begin(), tally.latencies.end());
  const auto calls = static_cast<std::int64_t>(tally.latencies.size());
  const std::int64_t millis = std::max<std::int64_t>(elapsed / 1'000, 1);
  const std::int64_t jobs_per_second = tally.jobs * 1'000 / millis;
  const auto at = [&tally](std::int64_t permille) {
    return get_percentile(tally.latencies, permille);
  };
  boost::json::object refusals;
  std::string refused;
  for (const auto& [code, count] : tally.refusals) {
    refusals[code] = count;
    refused += "refused: " + std::to_string(count) + " jobs, " + code + "\n";
  }
  const boost::json::object object = {
      {"what", what},
      {"calls", calls},
      {"failures", tally.failures},
      {"jobs", tally.jobs},
      {"refusals", refusals},
      {"elapsed_microseconds", elapsed},
      {"jobs_per_second", jobs_per_second},
      {"calls_per_second", calls * 1'000 / millis},
      {"latency_microseconds",
       {{"p50", at(500)}, {"p90", at(900)}, {"p99", at(990)}, {"max", at(1'000)}}},
      {"bound_calls_per_second", tally.bound_per_second}};
  const auto text_of = [](std::int64_t micros) { return short_duration({micros}); };
  std::string text = std::string(what) + ": " + std::to_string(tally.jobs) + " jobs in " +
                     text_of(elapsed) + ", " + per_second_text(tally.jobs, {elapsed}) + "\n" +
                     refused;
  text += "latency of a call: p50 " + text_of(at(500)) + ", p90 " + text_of(at(900)) + ", p99 " +
          text_of(at(990)) + ", most " + text_of(at(1'000)) + "\n";
  if (tally.bound_per_second > 0) {
    text += "the same connections, where the hub decides and writes nothing (GET /livez): " +
            std::to_string(tally.bound_per_second) + " calls/s\n";
  }
  terminal.show_object(object, text, std::to_string(jobs_per_second));
  if (tally.failures == 0 && tally.refusals.empty()) return kDone;
  if (tally.failures > 0) {
    terminal.say(std::to_string(tally.failures) + " calls failed, the first: ");
  }
  return make_complaint(tally.first_error.value_or(core::Error{}));
}

/// Runs `work` on `count` threads with a session each and adds up their tallies; how long it took.
core::Result<std::int64_t> run_connections(const Invocation& invocation, const Terminal& terminal,
                                           std::int64_t count,
                                           const std::function<Tally(HubSession&)>& work,
                                           Tally& sum) {
  std::vector<HubSession> sessions;
  for (std::int64_t i = 0; i < count; ++i) {
    core::Result<HubSession> session = HubSession::open(invocation, terminal);
    if (!session) return session.error();
    // Connects now, so that handshakes are not measured.
    const core::Result<api::HubView> hub = session->client().get_hub();
    if (!hub) return hub.error();
    sessions.push_back(*std::move(session));
  }
  const std::int64_t start = read_steady_micros();
  std::vector<std::thread> threads;
  threads.reserve(sessions.size());
  std::vector<Tally> tallies(sessions.size());
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    threads.emplace_back([&, i] { tallies[i] = work(sessions[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  const std::int64_t elapsed = read_steady_micros() - start;
  for (const Tally& tally : tallies) sum.add(tally);
  return elapsed;
}

/// What hub and client carry at the most on so many connections: calls a second that decide and
/// write nothing.
core::Result<std::int64_t> measure_bound(const Invocation& invocation, const Terminal& terminal,
                                         std::int64_t connections) {
  const std::int64_t deadline = read_steady_micros() + kBoundTime.count;
  Tally sum;
  const core::Result<std::int64_t> elapsed = run_connections(
      invocation, terminal, connections,
      [deadline](HubSession& session) {
        Tally tally;
        while (read_steady_micros() < deadline) {
          if (const auto live = session.client().get_live(); !live) {
            tally.note_failure(live.error());
            break;
          }
          ++tally.jobs;
        }
        return tally;
      },
      sum);
  if (!elapsed) return elapsed;
  if (sum.first_error) return *sum.first_error;
  return sum.jobs * 1'000 / std::max<std::int64_t>(*elapsed / 1'000, 1);
}

hub::JobDocument make_bench_job(std::int64_t bytes) {
  hub::JobDocument document;
  document.name = "bench";
  document.run = {"true"};
  const auto size = static_cast<std::int64_t>(codec::to_json(document).size());
  if (bytes > size)
    document.env["PADDING"] = std::string(static_cast<std::size_t>(bytes - size), 'x');
  return document;
}

}  // namespace

Outcome run_bench_submit(const Invocation& invocation, const Terminal& terminal) {
  const std::int64_t connections =
      std::clamp<std::int64_t>(invocation.get_count("connections", 8), 1, kConnectionsMax);
  const std::int64_t bulk =
      std::clamp<std::int64_t>(invocation.get_count("bulk", 1), 1, core::limits::jobs_per_bulk_max);
  const core::Duration duration = *core::parse_duration(invocation.get("duration", "10s"));
  const hub::JobDocument document = make_bench_job(invocation.get_count("bytes", 300));
  const api::BulkRequest request{
      std::vector<hub::JobDocument>(static_cast<std::size_t>(bulk), document)};
  const core::Result<std::int64_t> bound = measure_bound(invocation, terminal, connections);
  if (!bound) return make_complaint(bound.error());
  const std::int64_t deadline = read_steady_micros() + duration.count;
  std::atomic<std::int64_t> acknowledged = 0;
  std::optional<ProgressThread> progress(std::in_place, terminal, "submitting", [&] {
    const std::int64_t left = std::max<std::int64_t>(deadline - read_steady_micros(), 0);
    return WorkSeen{static_cast<std::uint64_t>(duration.count - std::min(left, duration.count)),
                    static_cast<std::uint64_t>(duration.count),
                    std::to_string(acknowledged.load()) + " jobs", false};
  });
  const auto work = [&](HubSession& session) {
    Tally tally;
    for (std::int64_t now = read_steady_micros(); now < deadline;) {
      std::optional<core::Error> failed;
      if (bulk == 1) {
        const core::Result<api::JobView> job = session.client().submit_job(document);
        if (job) ++tally.jobs;
        if (!job) failed = job.error();
      } else {
        const core::Result<api::BulkView> view = session.client().submit_bulk(request);
        if (view) tally.note_bulk(*view);
        if (!view) failed = view.error();
      }
      const std::int64_t after = read_steady_micros();
      if (failed) {
        tally.note_failure(*failed);
      } else {
        tally.latencies.push_back(after - now);
        acknowledged += bulk;
      }
      now = after;
    }
    return tally;
  };
  Tally sum;
  sum.bound_per_second = *bound;
  const core::Result<std::int64_t> elapsed =
      run_connections(invocation, terminal, connections, work, sum);
  progress.reset();
  if (!elapsed) return make_complaint(elapsed.error());
  return report(sum, *elapsed, bulk == 1 ? "single submissions" : "bulk submissions", terminal);
}

Outcome run_bench_run(const Invocation& invocation, const Terminal& terminal) {
  const std::int64_t connections =
      std::clamp<std::int64_t>(invocation.get_count("connections", 2), 1, kConnectionsMax);
  const std::int64_t jobs = std::max<std::int64_t>(invocation.get_count("jobs", 100), 1);
  hub::JobDocument document = make_bench_job(0);
  document.need.cpus = core::MilliCpus{100};
  document.need.memory = core::Bytes{16 << 20};
  if (invocation.get("isolation", "") == "process") {
    document.need.isolation = topology::Isolation::process;
  }
  std::atomic<std::int64_t> next = 0;
  std::atomic<std::int64_t> ended = 0;
  std::optional<ProgressThread> progress(std::in_place, terminal, "running", [&] {
    return WorkSeen{static_cast<std::uint64_t>(ended.load()), static_cast<std::uint64_t>(jobs),
                    std::to_string(ended.load()) + " of " + std::to_string(jobs) + " jobs", false};
  });
  const auto work = [&](HubSession& session) {
    Tally tally;
    for (; next++ < jobs; ++ended) {
      const std::int64_t start = read_steady_micros();
      core::Result<api::JobView> job = session.client().submit_job(document);
      if (job) job = session.client().wait_for_job(job->number);
      if (job && job->outcome == hub::JobOutcome::succeeded) {
        ++tally.jobs;
        tally.latencies.push_back(read_steady_micros() - start);
        continue;
      }
      tally.note_failure(
          job ? core::Error{core::Reason::internal,
                            "job " + std::to_string(job->number) + " did not succeed"}
              : job.error());
    }
    return tally;
  };
  Tally sum;
  const core::Result<std::int64_t> elapsed =
      run_connections(invocation, terminal, connections, work, sum);
  progress.reset();
  if (!elapsed) return make_complaint(elapsed.error());
  return report(sum, *elapsed, "jobs end to end", terminal);
}

}  // namespace intertie::cli
