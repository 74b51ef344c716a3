#include "store_thread.h"

#include <cassert>
#include <utility>

namespace intertie::service {

StoreThread::StoreThread(storage::Store& store, std::function<void()> wake)
    : store_(store), wake_(std::move(wake)), thread_([this] { run(); }) {}

StoreThread::~StoreThread() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void StoreThread::start_append(std::shared_ptr<const storage::Batch> batch) {
  {
    const std::lock_guard lock(mutex_);
    assert(batch_ == nullptr && !outcome_);
    batch_ = std::move(batch);
  }
  changed_.notify_one();
}

std::optional<core::Result<storage::LogPosition>> StoreThread::poll_append() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcome_, std::nullopt);
}

void StoreThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return batch_ != nullptr || is_stopping_; });
    if (batch_ == nullptr) return;
    const std::shared_ptr<const storage::Batch> batch = std::move(batch_);
    lock.unlock();
    core::Result<storage::LogPosition> outcome = store_.append(*batch);
    lock.lock();
    outcome_.emplace(std::move(outcome));
    batch_.reset();
    lock.unlock();
    wake_();
    lock.lock();
  }
}

}  // namespace intertie::service
