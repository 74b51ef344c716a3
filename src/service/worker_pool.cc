#include "worker_pool.h"

#include <limits>
#include <utility>

namespace intertie::service {

WorkerPool::WorkerPool(int threads, std::size_t queued_max) : queued_max_(queued_max) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() { stop(); }

bool WorkerPool::try_post(Task task) { return push(std::move(task), queued_max_); }

bool WorkerPool::post(Task task) {
  return push(std::move(task), std::numeric_limits<std::size_t>::max());
}

bool WorkerPool::push(Task task, std::size_t queued_max) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || tasks_.size() >= queued_max) return false;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& each : threads_) {
    if (each.joinable()) each.join();
  }
}

void WorkerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !tasks_.empty() || is_stopping_; });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace intertie::service
