// Reserving and releasing rates of lines.
#include "line_legs.h"

#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/placement/cost.h"

#include "decisions.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kReleasedPerLook = 1'000;
constexpr std::size_t kKeyBytesMax = 256;

std::vector<transfer::LineShare> list_shares(const State& state, const std::string& to) {
  std::vector<transfer::LineShare> shares;
  for (const auto& [number, leg] : state.line_legs) {
    if (leg.to == to) shares.push_back({leg.bits_per_second, leg.from, leg.until});
  }
  return shares;
}

LegPlan plan_size(const State& state, const std::string& to, core::Bytes size, core::Time now) {
  LegPlan plan;
  plan.size = size;
  const LineRegistered* line = state.find_line(to);
  if (line == nullptr || size < core::limits::line_leg_bytes_min) return plan;
  if (state.line_legs.size() < core::limits::line_legs_max) {
    plan.share = transfer::plan_share(list_shares(state, to), line->line.bandwidth_bits_per_second,
                                      size, now);
  }
  plan.is_full = !plan.share;
  return plan;
}

}  // namespace

LegPlan plan_leg(const State& state, const topology::RegionLines& lines,
                 const placement::JobPreferences& preferences, const std::string& to,
                 core::Time now) {
  if (preferences.inputs.empty() || state.find_line(to) == nullptr) return {};
  core::Bytes size;
  for (const placement::DataLocation& input : preferences.inputs) {
    const std::string* from = placement::find_source(preferences, input, to, &lines, now);
    if (from != nullptr && *from == state.facts.region) size += input.size;
  }
  return plan_size(state, to, size, now);
}

void emit_leg(Context& context, const std::string& to, std::string key, const LegPlan& plan) {
  LineReserved reserved;
  reserved.leg = context.state.next_line_leg;
  reserved.to = to;
  reserved.key = std::move(key);
  reserved.size = plan.size;
  reserved.bits_per_second = plan.share->bits_per_second;
  reserved.from = plan.share->from;
  reserved.until = plan.share->to;
  context.emit(std::move(reserved));
}

core::Result<Reply> decide(Context& context, const ReserveLine& command) {
  const State& state = context.state;
  if (command.key.empty() || command.key.size() > kKeyBytesMax) {
    return {core::Reason::bad_field, "key: 1 to 256 bytes"};
  }
  if (state.find_line(command.to) == nullptr) {
    return {core::Reason::not_found, "line to " + command.to};
  }
  if (state.find_leg(command.to, command.key) != nullptr) return Reply{Done{}};
  const LegPlan plan = plan_size(state, command.to, command.size, context.now);
  if (plan.share) emit_leg(context, command.to, command.key, plan);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const ReleaseLine& command) {
  const LineReserved* leg = context.state.find_leg(command.to, command.key);
  if (leg != nullptr) context.emit(LineReleased{leg->leg});
  return Reply{Done{}};
}

void check_legs(Context& context) {
  const State& state = context.state;
  for (std::size_t count = 0; count < kReleasedPerLook && !state.leg_expiries.empty(); ++count) {
    const auto [until, leg] = *state.leg_expiries.begin();
    if (until > context.now) return;
    context.emit(LineReleased{leg});
  }
}

void release_excess(Context& context, const std::string& to) {
  const State& state = context.state;
  const LineRegistered* line = state.find_line(to);
  const std::int64_t most =
      line == nullptr ? 0 : transfer::compute_reservable(line->line.bandwidth_bits_per_second);
  std::int64_t sum = 0;
  std::vector<std::uint64_t> excess;
  for (const auto& [number, leg] : state.line_legs) {
    if (leg.to != to) continue;
    if (sum + leg.bits_per_second > most) {
      excess.push_back(number);
    } else {
      sum += leg.bits_per_second;
    }
  }
  for (const std::uint64_t leg : excess) context.emit(LineReleased{leg});
}

}  // namespace intertie::hub
