// Lines between regions: registering them, announcing them, believing what others announce.
#include "lines.h"

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/digest.h"
#include "intertie/hub/line_record.h"

#include "decisions.h"
#include "line_legs.h"

namespace intertie::hub {
namespace {

core::Result<void> check_own(const State& state, const LineRecord& record) {
  const topology::RegionLine& line = record.line;
  if (line.from != state.facts.region || line.owner != state.facts.id) {
    return {core::Reason::denied, "the hub of region " + line.from + " registers this line"};
  }
  const LineRegistered* known = state.find_line_version(line.to);
  if (record.status == kLineRetired && state.find_line(line.to) == nullptr) {
    return {core::Reason::not_found, "line to " + line.to};
  }
  if (known == nullptr && state.lines.size() >= core::limits::peers_max) {
    return {core::Reason::too_large, "peers_max"};
  }
  if (record.seq != (known == nullptr ? 1 : known->seq + 1)) {
    return {core::Reason::stale_sequence, "line to " + line.to};
  }
  const std::string identifier =
      known == nullptr
          ? make_line_identifier(line.from, line.to, static_cast<std::uint32_t>(state.lines.size()))
          : known->line.identifier;
  if (line.identifier != identifier) {
    return {core::Reason::bad_field, "identifier: not " + identifier};
  }
  return {};
}

bool is_known_delay(core::Duration delay) {
  return delay >= core::Duration{} &&
         delay <= core::milliseconds(core::limits::line_latency_ms_max);
}

bool is_known_rate(std::int64_t bits_per_second) {
  return bits_per_second > 0 && bits_per_second <= core::limits::line_bits_per_second_max;
}

}  // namespace

core::Result<Reply> decide(Context& context, const RegisterLine& command) {
  const State& state = context.state;
  const auto key = crypto::parse_public_key(state.facts.sign_key);
  if (!key) return key.error();
  const auto record = open_line_record(command.record, *key);
  if (!record) return record.error();
  if (const auto checked = check_own(state, *record); !checked) return checked.error();
  LineRegistered registered{record->line, record->seq, command.record,
                            crypto::compute_sha256(command.record), record->status == kLineRetired};
  const std::string to = registered.line.to;
  context.emit(std::move(registered), command.record);
  release_excess(context, to);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const NoteLine& command) {
  const std::string& here = context.state.facts.region;
  if (command.from.size() != 2 || command.from == here) {
    return {core::Reason::bad_field, "from: another region"};
  }
  topology::RegionLines& lines = context.soft.grid.lines();
  if (is_known_rate(command.bits_per_second)) {
    lines.set_rate({command.from, here}, command.bits_per_second, context.now);
  }
  if (command.delay && is_known_delay(*command.delay)) {
    lines.set_delay({command.from, here}, *command.delay);
  }
  ++context.soft.lines_noted;
  return Reply{Done{}};
}

void add_lines(const Context& context, BeaconsSent& sent, Beacon& beacon) {
  const State& state = context.state;
  sent.lines.resize(state.lines.size());
  for (std::size_t at = 0; at < state.lines.size(); ++at) {
    const bool is_told = std::exchange(sent.lines[at], state.lines[at].seq) == state.lines[at].seq;
    if (beacon.is_full || !is_told) beacon.lines.push_back(state.lines[at].record);
  }
  for (const auto& [ends, row] : context.soft.grid.lines().rows()) {
    if (ends.second != state.facts.region || row.measured == topology::LineMeasurement{}) continue;
    topology::LineMeasurement& told = sent.measured[ends.first];
    const bool is_told = std::exchange(told, row.measured) == row.measured;
    if (is_told && !beacon.is_full) continue;
    const core::Duration age = std::max(context.now - row.measured.rate_at, core::Duration{});
    beacon.measured.push_back({ends.first, row.measured.bits_per_second, age, row.measured.delay});
  }
}

void take_lines(Context& context, const PeerAdded& peer, const Beacon& beacon) {
  topology::RegionLines& lines = context.soft.grid.lines();
  for (const std::string& envelope : beacon.lines) {
    const auto key = crypto::parse_public_key(peer.sign_key);
    if (!key) break;
    const auto record = open_line_record(envelope, *key);
    // A hub speaks for the lines that leave its region, and for no others.
    if (!record || record->line.from != peer.region || record->line.owner != peer.id) continue;
    put_line(lines, record->line, record->status == kLineRetired);
    context.soft.is_grid_woken = true;
  }
  for (const LineReport& report : beacon.measured) {
    const topology::RegionLines::Ends ends{report.from, peer.region};
    if (report.from.size() != 2 || report.from == peer.region) continue;
    if (is_known_rate(report.bits_per_second) && report.age >= core::Duration{} &&
        report.age < core::limits::line_rate_fresh) {
      lines.set_rate(ends, report.bits_per_second, context.now - report.age);
    }
    if (report.delay && is_known_delay(*report.delay)) lines.set_delay(ends, *report.delay);
  }
}

void put_line(topology::RegionLines& lines, const topology::RegionLine& line, bool is_retired) {
  if (is_retired) {
    lines.drop({line.from, line.to});
  } else {
    lines.put(line);
  }
}

void drop_silent_lines(Context& context) {
  topology::RegionLines& lines = context.soft.grid.lines();
  if (lines.rows().empty()) return;
  for (std::uint32_t peer = 0; peer < context.state.peers.size(); ++peer) {
    if (context.soft.grid.is_heard(peer)) continue;
    lines.forget_measured_into(context.state.peers[peer].terms.region);
  }
}

}  // namespace intertie::hub
