// A hub without service around it, for benchmarks: made-up sites and jobs, events kept or dropped.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/random.h"
#include "intertie/hub/machine.h"
#include "intertie/hub/submission.h"
#include "intertie/storage/store.h"

namespace intertie::bench {

/// Applies events at once; keeps their records for a store if asked to.
class EventLog final : public engine::EventSink<hub::Event> {
 public:
  EventLog(hub::HubMachine& machine, bool keeps_records)
      : machine_(machine), keeps_records_(keeps_records) {}

  storage::LogIndex emit(hub::Event event, std::string body = {}) override {
    const engine::RecordPlace place{next_++, now};
    engine::EncodedEvent encoded = hub::HubMachine::encode(event);
    head_bytes += encoded.head.size();
    if (!keeps_records_) batch.writes.clear();
    machine_.index(event, place, batch.writes);
    machine_.apply(event, place);
    if (keeps_records_) {
      batch.records.push_back({place.index, place.time, encoded.kind, encoded.version,
                               std::move(encoded.head), std::move(body)});
    }
    return place.index;
  }
  storage::LogIndex events() const { return next_ - 1; }

  /// From now on records are kept, numbered from 1: for a store that is still empty.
  void keep_records() {
    keeps_records_ = true;
    batch = {};
    next_ = 1;
  }

  core::Time now{1'800'000'000'000'000};
  std::size_t head_bytes = 0;
  storage::Batch batch;

 private:
  hub::HubMachine& machine_;
  bool keeps_records_;
  storage::LogIndex next_ = 1;
};

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A hub with one rich user and one site with `pools` pools of one core; with `card_nodes`, of so
/// many nodes with eight cards and 64 cores.
inline void make_grid(hub::HubMachine& machine, EventLog& log, std::uint32_t pools,
                      std::uint32_t card_nodes = 0) {
  machine.start(log.now);
  (void)machine.decide(hub::CreateHub{}, log.now, log);
  (void)machine.decide(hub::CreatePrincipal{"ada", hub::Role::user, 1LL << 40, {}}, log.now, log);
  (void)machine.decide(hub::CreatePrincipal{"plant", hub::Role::provider, 0, {}}, log.now, log);
  (void)machine.decide(hub::Deposit{{1, 1}, "ada", core::Money{1LL << 60}}, log.now, log);
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
    if (card_nodes > 0) {
      pool.cpus_per_node = core::MilliCpus{64'000};
      pool.memory_per_node = core::Bytes{1LL << 40};
      pool.devices_per_node = {{"gpu", "", 8, {}}};
      pool.nodes.assign(card_nodes, {"n", true});
    }
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

/// `count` jobs, each of one of `shapes` requirement sets; `with_cards`: of 0, 1, 2, 4 or 8 cards.
inline hub::SubmitJobs make_jobs(std::uint32_t shapes, std::size_t count, core::Random& random,
                                 bool with_cards = false) {
  hub::SubmitJobs command;
  for (std::size_t i = 0; i < count; ++i) {
    hub::JobDocument document;
    document.run = {"true"};
    const std::uint64_t shape = random.below(shapes);
    document.need.memory = core::Bytes{(64 + static_cast<std::int64_t>(shape)) << 20};
    if (with_cards) {
      constexpr std::uint32_t kCards[] = {0, 1, 1, 1, 2, 2, 4, 8};
      const std::uint32_t cards = kCards[shape % 8];
      const auto cores = static_cast<std::int64_t>(1 + shape / 8 % 8);
      document.need.cpus = core::MilliCpus{1000 * cores * std::max<std::int64_t>(cards, 1)};
      if (cards > 0) document.need.devices = hub::DeviceNeed{"gpu", "", cards};
    }
    document.timeout = core::minutes(10);
    command.jobs.push_back(hub::prepare_submission(document, std::nullopt).value());
  }
  return command;
}

}  // namespace intertie::bench
