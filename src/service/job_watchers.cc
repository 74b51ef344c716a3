#include "job_watchers.h"

#include <utility>

namespace intertie::service {

void JobWatchers::watch(std::uint64_t job, core::Duration after, std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  const std::uint64_t number = next_++;
  const auto placed = watches_.emplace(job, Watch{number, 0, std::move(wake)});
  placed->second.deadline = deadlines_.add(after, [this, job, number] { expire(job, number); });
}

void JobWatchers::expire(std::uint64_t job, std::uint64_t number) {
  std::vector<Watch> taken;
  {
    const std::lock_guard lock(mutex_);
    const auto [begin, end] = watches_.equal_range(job);
    for (auto each = begin; each != end; ++each) {
      if (each->second.number != number) continue;
      taken.push_back(std::move(each->second));
      watches_.erase(each);
      break;
    }
  }
  wake(std::move(taken));
}

void JobWatchers::take(std::uint64_t job, std::vector<Watch>& taken) {
  const auto [begin, end] = watches_.equal_range(job);
  for (auto each = begin; each != end; ++each) taken.push_back(std::move(each->second));
  watches_.erase(begin, end);
}

void JobWatchers::notify(const std::vector<std::uint64_t>& subjects) {
  std::vector<Watch> taken;
  {
    const std::lock_guard lock(mutex_);
    if (watches_.empty() || subjects.empty()) return;
    for (const std::uint64_t job : subjects) take(job, taken);
  }
  for (const Watch& each : taken) deadlines_.cancel(each.deadline);
  wake(std::move(taken));
}

void JobWatchers::wake(std::vector<Watch> taken) {
  if (taken.empty()) return;
  auto shared = std::make_shared<std::vector<Watch>>(std::move(taken));
  workers_.post([shared] {
    for (Watch& each : *shared) each.wake();
  });
}

void JobWatchers::stop() {
  std::multimap<std::uint64_t, Watch> dropped;  // Destroyed outside the lock.
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  dropped.swap(watches_);
  for (const auto& [job, each] : dropped) deadlines_.cancel(each.deadline);
}

std::size_t JobWatchers::size() {
  const std::lock_guard lock(mutex_);
  return watches_.size();
}

}  // namespace intertie::service
