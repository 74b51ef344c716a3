// Placement from a long queue: decisions only, and memory a waiting job.
//
//   bench_queue [JOBS] [POOLS] [SHAPES]
//
// Fills POOLS pools of one core each, queues JOBS jobs of SHAPES requirement sets, then frees one
// core after another and times how long the hub takes to choose and commit the next job. No log is
// written: the figure is the decision alone (events are encoded and applied, index rows made).
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "bench_hub.h"

namespace {

using namespace intertie;

long read_resident_kib() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int position, long fallback) {
    return argc > position ? std::atol(argv[position]) : fallback;
  };
  const auto jobs = static_cast<std::size_t>(argument(1, 1'000'000));
  const auto pools = static_cast<std::uint32_t>(argument(2, 300));
  const auto shapes = static_cast<std::uint32_t>(argument(3, 300));
  hub::HubMachine machine;
  bench::EventLog log(machine, false);
  core::Random random(42);
  bench::make_grid(machine, log, pools);

  const long before_kib = read_resident_kib();
  auto start = std::chrono::steady_clock::now();
  double deciding = 0;
  for (std::size_t left = jobs; left > 0;) {
    const std::size_t part = std::min<std::size_t>(left, 10'000);
    const hub::SubmitJobs command = bench::make_jobs(shapes, part, random);
    start = std::chrono::steady_clock::now();
    (void)machine.decide(command, log.now, log);
    while (machine.has_work(log.now)) machine.work(log.now, log);
    deciding += bench::seconds_since(start);
    left -= part;
  }
  const std::size_t waiting = machine.state().queue.size();
  std::printf("submitted        %zu jobs, %.0f decisions/s\n", jobs, double(jobs) / deciding);
  std::printf("waiting          %zu jobs, %.0f bytes each\n", waiting,
              double(read_resident_kib() - before_kib) * 1024 / double(waiting));

  const std::size_t rounds = std::min<std::size_t>(waiting, 20'000);
  const auto events_before = log.events();
  start = std::chrono::steady_clock::now();
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto& reservation = machine.state().reservations.begin()->second;
    const std::uint64_t job = reservation.terms.job;
    log.emit(hub::AttemptOver{job, reservation.attempt, {}, 0, log.now, false});
    log.emit(hub::JobEnded{job, hub::JobOutcome::succeeded, {}, 0, {}});
    machine.work(log.now, log);
  }
  const double took = bench::seconds_since(start);
  std::printf("placed           %zu jobs from the queue, %.0f decisions/s, %.1f events each\n",
              rounds, double(rounds) / took, double(log.events() - events_before) / double(rounds));
  std::printf("mean head        %.0f bytes\n", double(log.head_bytes) / double(log.events()));
  return 0;
}
