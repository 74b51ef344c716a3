// Who waits for news about a job.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "intertie/core/quantity.h"

#include "deadlines.h"
#include "worker_pool.h"

namespace intertie::service {

/// Each watch ends once: with an event, at its deadline, or when all stop. Callbacks run on a
/// worker and may read the index. Any thread.
class JobWatchers {
 public:
  /// Both outlive this object.
  JobWatchers(Deadlines& deadlines, WorkerPool& workers)
      : deadlines_(deadlines), workers_(workers) {}

  /// Job 0 has no events: only the deadline counts.
  void watch(std::uint64_t job, core::Duration after, std::function<void()> wake);

  /// Events about these jobs are durable. O(subjects) when somebody waits, O(1) otherwise.
  void notify(const std::vector<std::uint64_t>& subjects);

  /// Forgets all watches, and every later one at once.
  void stop();

  std::size_t size();

 private:
  struct Watch {
    std::uint64_t number = 0;
    Deadlines::Id deadline = 0;
    std::function<void()> wake;
  };
  void expire(std::uint64_t job, std::uint64_t number);
  void take(std::uint64_t job, std::vector<Watch>& taken);
  void wake(std::vector<Watch> taken);

  Deadlines& deadlines_;
  WorkerPool& workers_;
  std::mutex mutex_;
  std::multimap<std::uint64_t, Watch> watches_;
  std::uint64_t next_ = 1;
  bool is_stopping_ = false;
};

}  // namespace intertie::service
