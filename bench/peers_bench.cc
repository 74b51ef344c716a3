// Reservations between two hubs, each with its own log on SQLite.
//
//   bench_peers FOLDER [JOBS] [JOBS_PER_EXCHANGE]
//
// Home has the jobs, owner has the cards. Every exchange is what the channel does: home asks for
// JOBS_PER_EXCHANGE jobs, owner reserves, home commits, owner starts. Each of the four steps is
// synced before its rows go out, all on one thread: two machines would overlap them. The network
// is left out. FOLDER must not exist; it is removed at the end.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

#include "intertie/storage_sqlite/sqlite_store.h"

#include "bench_hub.h"

namespace {

using namespace intertie;

class DurableHub {
 public:
  DurableHub(const std::string& folder, const std::string& region) : log_(machine_, true) {
    auto store = storage_sqlite::open_sqlite_store({folder});
    if (!store) {
      std::fprintf(stderr, "%s\n", core::to_text(store.error()).c_str());
      std::exit(1);
    }
    store_ = std::move(*store);
    reader_ = store_->open_reader().value();
    machine_.start(log_.now);
    hub::CreateHub create;
    create.facts.id = "hub " + region;
    create.facts.region = region;
    must(std::move(create));
  }

  hub::Reply must(hub::Command command) {
    auto reply = machine_.decide(std::move(command), log_.now, log_);
    if (!reply) {
      std::fprintf(stderr, "%s\n", core::to_text(reply.error()).c_str());
      std::exit(1);
    }
    while (machine_.has_work(log_.now)) machine_.work(log_.now, log_);
    return std::move(*reply);
  }

  void sync() {
    if (log_.batch.records.empty()) return;
    if (!store_->append(log_.batch)) std::abort();
    log_.batch = {};
  }

  void introduce(const DurableHub& other) {
    hub::AddPeer add;
    add.peer.id = other.machine_.state().facts.id;
    add.peer.region = other.machine_.state().facts.region;
    add.credit_max = core::Money{1LL << 55};
    must(std::move(add));
    engine::ChannelHello hello;
    hello.incarnation = "log of " + other.machine_.state().facts.id;
    hello.sent_hash = crypto::to_text(crypto::Digest{});
    hello.received_hash = hello.sent_hash;
    must(hub::OpenPeerChannel{0, hello});
  }

  // All rows to the other hub, which takes them in one command.
  void deliver(DurableHub& other) {
    sync();
    hub::AcceptPeerRows rows;
    rows.incarnation = "log of " + machine_.state().facts.id;
    const engine::Outbox& outbox = machine_.state().peers[0].outbox;
    for (const engine::ChannelRow* row : outbox.find_rows(outbox.acknowledged(), log_.events(),
                                                          core::limits::rows_per_request_max)) {
      if (rows.payloads.empty()) rows.first = row->number;
      rows.payloads.push_back(row->payload);
      rows.attachments.push_back(row->attachment == 0 ? std::string()
                                                      : reader_->read_body(row->attachment)->bytes);
    }
    if (rows.payloads.empty()) return;
    const auto accepted = std::get<hub::RowsAccepted>(other.must(std::move(rows)));
    other.sync();
    must(hub::AcknowledgePeerRows{0, accepted.received});
  }

  hub::HubMachine& machine() { return machine_; }
  bench::EventLog& log() { return log_; }

 private:
  hub::HubMachine machine_;
  bench::EventLog log_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Reader> reader_;
};

void offer_pool(DurableHub& owner) {
  owner.must(hub::CreatePrincipal{"plant", hub::Role::provider, 0, {}});
  bench::EventLog& log = owner.log();
  hub::SiteRegistered site;
  site.site.name = "site";
  site.site.operator_account = "plant";
  log.emit(site);
  hub::PoolOffered offered;
  topology::Pool& pool = offered.pool;
  pool.name = "nodes";
  pool.identifier = "pool";
  pool.region = "42";
  pool.cpus_per_node = core::MilliCpus{64'000};
  pool.memory_per_node = core::Bytes{64LL << 30};
  for (int node = 0; node < 1'000; ++node) pool.nodes.push_back({"n" + std::to_string(node), true});
  pool.isolation = topology::Isolation::namespace_;
  pool.price.per_cpu_hour = core::Money{100'000};
  log.emit(offered);
  topology::Capability capability;
  capability.rates_per_cpu = {{core::Precision::fp64, 1'000'000'000}};
  capability.measured_at = log.now;
  capability.expires = log.now + core::hours(1000);
  log.emit(hub::MeasurementAccepted{0, capability});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: bench_peers FOLDER [JOBS] [JOBS_PER_EXCHANGE]\n");
    return 3;
  }
  const std::string folder = argv[1];
  const auto jobs = static_cast<std::size_t>(argc > 2 ? std::atol(argv[2]) : 20'000);
  const auto part = static_cast<std::size_t>(argc > 3 ? std::atol(argv[3]) : 100);
  std::filesystem::create_directory(folder);
  DurableHub home(folder + "/home", "22");
  DurableHub owner(folder + "/owner", "42");
  home.introduce(owner);
  owner.introduce(home);
  offer_pool(owner);
  home.must(hub::CreatePrincipal{"ada", hub::Role::user, 1LL << 40, {}});
  home.must(hub::Deposit{{1, 1}, "ada", core::Money{1LL << 60}});
  const auto beacon = std::get<hub::Beacon>(owner.must(hub::MakeBeacon{0, true, true}));
  home.must(hub::AcceptBeacon{0, beacon});
  home.sync();
  owner.sync();

  core::Random random(42);
  double took = 0;
  for (std::size_t done = 0; done < jobs; done += part) {
    hub::SubmitJobs command = bench::make_jobs(1, part, random);
    const auto start = std::chrono::steady_clock::now();
    home.must(std::move(command));
    home.deliver(owner);  // ReserveRequest
    owner.deliver(home);  // ReserveGranted
    home.deliver(owner);  // Commit
    took += bench::seconds_since(start);
  }
  std::size_t running = 0;
  for (const auto& [number, job] : owner.machine().state().jobs) running += job.attempt != 0;
  std::printf("reserved and committed  %zu of %zu jobs, %.0f/s durable at both, %zu an exchange\n",
              running, jobs, double(running) / took, part);
  std::filesystem::remove_all(folder);
  return running == jobs ? 0 : 1;
}
