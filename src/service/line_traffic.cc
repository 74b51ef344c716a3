#include "line_traffic.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"

namespace intertie::service {
namespace {

constexpr std::int64_t kBitsPerByte = 8;
// One answer takes at most this much of the line, so that others wait no longer for theirs.
constexpr core::Duration kTurn = core::seconds(1);
constexpr std::int64_t kTurnBytesMin = 16 << 10;
// What may go at once after a pause.
constexpr core::Duration kBurst = core::milliseconds(50);
constexpr std::int64_t kBurstBytesMin = 64 << 10;
constexpr core::Duration kRateNewsEvery = core::seconds(5);

std::int64_t compute_bytes(std::int64_t bits_per_second, core::Duration time) {
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>(Wide{bits_per_second} * time.count / 1'000'000 / kBitsPerByte);
}

bool is_changed(const std::optional<core::Duration>& told, core::Duration delay) {
  if (!told) return true;
  const std::int64_t difference =
      std::max(told->count, delay.count) - std::min(told->count, delay.count);
  return difference * 8 > told->count;
}

}  // namespace

void LineTraffic::look(const hub::HubMachine& machine) {
  const auto& lines = machine.state().lines;
  if (lines.empty()) return;
  const core::Time now = clock_();
  const std::lock_guard lock(mutex_);
  for (const hub::LineRegistered& registered : lines) {
    const std::int64_t rate = registered.line.bandwidth_bits_per_second;
    std::int64_t& known = rates_[registered.line.to];
    if (std::exchange(known, rate) == rate) continue;
    const std::int64_t bytes = std::max<std::int64_t>(rate / kBitsPerByte, 1);
    const auto pacer = pacers_.find(registered.line.to);
    if (pacer != pacers_.end()) {
      pacer->second.set_rate(bytes, now);
    } else {
      const core::Bytes burst{std::max(compute_bytes(rate, kBurst), kBurstBytesMin)};
      pacers_.emplace(registered.line.to, transfer::Pacer(bytes, burst, now));
    }
  }
}

void LineTraffic::wait_turn(const std::string& region, std::int64_t wanted, Turn done) {
  auto booked = book(region, wanted);
  if (!booked || booked->wait <= core::Duration{}) {
    return done(booked ? core::Result<std::int64_t>(booked->bytes) : booked.error());
  }
  std::unique_lock lock(mutex_);
  if (is_stopping_) {
    lock.unlock();
    return done(core::Error{core::Reason::stopping, "line to " + region});
  }
  const std::uint64_t number = next_++;
  waiting_.emplace(number, std::move(done));
  deadlines_.add(booked->wait, [this, number, bytes = booked->bytes] { give_turn(number, bytes); });
}

core::Result<LineTraffic::Booking> LineTraffic::book(const std::string& region,
                                                     std::int64_t wanted) {
  const std::lock_guard lock(mutex_);
  const std::string line = "line to " + region;
  if (is_stopping_) return core::Error{core::Reason::stopping, line};
  const auto pacer = pacers_.find(region);
  if (pacer == pacers_.end()) {
    sent_[region] += wanted;
    return Booking{wanted, {}};
  }
  const core::Time now = clock_();
  const std::int64_t most = std::max(compute_bytes(rates_[region], kTurn), kTurnBytesMin);
  const std::int64_t bytes = std::min(wanted, most);
  transfer::Pacer booked = pacer->second;
  const core::Duration wait = booked.book(bytes, now) - now;
  if (wait > core::limits::line_wait_max) return core::Error{core::Reason::busy, line};
  pacer->second = booked;
  sent_[region] += bytes;
  return Booking{bytes, wait};
}

std::int64_t LineTraffic::count_sent(const std::string& region) const {
  const std::lock_guard lock(mutex_);
  const auto found = sent_.find(region);
  return found == sent_.end() ? 0 : found->second;
}

void LineTraffic::give_turn(std::uint64_t number, std::int64_t bytes) {
  Turn turn;
  {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;
    turn = std::move(found->second);
    waiting_.erase(found);
  }
  workers_.post([turn = std::move(turn), bytes] { turn(bytes); });
}

LineTraffic::Fetch::Fetch(LineTraffic& lines, std::string from)
    : lines_(lines), from_(std::move(from)) {
  const std::lock_guard lock(lines_.mutex_);
  lines_.incoming_[from_].meter.begin(lines_.clock_());
}

LineTraffic::Fetch::~Fetch() { finish(0); }

void LineTraffic::Fetch::finish(std::int64_t bytes) {
  if (std::exchange(is_over_, true)) return;
  lines_.end_fetch(from_, bytes);
}

void LineTraffic::end_fetch(const std::string& from, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  Incoming& incoming = incoming_[from];
  incoming.meter.end({bytes}, clock_());
  incoming.has_new_bytes = incoming.has_new_bytes || bytes > 0;
}

void LineTraffic::note_round_trip(const std::string& region, core::Duration taken) {
  const std::lock_guard lock(mutex_);
  incoming_[region].meter.note_round_trip(taken, clock_());
}

std::optional<hub::NoteLine> LineTraffic::take_news(const std::string& region) {
  const std::lock_guard lock(mutex_);
  const auto found = incoming_.find(region);
  if (found == incoming_.end()) return std::nullopt;
  Incoming& incoming = found->second;
  const core::Time now = clock_();
  hub::NoteLine news;
  news.from = region;
  const bool is_due = !incoming.rate_told_at || now - *incoming.rate_told_at >= kRateNewsEvery;
  if (incoming.has_new_bytes && is_due) {
    if (const auto rate = incoming.meter.find_rate(now)) {
      news.bits_per_second = *rate;
      incoming.has_new_bytes = false;
      incoming.rate_told_at = now;
    }
  }
  const auto delay = incoming.meter.find_delay(now);
  if (delay && is_changed(incoming.told_delay, *delay)) {
    news.delay = delay;
    incoming.told_delay = delay;
  }
  if (news.bits_per_second == 0 && !news.delay) return std::nullopt;
  return news;
}

void LineTraffic::stop() {
  std::map<std::uint64_t, Turn> waiting;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    waiting.swap(waiting_);
  }
  for (const auto& [number, turn] : waiting) {
    turn(core::Error{core::Reason::stopping, "line to another region"});
  }
}

}  // namespace intertie::service
