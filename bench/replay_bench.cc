// Start of a hub: full replay of a log on SQLite, and start from a snapshot.
//
//   bench_replay FOLDER [HEADS] [LIVE_JOBS]
//
// Writes a log of about HEADS records (submit, place, end) into FOLDER, replays it with the chain
// checked, then times encoding and decoding a state with LIVE_JOBS waiting jobs. FOLDER must not
// exist; it is removed at the end.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "intertie/engine/replay.h"
#include "intertie/storage_sqlite/sqlite_store.h"

#include "bench_hub.h"

namespace {

using namespace intertie;

void write_log(storage::Store& store, std::uint64_t heads) {
  hub::HubMachine machine;
  bench::EventLog log(machine, true);
  core::Random random(42);
  bench::make_grid(machine, log, 300);
  while (log.events() < heads) {
    (void)machine.decide(bench::make_jobs(300, 1'000, random), log.now, log);
    while (machine.has_work(log.now)) machine.work(log.now, log);
    for (int i = 0; i < 1'000 && !machine.state().reservations.empty(); ++i) {
      const auto& reservation = machine.state().reservations.begin()->second;
      const std::uint64_t job = reservation.terms.job;
      log.emit(hub::AttemptOver{job, reservation.attempt, {}, 0, log.now, false});
      log.emit(hub::JobEnded{job, hub::JobOutcome::succeeded, {}, 0, {}});
      machine.work(log.now, log);
    }
    if (!store.append(log.batch)) std::abort();
    log.batch = {};
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_replay FOLDER [HEADS] [LIVE_JOBS]\n");
    return 3;
  }
  const std::string folder = argv[1];
  const auto heads = static_cast<std::uint64_t>(argc > 2 ? std::atol(argv[2]) : 1'000'000);
  const auto live = static_cast<std::size_t>(argc > 3 ? std::atol(argv[3]) : 100'000);
  auto store = storage_sqlite::open_sqlite_store({folder});
  if (!store) {
    std::fprintf(stderr, "%s\n", core::to_text(store.error()).c_str());
    return 1;
  }
  write_log(**store, heads);

  auto reader = (*store)->open_reader().value();
  auto start = std::chrono::steady_clock::now();
  std::size_t bytes = 0;
  const auto count = [&](const storage::HeadView& head) {
    bytes += head.head.size();
    return true;
  };
  const std::size_t read = reader->read_heads(1, SIZE_MAX, count).value();
  double took = bench::seconds_since(start);
  std::printf("read only        %zu heads of %.0f bytes, %.0f heads/s\n", read,
              double(bytes) / double(read), double(read) / took);

  hub::HubMachine replayed;
  start = std::chrono::steady_clock::now();
  const auto report = engine::replay_heads(replayed, *reader, 0);
  took = bench::seconds_since(start);
  if (!report) std::abort();
  std::printf("full replay      %llu heads, %.0f heads/s (chain checked, applied)\n",
              static_cast<unsigned long long>(report->heads), double(report->heads) / took);

  hub::HubMachine machine;
  bench::EventLog log(machine, false);
  core::Random random(42);
  bench::make_grid(machine, log, 300);
  (void)machine.decide(bench::make_jobs(300, live + 300, random), log.now, log);
  while (machine.has_work(log.now)) machine.work(log.now, log);
  start = std::chrono::steady_clock::now();
  const std::string state = machine.encode_state();
  std::printf("write snapshot   %zu live jobs, %.1f MB, %.0f ms\n", machine.state().jobs.size(),
              double(state.size()) / 1e6, bench::seconds_since(start) * 1e3);
  hub::HubMachine restored;
  start = std::chrono::steady_clock::now();
  if (!restored.decode_state(state)) std::abort();
  std::printf("read snapshot    %.0f ms\n", bench::seconds_since(start) * 1e3);
  reader.reset();
  store->reset();
  std::filesystem::remove_all(folder);
  return 0;
}
