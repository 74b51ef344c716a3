// How a leader shows that it lives, on a connection and a thread of its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "intertie/storage_postgres/postgres_store.h"

namespace intertie::storage_postgres {

/// A leader writes a beat so often; it says nothing about the writing connection, which may stand
/// at a slow disk for long.
inline constexpr core::Duration beat_interval = core::milliseconds(500);

/// Beats for one epoch until it is destroyed or deposed. Lost connections are made anew.
class Heart {
 public:
  Heart(const PostgresOptions& options, std::int64_t epoch);
  ~Heart();
  Heart(const Heart&) = delete;
  Heart& operator=(const Heart&) = delete;

  /// Where the leader answers; written with the next beat, and again until it is taken.
  void announce(const std::string& address);

  /// The epoch is over: tells on_deposed, once.
  void depose();
  bool is_deposed() const { return is_deposed_.load(); }

 private:
  void run();

  const PostgresOptions options_;
  const std::int64_t epoch_;
  std::atomic<bool> is_deposed_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string address_;
  bool is_stopping_ = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace intertie::storage_postgres
