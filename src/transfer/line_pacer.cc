// One bucket for each reserved rate, and one for the rest.
#include "intertie/transfer/line_pacer.h"

#include <algorithm>
#include <cassert>

#include "line_units.h"

namespace intertie::transfer {
namespace {

// One answer takes at most this much of its rate, so that others wait no longer for theirs.
constexpr core::Duration kTurn = core::seconds(1);
constexpr std::int64_t kTurnBytesMin = 16 << 10;
// What may go at once after a pause.
constexpr core::Duration kBurst = core::milliseconds(50);
constexpr std::int64_t kSharedBurstMin = 64 << 10;
constexpr std::int64_t kLegBurstMin = 16 << 10;

std::int64_t compute_bytes(std::int64_t bits_per_second, core::Duration time) {
  return static_cast<std::int64_t>(Wide{bits_per_second} * time.count / kMicrosPerSecond /
                                   kBitsPerByte);
}

std::int64_t compute_byte_rate(std::int64_t bits_per_second) {
  return std::max<std::int64_t>(bits_per_second / kBitsPerByte, 1);
}

}  // namespace

LinePacer::Part LinePacer::make_part(std::int64_t bits_per_second, std::int64_t burst_least,
                                     core::Time now) {
  const core::Bytes burst{std::max(compute_bytes(bits_per_second, kBurst), burst_least)};
  return {bits_per_second, Pacer(compute_byte_rate(bits_per_second), burst, now)};
}

LinePacer::Part LinePacer::make_booked(std::int64_t bits_per_second, std::int64_t burst_least,
                                       core::Time now, core::Time ready) {
  Part part = make_part(bits_per_second, burst_least, now);
  part.pacer.take(INT64_MAX, now);
  part.pacer.book(compute_bytes(bits_per_second, ready - now), now);
  return part;
}

LinePacer::LinePacer(std::int64_t bits_per_second, core::Time now)
    : bandwidth_(bits_per_second), shared_(make_part(bits_per_second, kSharedBurstMin, now)) {
  assert(bits_per_second > 0);
}

// What was booked at the old rate keeps its turns, and what is booked from now on follows it.
void LinePacer::share_rest(core::Time now, core::Time ready) {
  shared_.bits_per_second = std::max<std::int64_t>(bandwidth_ - reserved_, 1);
  if (ready > now) {
    shared_ = make_booked(shared_.bits_per_second, kSharedBurstMin, now, ready);
  } else {
    shared_.pacer.set_rate(compute_byte_rate(shared_.bits_per_second), now);
  }
}

void LinePacer::set_bandwidth(std::int64_t bits_per_second, core::Time now) {
  assert(bits_per_second > 0);
  bandwidth_ = bits_per_second;
  share_rest(now, shared_.pacer.get_ready_time(0, now));
}

void LinePacer::put_leg(std::uint64_t leg, std::int64_t bits_per_second, core::Time now) {
  assert(bits_per_second > 0);
  if (legs_.contains(leg)) return;
  const core::Time ready = shared_.pacer.get_ready_time(0, now);
  legs_.emplace(leg, make_booked(bits_per_second, kLegBurstMin, now, ready));
  reserved_ += bits_per_second;
  share_rest(now, ready);
}

void LinePacer::drop_leg(std::uint64_t leg, core::Time now) {
  const auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  const core::Time booked = found->second.pacer.get_ready_time(0, now);
  reserved_ -= found->second.bits_per_second;
  legs_.erase(found);
  share_rest(now, std::max(booked, shared_.pacer.get_ready_time(0, now)));
}

LinePacer::Turn LinePacer::book(std::uint64_t leg, std::int64_t wanted, core::Time now,
                                core::Time latest) {
  assert(wanted > 0);
  Part* part = &shared_;
  const auto found = legs_.find(leg);
  if (found != legs_.end() &&
      found->second.pacer.get_ready_time(0, now) < shared_.pacer.get_ready_time(0, now)) {
    part = &found->second;
  }
  const core::Time at = part->pacer.get_ready_time(0, now);
  if (at > latest) return {0, at};
  const std::int64_t most = std::max(compute_bytes(part->bits_per_second, kTurn), kTurnBytesMin);
  const std::int64_t bytes = std::min(wanted, most);
  part->pacer.book(bytes, now);
  return {bytes, at};
}

}  // namespace intertie::transfer
