// A few threads for work that may wait for a disk: not for net threads, not for the engine.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace intertie::service {

/// Tasks begin in the order of their posting; with one thread they also end in it. Any thread.
class WorkerPool {
 public:
  using Task = std::function<void()>;

  WorkerPool(int threads, std::size_t queued_max);
  /// stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False, and the task is dropped: queued_max are waiting, or the pool has stopped.
  bool try_post(Task task);
  /// For work that must not be lost and whose amount is bounded elsewhere. False after stop().
  bool post(Task task);

  /// Runs what is queued, then ends the threads. Idempotent.
  void stop();

 private:
  void run();
  bool push(Task task, std::size_t queued_max);

  const std::size_t queued_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace intertie::service
