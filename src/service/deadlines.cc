#include "deadlines.h"

#include <algorithm>

namespace intertie::service {
namespace {

constexpr core::Duration kFarthest = core::hours(24 * 365);

}  // namespace

Deadlines::Deadlines() : thread_([this] { run(); }) {}

Deadlines::~Deadlines() { stop(); }

Deadlines::Id Deadlines::add(core::Duration after, std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  const Id id = next_++;
  const Clock::time_point at =
      Clock::now() + std::chrono::microseconds(std::min(after, kFarthest).count);
  const auto placed = pending_.emplace(Key{at, id}, std::move(callback)).first;
  times_.emplace(id, at);
  if (placed == pending_.begin()) changed_.notify_one();
  return id;
}

void Deadlines::cancel(Id id) {
  std::function<void()> dropped;  // Destroyed outside the lock.
  const std::lock_guard lock(mutex_);
  const auto found = times_.find(id);
  if (found == times_.end()) return;
  const auto entry = pending_.find(Key{found->second, id});
  dropped = std::move(entry->second);
  pending_.erase(entry);
  times_.erase(found);
}

void Deadlines::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Deadlines::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (pending_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const auto first = pending_.begin();
    if (Clock::now() < first->first.first) {
      const Clock::time_point until = first->first.first;
      changed_.wait_until(lock, until);
      continue;
    }
    const std::function<void()> callback = std::move(first->second);
    times_.erase(first->first.second);
    pending_.erase(first);
    lock.unlock();
    callback();
    lock.lock();
  }
}

}  // namespace intertie::service
