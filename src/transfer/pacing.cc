// The token bucket.
#include "intertie/transfer/pacing.h"

#include <algorithm>
#include <cassert>

#include "line_units.h"

namespace intertie::transfer {
namespace {}  // namespace

Pacer::Pacer(std::int64_t bytes_per_second, core::Bytes burst, core::Time now)
    : rate_(bytes_per_second), burst_(burst.count), tokens_(burst.count), filled_(now) {
  assert(rate_ > 0 && burst_ > 0);
}

void Pacer::refill(core::Time now) {
  if (now <= filled_) return;
  const Wide gained = static_cast<Wide>(rate_) * (now - filled_).count + remainder_;
  filled_ = now;
  const Wide tokens = tokens_ + gained / kMicrosPerSecond;
  remainder_ = static_cast<std::int64_t>(gained % kMicrosPerSecond);
  if (tokens >= burst_) {
    tokens_ = burst_;
    remainder_ = 0;
  } else {
    tokens_ = static_cast<std::int64_t>(tokens);
  }
}

std::int64_t Pacer::take(std::int64_t wanted, core::Time now) {
  assert(wanted >= 0);
  refill(now);
  const std::int64_t granted = std::clamp<std::int64_t>(tokens_, 0, wanted);
  tokens_ -= granted;
  return granted;
}

core::Time Pacer::book(std::int64_t wanted, core::Time now) {
  assert(wanted >= 0);
  refill(now);
  const core::Time when = get_ready_time(0, now);
  tokens_ -= wanted;
  return when;
}

core::Time Pacer::get_ready_time(std::int64_t wanted, core::Time now) const {
  assert(wanted <= burst_);
  const std::int64_t lacking = std::min(wanted, burst_) - tokens_;
  if (lacking <= 0) return now;
  const Wide needed = static_cast<Wide>(lacking) * kMicrosPerSecond - remainder_;
  const Wide micros = (needed + rate_ - 1) / rate_;
  return std::max(now, filled_ + core::microseconds(static_cast<std::int64_t>(micros)));
}

void Pacer::set_rate(std::int64_t bytes_per_second, core::Time now) {
  assert(bytes_per_second > 0);
  refill(now);
  rate_ = bytes_per_second;
}

}  // namespace intertie::transfer
