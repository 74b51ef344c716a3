#include "pool_loads.h"

#include <algorithm>
#include <type_traits>
#include <variant>

#include "intertie/core/limits.h"

namespace intertie::hub {
namespace {

__extension__ using Wide = __int128;

}  // namespace

PoolLoads::Row& PoolLoads::take_row(std::uint32_t pool) {
  while (rows_.size() <= pool) rows_.emplace_back();
  return rows_[pool];
}

void PoolLoads::begin(std::uint32_t pool, core::Time end, std::uint64_t reservation) {
  take_row(pool).ends.emplace(end, reservation);
  changed_.insert(pool);
}

void PoolLoads::rebuild(const State& state) {
  for (Row& row : rows_) row = {};
  for (std::uint32_t pool = 0; pool < state.capacities.size(); ++pool) take_row(pool);
  for (const auto& [number, reservation] : state.reservations) {
    begin(reservation.terms.pool, reservation.terms.to, number);
  }
  refresh(state);
}

void PoolLoads::note_over(const State& state, std::uint64_t reservation) {
  const Reservation* found = state.find_reservation(reservation);
  if (found == nullptr) return;
  take_row(found->terms.pool).ends.erase({found->terms.to, reservation});
  changed_.insert(found->terms.pool);
}

void PoolLoads::note(const State& state, const Event& event) {
  const auto over = [&](std::uint64_t job) {
    if (const Job* found = state.find_job(job)) note_over(state, found->reservation);
  };
  std::visit(
      [&](const auto& one) {
        using Kind = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<Kind, CapacityReserved> ||
                      std::is_same_v<Kind, GuestReserved>) {
          begin(one.pool, one.to, one.reservation);
        } else if constexpr (std::is_same_v<Kind, CapacityReleased>) {
          note_over(state, one.reservation);
        } else if constexpr (std::is_same_v<Kind, AttemptOver> ||
                             std::is_same_v<Kind, GuestDropped>) {
          over(one.job);
        } else if constexpr (std::is_same_v<Kind, PoolOffered>) {
          take_row(one.pool.handle.index);
          changed_.insert(one.pool.handle.index);
        }
      },
      event);
}

void PoolLoads::refresh(const State& state) {
  for (const std::uint32_t pool : changed_) {
    Row& row = rows_[pool];
    row.load = {};
    if (row.ends.empty() || pool >= state.capacities.size()) continue;
    const placement::PoolCapacity& capacity = state.capacities[pool];
    row.load.running = static_cast<std::int64_t>(row.ends.size());
    row.load.mean = placement::compute_mean(capacity.total(), capacity.free(), row.load.running);
    row.load.next_end = row.ends.begin()->first;
    row.load.last_end = row.ends.rbegin()->first;
  }
  changed_.clear();
}

const placement::PoolLoad& PoolLoads::get(std::uint32_t pool) { return take_row(pool).load; }

core::Duration compute_queued(const State& state) {
  Wide work = 0;  // In thousandths of a core and microseconds.
  for (std::uint32_t shape = 0; shape < state.shapes.size(); ++shape) {
    const std::size_t jobs = state.queue.count_shape(shape);
    if (jobs == 0) continue;
    const JobShape& each = state.shapes[shape];
    work += Wide{each.requirements.cpus.count} * each.requirements.tasks * each.time_limit.count *
            static_cast<Wide>(jobs);
  }
  Wide cpus = 0;
  for (const placement::PoolCapacity& capacity : state.capacities) {
    cpus += capacity.total().cpus.count;
  }
  if (work <= 0 || cpus <= 0) return {};
  return {
      static_cast<std::int64_t>(std::min<Wide>(work / cpus, core::limits::job_timeout_max.count))};
}

}  // namespace intertie::hub
