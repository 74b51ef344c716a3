// The usage record of one task over one interval: what the site bills and signs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/task.h"

namespace intertie::execution {

/// The payload type of the envelope around a record.
inline constexpr std::string_view kUsagePayloadType = "application/vnd.intertie.usage+json";

/// What was reserved for the task over the whole interval; the charge follows from it.
struct ReservedUse {
  core::MilliCpus cpus;
  core::Bytes memory;
  std::int64_t devices = 0;

  friend bool operator==(const ReservedUse&, const ReservedUse&) = default;
};
BOOST_DESCRIBE_STRUCT(ReservedUse, (), (cpus, memory, devices))

/// Signed by the agent before it leaves. Records of one key are numbered 1, 2, 3 … without gaps,
/// each begins where its predecessor ended, and only the last one has `is_last`. The interval is
/// [from, to); `measured` holds what was used *in it*, memory_peak the highest since the start.
struct UsageRecord {
  std::string site;
  std::string pool;
  TaskKey key;
  std::uint32_t number = 1;
  core::Time from;
  core::Time to;
  ReservedUse reserved;
  Measured measured;
  bool is_last = false;

  friend bool operator==(const UsageRecord&, const UsageRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(UsageRecord, (),
                      (site, pool, key, number, from, to, reserved, measured, is_last))

/// What was used between two cumulative readings of one task. Figures never go down: a reading
/// that is lower than before (its source changed) counts as no use.
Measured compute_use_between(const Measured& before, const Measured& after);

/// Checks one record by itself: number >= 1, from <= to, nothing negative. bad_field names the
/// field.
core::Result<void> check(const UsageRecord& record);

/// Checks that `next` follows `previous` directly: same site, pool, key and reservation, the next
/// number, no gap in time, and nothing after the last. bad_field names the field.
core::Result<void> check_follows(const UsageRecord& previous, const UsageRecord& next);

}  // namespace intertie::execution
