// Conservative backfill over a horizon.
#include "intertie/placement/horizon/conservative_backfill.h"

#include <algorithm>
#include <cassert>

namespace intertie::placement::horizon {

void ConservativeBackfill::place(Job& job, Slot now) {
  const Claim& claim = job.claim;
  job.start = horizon_.find_earliest(claim.amount, claim.duration, std::max(claim.not_before, now));
  if (job.start) horizon_.add(*job.start, *job.start + claim.duration, -claim.amount);
}

/// Gives back what the job holds from `from` on.
void ConservativeBackfill::take_back(Job& job, Slot from) {
  if (!job.start) return;
  horizon_.add(std::max(*job.start, from), *job.start + job.claim.duration, job.claim.amount);
  job.start.reset();
}

std::optional<Slot> ConservativeBackfill::add(std::uint64_t job, const Claim& claim) {
  assert(claim.amount > 0 && claim.duration > 0);
  const bool is_new = orders_.emplace(job, next_order_).second;
  assert(is_new);
  Job& added = jobs_.emplace(next_order_++, Job{job, claim, std::nullopt}).first->second;
  place(added, horizon_.begin());
  return added.start;
}

std::optional<Slot> ConservativeBackfill::get_start(std::uint64_t job) const {
  const auto order = orders_.find(job);
  assert(order != orders_.end());
  return jobs_.at(order->second).start;
}

void ConservativeBackfill::finish(std::uint64_t job, Slot now) {
  const auto order = orders_.find(job);
  if (order == orders_.end()) return;
  const auto at = jobs_.find(order->second);
  take_back(at->second, now);
  jobs_.erase(at);
  orders_.erase(order);
}

std::vector<Promise> ConservativeBackfill::compress(Slot now) {
  std::vector<Promise> changed;
  for (auto& [order, job] : jobs_) {
    const std::optional<Slot> before = job.start;
    if (before && *before <= now) continue;
    take_back(job, horizon_.begin());  // Its place is free again, so it moves forward or stays.
    place(job, now);
    if (job.start != before) changed.push_back({job.id, job.start});
  }
  return changed;
}

std::vector<Promise> ConservativeBackfill::change_capacity(std::int64_t change, Slot now) {
  horizon_.change_capacity(change, now);
  std::map<Order, std::optional<Slot>> before;
  for (auto& [order, job] : jobs_) {
    if (job.start && *job.start <= now) continue;
    before.emplace(order, job.start);
    take_back(job, horizon_.begin());
  }
  std::vector<Promise> changed;
  for (const auto& [order, start] : before) {
    Job& job = jobs_.at(order);
    place(job, now);
    if (job.start != start) changed.push_back({job.id, job.start});
  }
  return changed;
}

void ConservativeBackfill::advance(Slot now) {
  horizon_.advance(now);
  for (auto at = jobs_.begin(); at != jobs_.end();) {
    const Job& job = at->second;
    const bool has_ended = job.start && *job.start + job.claim.duration <= now;
    if (has_ended) orders_.erase(job.id);
    at = has_ended ? jobs_.erase(at) : std::next(at);
  }
}

}  // namespace intertie::placement::horizon
