#include "reservations.h"

#include <bit>
#include <optional>
#include <utility>

#include "intertie/core/limits.h"

namespace intertie::hub {

std::vector<execution::TaskSlot> make_slots(
    const std::vector<placement::TaskAllocation>& allocations) {
  std::vector<execution::TaskSlot> slots;
  slots.reserve(allocations.size());
  for (const placement::TaskAllocation& allocation : allocations) {
    execution::TaskSlot slot;
    slot.rank = static_cast<std::uint32_t>(slots.size());
    slot.node = allocation.node;
    slot.cpus = allocation.cpus;
    slot.memory = allocation.memory;
    slot.scratch = allocation.scratch;
    for (std::uint64_t left = allocation.devices; left != 0; left &= left - 1) {
      slot.devices.push_back(static_cast<std::uint32_t>(std::countr_zero(left)));
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

ledger::EntryId make_hold_id(std::uint64_t job, std::uint32_t attempt) {
  return {kHoldIds | attempt, job};
}

market::ReservedAmounts compute_reserved(const std::vector<execution::TaskSlot>& slots) {
  market::ReservedAmounts amounts;
  for (const execution::TaskSlot& slot : slots) {
    amounts.cpus += slot.cpus;
    amounts.memory += slot.memory;
    amounts.devices += static_cast<std::int64_t>(slot.devices.size());
  }
  return amounts;
}

std::optional<core::Money> compute_hold(const JobShape& shape, const Job& job,
                                        const market::ReservedAmounts& amounts,
                                        const topology::PriceTable& price) {
  const auto at_limit = market::compute_maximum_charge(amounts, price, shape.time_limit);
  if (!at_limit) return std::nullopt;
  if (shape.price_max.count > 0 && *at_limit > shape.price_max - job.charged) return std::nullopt;
  return *at_limit;
}

StartResult try_start(Context& context, const Job& job, topology::PoolHandle pool,
                      std::string explanation) {
  const State& state = context.state;
  const JobShape& shape = state.shapes[job.shape];
  const auto* fit = context.soft.fits.find_fit(state, job.shape, pool.index, context.now);
  if (fit == nullptr) return {};
  const auto allocations =
      context.soft.places.find_allocation(state, pool.index, fit->shape, shape.requirements.tasks);
  if (!allocations) return {};

  CapacityReserved reserved;
  reserved.reservation = state.next_reservation;
  reserved.job = job.number;
  reserved.pool = pool.index;
  reserved.slots = make_slots(*allocations);
  reserved.from = context.now;
  reserved.to = context.now + shape.time_limit + core::limits::stop_grace;
  reserved.expires = context.now + core::limits::reservation_lifetime;
  reserved.price = state.topology->find_pool(pool)->price;
  const auto hold = compute_hold(shape, job, compute_reserved(reserved.slots), reserved.price);
  if (!hold) return {StartVerdict::above_price_max, {}};

  AttemptChosen chosen;
  chosen.job = job.number;
  chosen.attempt = job.attempt + 1;
  chosen.reservation = reserved.reservation;
  chosen.hold.id = make_hold_id(job.number, chosen.attempt);
  chosen.hold.account = {job.account};
  chosen.hold.amount = *hold;
  chosen.clock = context.soft.clock;
  if (const auto checked = ledger::check_hold(state.ledger, chosen.hold); !checked) {
    const bool is_short = checked.error().reason == core::Reason::insufficient_funds;
    return {is_short ? StartVerdict::short_of_money : StartVerdict::busy, *hold};
  }

  // Nothing below can fail.
  context.emit(std::move(reserved));
  context.emit(std::move(chosen), std::move(explanation));
  return {StartVerdict::started, *hold};
}

}  // namespace intertie::hub
