#include "line_traffic.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"

namespace intertie::service {
namespace {

constexpr core::Duration kRateNewsEvery = core::seconds(5);
// A wish that was not granted is told again so late.
constexpr core::Duration kWishEvery = core::seconds(10);
constexpr std::size_t kWishesMax = 10'000;

bool is_changed(const std::optional<core::Duration>& told, core::Duration delay) {
  if (!told) return true;
  const std::int64_t difference =
      std::max(told->count, delay.count) - std::min(told->count, delay.count);
  return difference * 8 > told->count;
}

}  // namespace

LineTraffic::Line& LineTraffic::take_line(const topology::RegionLine& registered, core::Time now) {
  const std::int64_t rate = registered.bandwidth_bits_per_second;
  const auto [found, is_new] =
      lines_.try_emplace(registered.to, Line{rate, transfer::LinePacer(rate, now), {}, {}});
  Line& line = found->second;
  if (std::exchange(line.bits_per_second, rate) != rate) line.pacer.set_bandwidth(rate, now);
  return line;
}

void LineTraffic::take_legs(const hub::State& state, core::Time now) {
  // Numbers only grow, and a leg never changes.
  if (next_leg_ == state.next_line_leg && leg_count_ == state.line_legs.size()) return;
  next_leg_ = state.next_line_leg;
  leg_count_ = state.line_legs.size();
  for (auto& entry : lines_) {
    auto& line = entry.second;
    std::erase_if(line.legs, [&](const auto& row) {
      if (state.line_legs.contains(row.second.number)) return false;
      line.pacer.drop_leg(row.second.number, now);
      return true;
    });
  }
  for (const auto& [number, reserved] : state.line_legs) {
    const auto line = lines_.find(reserved.to);
    if (line == lines_.end()) continue;
    const Leg leg{number, reserved.size.count, 0};
    if (!line->second.legs.try_emplace(reserved.key, leg).second) continue;
    line->second.pacer.put_leg(number, reserved.bits_per_second, now);
  }
}

void LineTraffic::look(const hub::HubMachine& machine) {
  const hub::State& state = machine.state();
  if (state.lines.empty()) return;
  const core::Time now = clock_();
  const std::lock_guard lock(mutex_);
  for (const hub::LineRegistered& registered : state.lines) {
    if (registered.is_retired) {
      lines_.erase(registered.line.to);
    } else {
      take_line(registered.line, now);
    }
  }
  take_legs(state, now);
}

void LineTraffic::wait_turn(const api::LineUse& use, std::int64_t wanted, Turn done) {
  auto booked = book(use, wanted);
  if (!booked || booked->wait <= core::Duration{}) {
    return done(booked ? core::Result<std::int64_t>(booked->bytes) : booked.error());
  }
  std::unique_lock lock(mutex_);
  if (is_stopping_) {
    lock.unlock();
    return done(core::Error{core::Reason::stopping, "line to " + use.region});
  }
  const std::uint64_t number = next_++;
  waiting_.emplace(number, std::move(done));
  deadlines_.add(booked->wait, [this, number, bytes = booked->bytes] { give_turn(number, bytes); });
}

core::Result<LineTraffic::Booking> LineTraffic::book(const api::LineUse& use, std::int64_t wanted) {
  const std::lock_guard lock(mutex_);
  const std::string name = "line to " + use.region;
  if (is_stopping_) return core::Error{core::Reason::stopping, name};
  const auto line = lines_.find(use.region);
  if (line == lines_.end()) {
    sent_[use.region] += wanted;
    return Booking{wanted, {}};
  }
  const auto leg = line->second.legs.find(use.leg);
  const bool has_leg = leg != line->second.legs.end();
  const core::Time now = clock_();
  const auto turn = line->second.pacer.book(has_leg ? leg->second.number : 0, wanted, now,
                                            now + core::limits::line_wait_max);
  if (turn.bytes == 0) return core::Error{core::Reason::busy, name};
  if (has_leg) leg->second.sent += turn.bytes;
  sent_[use.region] += turn.bytes;
  return Booking{turn.bytes, turn.at - now};
}

std::optional<hub::Command> LineTraffic::find_wish(const api::LineUse& use) {
  if (use.leg.empty() || use.size < core::limits::line_leg_bytes_min) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(use.region);
  if (found == lines_.end()) return std::nullopt;
  Line& line = found->second;
  const auto leg = line.legs.find(use.leg);
  const bool has_leg = leg != line.legs.end();
  if (has_leg && leg->second.sent < leg->second.size) return std::nullopt;
  const core::Time now = clock_();
  const auto told = line.told.find(use.leg);
  if (told != line.told.end() && now - told->second < kWishEvery) return std::nullopt;
  if (line.told.size() >= kWishesMax) line.told.clear();
  line.told[use.leg] = now;
  if (has_leg) return hub::ReleaseLine{use.region, use.leg};
  return hub::ReserveLine{use.region, use.leg, use.size};
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

void LineTraffic::note_arrival(const std::string& region, std::int64_t bytes, core::Duration took) {
  if (took <= core::Duration{} || bytes <= 0) return;
  const std::lock_guard lock(mutex_);
  Incoming& incoming = incoming_[region];
  incoming.meter.note_arrival({bytes}, took, clock_());
  incoming.has_new_bytes = true;
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
