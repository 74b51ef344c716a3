// Placement from a long queue: decisions only, and memory a waiting job.
//
//   bench_queue [JOBS] [POOLS] [SHAPES] [FOLDER] [CARD NODES]
//
// Fills POOLS pools of one core each, queues JOBS jobs of SHAPES requirement sets, then frees one
// core after another and times how long the hub takes to choose and commit the next job. No log is
// written: the figure is the decision alone (events are encoded and applied, index rows made).
// With a FOLDER, which must not exist, a second figure: the same decisions, written to SQLite and
// synced, kDecisionsPerAppend in a transaction, deciding and syncing one after the other ("-":
// not). With CARD NODES pools have so many nodes with eight cards, and jobs 0 to 8 cards.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "intertie/storage_sqlite/sqlite_store.h"

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

constexpr std::size_t kDecisionsPerAppend = 50;

// Frees a core, and the hub places the next job.
void place_one(hub::HubMachine& machine, bench::EventLog& log) {
  const auto& reservation = machine.state().reservations.begin()->second;
  const std::uint64_t job = reservation.terms.job;
  log.emit(hub::AttemptOver{job, reservation.attempt, {}, 0, log.now, false});
  log.emit(hub::JobEnded{job, hub::JobOutcome::succeeded, {}, 0, {}});
  machine.work(log.now, log);
}

void time_durable(hub::HubMachine& machine, bench::EventLog& log, const std::string& folder) {
  const auto store = storage_sqlite::open_sqlite_store({folder});
  if (!store) {
    std::fprintf(stderr, "%s\n", core::to_text(store.error()).c_str());
    std::exit(1);
  }
  // The store begins with an empty log: its first record has number 1.
  log.keep_records();
  const std::size_t rounds = std::min<std::size_t>(machine.state().queue.size(), 20'000);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t round = 0; round < rounds; ++round) {
    place_one(machine, log);
    if (round % kDecisionsPerAppend != kDecisionsPerAppend - 1) continue;
    if (!(*store)->append(log.batch)) std::abort();
    log.batch = {};
  }
  std::printf("placed durably   %zu jobs from the queue, %.0f/s, %zu in a transaction\n", rounds,
              double(rounds) / bench::seconds_since(start), kDecisionsPerAppend);
  std::filesystem::remove_all(folder);
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
  const auto card_nodes = static_cast<std::uint32_t>(argument(5, 0));
  bench::make_grid(machine, log, pools, card_nodes);

  const long before_kib = read_resident_kib();
  auto start = std::chrono::steady_clock::now();
  double deciding = 0;
  for (std::size_t left = jobs; left > 0;) {
    const std::size_t part = std::min<std::size_t>(left, 10'000);
    const hub::SubmitJobs command = bench::make_jobs(shapes, part, random, card_nodes > 0);
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
  for (std::size_t round = 0; round < rounds; ++round) place_one(machine, log);
  const double took = bench::seconds_since(start);
  std::printf("placed           %zu jobs from the queue, %.0f decisions/s, %.1f events each\n",
              rounds, double(rounds) / took, double(log.events() - events_before) / double(rounds));
  std::printf("mean head        %.0f bytes\n", double(log.head_bytes) / double(log.events()));
  if (argc > 4 && std::string_view(argv[4]) != "-") time_durable(machine, log, argv[4]);
  return 0;
}
