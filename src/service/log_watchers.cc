#include "log_watchers.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace intertie::service {
namespace {

// A busy hub makes hundreds of batches a second; people see no difference.
constexpr core::Duration kMoment = core::milliseconds(20);

}  // namespace

void LogWatchers::watch(storage::LogIndex after, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  watches_.push_back(std::move(wake));
  if (durable_ > after) wake_soon();
}

void LogWatchers::notify(storage::LogIndex durable) {
  const std::lock_guard lock(mutex_);
  durable_ = std::max(durable_, durable);
  if (!watches_.empty()) wake_soon();
}

void LogWatchers::wake_soon() {
  if (std::exchange(is_due_, true)) return;
  deadlines_.add(kMoment, [this] { wake(); });
}

void LogWatchers::wake() {
  auto taken = std::make_shared<std::vector<std::function<void()>>>();
  {
    const std::lock_guard lock(mutex_);
    is_due_ = false;
    taken->swap(watches_);
  }
  if (taken->empty()) return;
  workers_.post([taken] {
    for (const auto& each : *taken) each();
  });
}

void LogWatchers::stop() {
  std::vector<std::function<void()>> dropped;  // Destroyed outside the lock.
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  dropped.swap(watches_);
}

}  // namespace intertie::service
