#include "load.h"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cassert>
#include <cmath>
#include <string>
#include <system_error>
#include <thread>

namespace intertie::measurement_probes {

namespace {

/// What one thread did in one repeat. Times in nanoseconds.
struct Lap {
  std::int64_t count = 0;
  std::int64_t cpu = 0;
  std::int64_t started = 0;
  std::int64_t ended = 0;
};

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

Lap run_lap(Load& load, int thread, std::int64_t length) {
  Lap lap;
  const std::int64_t cpu_before = read_clock(CLOCK_THREAD_CPUTIME_ID);
  lap.started = read_clock(CLOCK_MONOTONIC);
  do {
    lap.count += load.run_chunk(thread);
    lap.ended = read_clock(CLOCK_MONOTONIC);
  } while (lap.ended - lap.started < length);
  lap.cpu = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
  return lap;
}

measurement::Figure summarise(const std::vector<std::vector<Lap>>& laps, const LoadPlan& plan) {
  std::vector<std::int64_t> per_cpu_second;
  std::vector<std::int64_t> wall_clock;
  std::int64_t cpu_all = 0;
  std::int64_t wall_all = 0;
  for (std::size_t repeat = 1; repeat < laps.front().size(); ++repeat) {
    Lap sum{0, 0, INT64_MAX, 0};
    for (const std::vector<Lap>& of_thread : laps) {
      const Lap& lap = of_thread[repeat];
      sum.count += lap.count;
      sum.cpu += lap.cpu;
      sum.started = std::min(sum.started, lap.started);
      sum.ended = std::max(sum.ended, lap.ended);
      wall_all += lap.ended - lap.started;
    }
    cpu_all += sum.cpu;
    per_cpu_second.push_back(compute_rate(sum.count, sum.cpu));
    wall_clock.push_back(compute_rate(sum.count, sum.ended - sum.started));
  }
  measurement::Figure figure;
  figure.threads = plan.threads;
  figure.repeats = plan.repeats;
  figure.per_cpu_second = compute_spread(per_cpu_second);
  figure.wall_clock = compute_spread(wall_clock);
  figure.cpu_per_wall_permille =
      wall_all > 0 ? std::min<std::int64_t>(cpu_all * 1000 / wall_all, 1000) : 0;
  figure.contended = figure.cpu_per_wall_permille < measurement::contended_below_permille;
  return figure;
}

}  // namespace

measurement::Spread compute_spread(std::vector<std::int64_t> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  return {values[(values.size() - 1) / 2], values.front(), values.back()};
}

std::int64_t compute_rate(std::int64_t count, std::int64_t nanoseconds) {
  if (nanoseconds <= 0) return 0;
  const double rate = static_cast<double>(count) * 1e9 / static_cast<double>(nanoseconds);
  return rate < 9e18 ? std::llround(rate) : INT64_MAX;
}

core::Result<measurement::Figure> measure_load(Load& load, const LoadPlan& plan) {
  assert(plan.threads > 0 && plan.repeats > 0);
  const auto threads = static_cast<std::size_t>(plan.threads);
  const std::int64_t length = plan.length.count * 1000;
  std::vector<std::vector<Lap>> laps(threads);
  std::vector<char> correct(threads, 0);
  for (std::vector<Lap>& own : laps) own.reserve(static_cast<std::size_t>(plan.repeats) + 1);
  std::barrier start_line(plan.threads);
  std::atomic<bool> is_cancelled = false;
  const auto run = [&](int thread) {
    load.prepare(thread);
    for (int repeat = 0; repeat <= plan.repeats; ++repeat) {
      start_line.arrive_and_wait();
      if (is_cancelled) return;
      // The first lap warms caches and clock rate; half a length is enough.
      const std::int64_t lap_length = repeat == 0 ? length / 2 : length;
      laps[static_cast<std::size_t>(thread)].push_back(run_lap(load, thread, lap_length));
    }
    correct[static_cast<std::size_t>(thread)] = load.is_correct(thread) ? 1 : 0;
  };
  std::vector<std::thread> others;
  others.reserve(threads - 1);
  try {
    for (int thread = 1; thread < plan.threads; ++thread) others.emplace_back(run, thread);
  } catch (const std::system_error& error) {
    // Let those that did start pass the line, for the missing ones and this one.
    is_cancelled = true;
    for (std::size_t missing = others.size(); missing < threads; ++missing) {
      start_line.arrive_and_drop();
    }
    for (std::thread& other : others) other.join();
    return {core::Reason::not_supported, std::string("measurement: threads: ") + error.what()};
  }
  run(0);
  for (std::thread& other : others) other.join();
  if (std::find(correct.begin(), correct.end(), 0) != correct.end()) {
    return {core::Reason::internal, "measurement: a kernel computed a wrong result"};
  }
  return summarise(laps, plan);
}

}  // namespace intertie::measurement_probes
