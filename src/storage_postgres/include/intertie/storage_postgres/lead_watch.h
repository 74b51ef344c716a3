// What a process that does not lead knows of the one that does, and when the lead is free.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/storage_postgres/postgres_store.h"

namespace intertie::storage_postgres {

/// A leader that has not shown a beat for so long is taken for dead: its session is ended.
inline constexpr core::Duration leader_silence_max = core::seconds(4);

struct LeaderFacts {
  std::int64_t epoch = 0;   // 0: nobody ever led.
  std::string address;      // Empty: it does not answer yet.
  bool has_leader = false;  // Somebody holds the lock.
};

/// One thread. Its connection is made anew after it was lost.
class LeadWatch {
 public:
  explicit LeadWatch(PostgresOptions options);
  ~LeadWatch();
  LeadWatch(const LeadWatch&) = delete;
  LeadWatch& operator=(const LeadWatch&) = delete;

  /// Looks once; a round trip. A leader is silent if no look since leader_silence_max has seen a
  /// new beat and each of them was answered: then its session is ended, and with it the lock. The
  /// errors of open_postgres_view.
  core::Result<LeaderFacts> look();

  /// Waits for the log to grow, or for `wait`; whether it grew. store_unavailable.
  core::Result<bool> wait_for_log(core::Duration wait);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace intertie::storage_postgres
