// Placement from a long queue: decisions only, and memory a waiting job.
//
//   bench_queue [JOBS] [POOLS] [SHAPES]
//
// Fills POOLS pools of one core each, queues JOBS jobs of SHAPES requirement sets, then frees one
// core after another and times how long the hub takes to choose and commit the next job. No log is
// written: the figure is the decision alone (events are encoded and applied, index rows made).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "intertie/core/random.h"
#include "intertie/hub/machine.h"
#include "intertie/hub/submission.h"

namespace {

using namespace intertie;

long read_resident_kib() {
  std::ifstream file("/proc/self/statm");
  long size = 0;
  long resident = 0;
  file >> size >> resident;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

// Applies events at once and forgets them.
class NullLog final : public engine::EventSink<hub::Event> {
 public:
  explicit NullLog(hub::HubMachine& machine) : machine_(machine) {}
  storage::LogIndex emit(hub::Event event, std::string = {}) override {
    const engine::RecordPlace place{next_++, now};
    bytes += hub::HubMachine::encode(event).head.size();
    writes_.clear();
    machine_.index(event, place, writes_);
    machine_.apply(event, place);
    return place.index;
  }
  storage::LogIndex events() const { return next_ - 1; }

  core::Time now{1'800'000'000'000'000};
  std::size_t bytes = 0;

 private:
  hub::HubMachine& machine_;
  std::vector<storage::IndexWrite> writes_;
  storage::LogIndex next_ = 1;
};

void add_pools(NullLog& log, std::uint32_t pools) {
  hub::SiteRegistered site;
  site.site.name = "site";
  site.site.operator_account = "plant";
  log.emit(site);
  for (std::uint32_t handle = 0; handle < pools; ++handle) {
    hub::PoolOffered offered;
    topology::Pool& pool = offered.pool;
    pool.handle = {handle};
    pool.name = "p" + std::to_string(handle);
    pool.region = "22";
    pool.cpus_per_node = core::MilliCpus{1000};
    pool.memory_per_node = core::Bytes{4LL << 30};
    pool.nodes = {{"n0", true}};
    pool.isolation = topology::Isolation::namespace_;
    pool.price.per_cpu_hour = core::Money{100'000 + 10 * std::int64_t{handle}};
    log.emit(offered);
    topology::Capability capability;
    capability.rates_per_cpu = {{core::Precision::fp64, 1'000'000'000}};
    capability.measured_at = log.now;
    capability.expires = log.now + core::hours(1000);
    log.emit(hub::MeasurementAccepted{handle, capability});
  }
}

hub::SubmitJobs make_jobs(std::uint32_t shapes, std::size_t count, core::Random& random) {
  hub::SubmitJobs command;
  for (std::size_t i = 0; i < count; ++i) {
    hub::JobDocument document;
    document.run = {"true"};
    const auto shape = static_cast<std::int64_t>(random.below(shapes));
    document.need.memory = core::Bytes{(64 + shape) << 20};
    document.timeout = core::minutes(10);
    command.jobs.push_back(hub::prepare_submission(document, std::nullopt).value());
  }
  return command;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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
  NullLog log(machine);
  core::Random random(42);
  machine.start(log.now);
  (void)machine.decide(hub::CreateHub{}, log.now, log);
  (void)machine.decide(hub::CreatePrincipal{"ada", hub::Role::user, 1LL << 40, {}}, log.now, log);
  (void)machine.decide(hub::CreatePrincipal{"plant", hub::Role::provider, 0, {}}, log.now, log);
  (void)machine.decide(hub::Deposit{{1, 1}, "ada", core::Money{1LL << 60}}, log.now, log);
  add_pools(log, pools);

  const long before_kib = read_resident_kib();
  auto start = std::chrono::steady_clock::now();
  double deciding = 0;
  for (std::size_t left = jobs; left > 0;) {
    const std::size_t part = std::min<std::size_t>(left, 10'000);
    const hub::SubmitJobs command = make_jobs(shapes, part, random);
    start = std::chrono::steady_clock::now();
    (void)machine.decide(command, log.now, log);
    while (machine.has_work(log.now)) machine.work(log.now, log);
    deciding += seconds_since(start);
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
  const double took = seconds_since(start);
  std::printf("placed           %zu jobs from the queue, %.0f decisions/s, %.1f events each\n",
              rounds, double(rounds) / took,
              double(log.events() - events_before) / double(rounds));
  std::printf("mean head        %.0f bytes\n", double(log.bytes) / double(log.events()));
  return 0;
}
