// Rules of usage records.
#include "intertie/execution/usage_record.h"

#include <algorithm>

namespace intertie::execution {
namespace {

template <class Q>
Q compute_growth(Q before, Q after) {
  return after > before ? after - before : Q{};
}

}  // namespace

Measured compute_use_between(const Measured& before, const Measured& after) {
  Measured use = after;
  use.cpu_user = compute_growth(before.cpu_user, after.cpu_user);
  use.cpu_system = compute_growth(before.cpu_system, after.cpu_system);
  use.bytes_written = compute_growth(before.bytes_written, after.bytes_written);
  use.memory_peak = std::max(before.memory_peak, after.memory_peak);
  return use;
}

core::Result<void> check(const UsageRecord& record) {
  using core::Reason;
  if (record.number < 1) return {Reason::bad_field, "number: expected at least 1"};
  if (record.to < record.from) return {Reason::bad_field, "to: earlier than from"};
  if (record.reserved.cpus.count < 0) return {Reason::bad_field, "reserved.cpus: negative"};
  if (record.reserved.memory.count < 0) return {Reason::bad_field, "reserved.memory: negative"};
  if (record.reserved.devices < 0) return {Reason::bad_field, "reserved.devices: negative"};
  const Measured& measured = record.measured;
  if (measured.cpu_user.count < 0) return {Reason::bad_field, "measured.cpu_user: negative"};
  if (measured.cpu_system.count < 0) return {Reason::bad_field, "measured.cpu_system: negative"};
  if (measured.memory_peak.count < 0) return {Reason::bad_field, "measured.memory_peak: negative"};
  if (measured.bytes_written.count < 0) {
    return {Reason::bad_field, "measured.bytes_written: negative"};
  }
  return {};
}

core::Result<void> check_follows(const UsageRecord& previous, const UsageRecord& next) {
  using core::Reason;
  if (next.site != previous.site)
    return {Reason::bad_field, "site: differs from the record before"};
  if (next.pool != previous.pool)
    return {Reason::bad_field, "pool: differs from the record before"};
  if (next.key != previous.key) return {Reason::bad_field, "key: differs from the record before"};
  if (next.reserved != previous.reserved) {
    return {Reason::bad_field, "reserved: differs from the record before"};
  }
  if (previous.is_last) return {Reason::bad_field, "number: follows the last record"};
  if (next.number - 1 != previous.number || next.number == 0) {
    return {Reason::bad_field, "number: not the next one"};
  }
  if (next.from != previous.to)
    return {Reason::bad_field, "from: not where the record before ended"};
  return check(next);
}

}  // namespace intertie::execution
