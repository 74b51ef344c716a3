// Who waits for the log to grow.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "intertie/storage/record.h"

#include "deadlines.h"
#include "worker_pool.h"

namespace intertie::service {

/// Each watch ends once: when there is news, or when all stop. What grows within a moment is one
/// piece of news. Callbacks run on a worker and may read the log. Any thread.
class LogWatchers {
 public:
  /// Both outlive this object.
  LogWatchers(Deadlines& deadlines, WorkerPool& workers)
      : deadlines_(deadlines), workers_(workers) {}

  /// Called back soon after the log has durable records beyond `after`.
  void watch(storage::LogIndex after, std::function<void()> wake);

  /// The log is durable up to here. O(1), without waking anybody unless somebody waits.
  void notify(storage::LogIndex durable);

  /// Forgets all watches, and every later one at once.
  void stop();

 private:
  void wake_soon();
  void wake();

  Deadlines& deadlines_;
  WorkerPool& workers_;
  std::mutex mutex_;
  storage::LogIndex durable_ = 0;
  std::vector<std::function<void()>> watches_;
  bool is_due_ = false;  // A deadline of ours is pending.
  bool is_stopping_ = false;
};

}  // namespace intertie::service
