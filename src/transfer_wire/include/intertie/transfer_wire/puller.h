// Brings a dataset: several chunks at a time, from several sources, each verified, resumed wherever
// it was cut. The destination pulls; what to ask for is transfer::FetchPlan's decision.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/transfer/fetch_plan.h"
#include "intertie/transfer_wire/chunk_source.h"
#include "intertie/transfer_wire/content_store.h"

namespace intertie::transfer_wire {

struct PullOptions {
  transfer::FetchRules rules;
  /// At most this much; empty: as fast as it comes.
  std::optional<std::int64_t> bytes_per_second = {};
  /// The time of day, for the store.
  std::function<core::Time()> clock;
  /// Told now and then, on any of the threads: bytes that are here, and the dataset's size.
  std::function<void(std::uint64_t here, std::uint64_t size)> on_progress = {};
};

struct PullReport {
  DatasetInfo dataset;
  std::uint64_t bytes_received = 0;  // By this pull, repeats included.
  std::uint64_t bytes_wasted = 0;    // Of these, dropped.
  std::uint32_t cuts = 0;            // Orders that ended early.
  core::Time started;
  core::Time ended;
};

/// One pull at a time.
class Puller {
 public:
  /// `store` outlives it.
  Puller(ContentStore& store, PullOptions options);
  ~Puller();
  Puller(const Puller&) = delete;
  Puller& operator=(const Puller&) = delete;

  /// The dataset has begun (ContentStore::begin). Blocks until it is complete; uses the calling
  /// thread and up to rules.in_flight_max - 1 others. What has come stays when it fails: the next
  /// pull goes on behind it. Refuses with stopping (interrupted), bad_digest and the last error of
  /// the sources (no source is left), and what the store refuses.
  core::Result<PullReport> pull(const std::string& owner, const crypto::Digest& root,
                                const std::vector<SourceFactory>& sources);

  /// Ends the pull under way and every later one. Any thread.
  void interrupt();

 private:
  class Run;
  struct Shared;
  ContentStore& store_;
  const PullOptions options_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace intertie::transfer_wire
