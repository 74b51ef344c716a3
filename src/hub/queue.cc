#include "intertie/hub/queue.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace intertie::hub {
namespace {

std::int64_t compute_epoch(core::Time now) { return now.micros / FairShare::kShareHalfLife.count; }

std::int64_t decay(const FairShare::Row& row, std::int64_t epoch) {
  const std::int64_t periods = epoch - row.epoch;
  if (periods <= 0) return row.micros;
  return periods >= 63 ? 0 : row.micros >> periods;
}

}  // namespace

void FairShare::add(std::uint32_t account, core::Money charge, core::Time now) {
  Row& row = rows_[account];
  const std::int64_t epoch = compute_epoch(now);
  row.micros = decay(row, epoch);
  row.epoch = std::max(row.epoch, epoch);
  if (__builtin_add_overflow(row.micros, charge.count, &row.micros)) {
    row.micros = std::numeric_limits<std::int64_t>::max();
  }
}

std::int64_t FairShare::compute(std::uint32_t account, core::Time now) const {
  const auto found = rows_.find(account);
  return found == rows_.end() ? 0 : decay(found->second, compute_epoch(now));
}

void WaitingQueue::insert(const WaitingJob& waiting) {
  if (waiting.shape >= shapes_.size()) shapes_.resize(waiting.shape + 1);
  ShapeQueue& queue = shapes_[waiting.shape];
  Jobs& jobs = queue.rows[-static_cast<std::int32_t>(waiting.priority)][waiting.account];
  if (jobs.empty() || jobs.back() < waiting.job) {
    jobs.push_back(waiting.job);
  } else {
    const auto place = std::ranges::lower_bound(jobs, waiting.job);
    assert(*place != waiting.job);
    jobs.insert(place, waiting.job);
  }
  ++queue.jobs;
  ++size_;
}

void WaitingQueue::erase(const WaitingJob& waiting) {
  assert(waiting.shape < shapes_.size());
  ShapeQueue& queue = shapes_[waiting.shape];
  const auto accounts = queue.rows.find(-static_cast<std::int32_t>(waiting.priority));
  assert(accounts != queue.rows.end());
  const auto row = accounts->second.find(waiting.account);
  assert(row != accounts->second.end());
  Jobs& jobs = row->second;
  const auto place = std::ranges::lower_bound(jobs, waiting.job);
  assert(place != jobs.end() && *place == waiting.job);
  jobs.erase(place);
  if (jobs.empty()) accounts->second.erase(row);
  if (accounts->second.empty()) queue.rows.erase(accounts);
  --queue.jobs;
  --size_;
}

std::optional<WaitingQueue::Front> WaitingQueue::find_front(std::uint32_t shape,
                                                            const FairShare& shares,
                                                            core::Time now) const {
  if (is_empty(shape)) return std::nullopt;
  const auto& [priority, accounts] = *shapes_[shape].rows.begin();
  std::optional<Front> best;
  for (const auto& [account, jobs] : accounts) {
    const QueueRank rank{priority, shares.compute(account, now), jobs.front()};
    if (!best || rank < best->rank) best = Front{jobs.front(), rank};
  }
  return best;
}

std::size_t WaitingQueue::count_shape(std::uint32_t shape) const {
  return shape < shapes_.size() ? shapes_[shape].jobs : 0;
}

bool WaitingQueue::is_empty(std::uint32_t shape) const { return count_shape(shape) == 0; }

}  // namespace intertie::hub
