// Callbacks at a later time, on one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "intertie/core/quantity.h"

namespace intertie::service {

/// Counts on the steady clock. Any thread. Sleeps without a wake-up while nothing is due.
class Deadlines {
 public:
  using Id = std::uint64_t;

  Deadlines();
  /// stop().
  ~Deadlines();
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// Calls back once, `after` from now (at once if it is not positive), on the thread of this
  /// object; the callback must not wait.
  Id add(core::Duration after, std::function<void()> callback);

  /// Forgets it. It may be under way at this moment.
  void cancel(Id id);

  /// Ends the thread; what is not yet due is never called. Idempotent.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Key = std::pair<Clock::time_point, Id>;
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, std::function<void()>> pending_;
  std::map<Id, Clock::time_point> times_;
  Id next_ = 1;
  bool is_stopping_ = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace intertie::service
