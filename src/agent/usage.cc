#include "usage.h"

#include <algorithm>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/execution/usage_record.h"
#include "intertie/identity/envelope.h"

namespace intertie::agent {
namespace {

// Right after a restart nothing has been measured yet: what was counted before stays counted.
execution::Measured keep_highest(const execution::Measured& before, execution::Measured now) {
  now.cpu_user = std::max(now.cpu_user, before.cpu_user);
  now.cpu_system = std::max(now.cpu_system, before.cpu_system);
  now.memory_peak = std::max(now.memory_peak, before.memory_peak);
  now.bytes_written = std::max(now.bytes_written, before.bytes_written);
  return now;
}

}  // namespace

UsageSigned sign_usage(const State& state, const Attempt& attempt, core::Time to,
                       const execution::Measured& measured, bool is_last,
                       const crypto::KeyPair& key) {
  execution::UsageRecord record;
  record.site = state.facts.site;
  if (attempt.order.pool < state.facts.pools.size()) {
    record.pool = state.facts.pools[attempt.order.pool];
  }
  record.key = {attempt.order.job, attempt.order.attempt, 0};
  record.number = attempt.usage_number + 1;
  record.from = attempt.usage_number == 0 ? attempt.began_at : attempt.usage_to;
  record.to = std::max(to, record.from);
  for (const execution::TaskSlot& slot : attempt.order.slots) {
    record.reserved.cpus += slot.cpus;
    record.reserved.memory += slot.memory;
    record.reserved.devices += static_cast<std::int64_t>(slot.devices.size());
  }
  const execution::Measured total = keep_highest(attempt.usage_measured, measured);
  record.measured = execution::compute_use_between(attempt.usage_measured, total);
  record.is_last = is_last;
  UsageSigned event;
  event.job = attempt.order.job;
  event.attempt = attempt.order.attempt;
  event.number = record.number;
  event.to = record.to;
  event.measured = total;
  // A record is far below the limit of an envelope, so sealing cannot be refused.
  event.envelope =
      identity::seal_envelope(execution::kUsagePayloadType, codec::to_json(record), key).value();
  return event;
}

execution::Measured add_measured(const execution::Measured& a, const execution::Measured& b) {
  execution::Measured sum = b;
  sum.cpu_user += a.cpu_user;
  sum.cpu_system += a.cpu_system;
  sum.memory_peak += a.memory_peak;
  sum.bytes_written += a.bytes_written;
  return sum;
}

}  // namespace intertie::agent
