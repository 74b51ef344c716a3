// Busy time and bytes in slices of a window.
#include "intertie/transfer/line_meter.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "intertie/core/limits.h"

#include "line_units.h"

namespace intertie::transfer {
namespace {

constexpr core::Duration kSlice{core::limits::line_rate_window.count / 16};
// A body that took longer than all of these is counted twice in part.
constexpr std::size_t kStretchesMax = 64;

}  // namespace

LineMeter::Slice& LineMeter::get_slice(core::Time now) {
  while (!slices_.empty() && slices_.front().begun + core::limits::line_rate_window <= now) {
    slices_.pop_front();
  }
  if (slices_.empty() || slices_.back().begun + kSlice <= now) slices_.push_back({now, {}, {}, {}});
  return slices_.back();
}

void LineMeter::begin(core::Time now) {
  if (under_way_++ == 0) counted_to_ = now;
}

void LineMeter::end(core::Bytes bytes, core::Time now) {
  assert(under_way_ > 0);
  Slice& slice = get_slice(now);
  slice.busy += cover(counted_to_, now);
  slice.bytes += std::max(bytes, core::Bytes{});
  counted_to_ = now;
  --under_way_;
}

void LineMeter::note_arrival(core::Bytes bytes, core::Duration took, core::Time now) {
  Slice& slice = get_slice(now);
  if (under_way_ > 0) slice.busy += cover(std::exchange(counted_to_, now), now);
  slice.busy += cover(now - std::max(took, core::Duration{}), now);
  slice.bytes += std::max(bytes, core::Bytes{});
}

// How much of [from, to) has not been counted; `to` is the latest time so far.
core::Duration LineMeter::cover(core::Time from, core::Time to) {
  core::Duration fresh = std::max(to - from, core::Duration{});
  while (!counted_.empty() && counted_.back().second >= from) {
    const auto& [begun, over] = counted_.back();
    fresh = fresh - (over - std::max(begun, from));
    from = std::min(from, begun);
    counted_.pop_back();
  }
  counted_.emplace_back(from, to);
  if (counted_.size() > kStretchesMax) counted_.pop_front();
  return std::max(fresh, core::Duration{});
}

void LineMeter::note_round_trip(core::Duration taken, core::Time now) {
  std::optional<core::Duration>& shortest = get_slice(now).round_trip;
  shortest = std::min(shortest.value_or(taken), taken);
}

std::optional<std::int64_t> LineMeter::find_rate(core::Time now) {
  get_slice(now);
  core::Duration busy;
  core::Bytes bytes;
  for (const Slice& slice : slices_) {
    busy += slice.busy;
    bytes += slice.bytes;
  }
  if (bytes.count < core::limits::line_sample_bytes_min || busy.count <= 0) return std::nullopt;
  const Wide rate = Wide{bytes.count} * kBitsPerByte * kMicrosPerSecond / busy.count;
  return static_cast<std::int64_t>(std::min<Wide>(rate, INT64_MAX));
}

std::optional<core::Duration> LineMeter::find_delay(core::Time now) {
  get_slice(now);
  std::optional<core::Duration> shortest;
  for (const Slice& slice : slices_) {
    if (!slice.round_trip) continue;
    shortest = std::min(shortest.value_or(*slice.round_trip), *slice.round_trip);
  }
  if (!shortest) return std::nullopt;
  return core::Duration{shortest->count / 2};
}

}  // namespace intertie::transfer
