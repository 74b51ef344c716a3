// The table of lines between regions.
#include "intertie/topology/region_lines.h"

#include <algorithm>

#include "intertie/core/limits.h"

namespace intertie::topology {
namespace {

namespace limits = core::limits;

constexpr std::int64_t kMicrosPerMilli = 1'000;

}  // namespace

core::Result<void> check_line(const RegionLine& line) {
  if (line.from.size() != 2 || line.to.size() != 2) {
    return {core::Reason::bad_field, "from, to: two characters each"};
  }
  if (line.from == line.to) return {core::Reason::bad_field, "to: the same region"};
  if (line.bandwidth_bits_per_second <= 0 ||
      line.bandwidth_bits_per_second > limits::line_bits_per_second_max) {
    return {core::Reason::out_of_range, "bandwidth_bits_per_second: above 0, at most 10^14"};
  }
  if (line.latency_ms < 0 || line.latency_ms > limits::line_latency_ms_max) {
    return {core::Reason::out_of_range, "latency_ms: 0 to 60000"};
  }
  if (line.price_per_gigabyte.count < 0 ||
      line.price_per_gigabyte.count > limits::line_price_micros_max) {
    return {core::Reason::out_of_range, "price_per_gigabyte: 0 to 1000000"};
  }
  return {};
}

bool is_rate_fresh(const LineMeasurement& measured, core::Time now) {
  return measured.bits_per_second > 0 && now < measured.rate_at + limits::line_rate_fresh;
}

void RegionLines::put(const RegionLine& line) {
  Row& row = rows_[{line.from, line.to}];
  const bool is_same =
      row.registered && row.registered->bandwidth_bits_per_second == line.bandwidth_bits_per_second;
  if (row.registered && !is_same) row.measured = {};
  row.registered = line;
}

void RegionLines::set_rate(const Ends& ends, std::int64_t bits_per_second, core::Time at) {
  LineMeasurement& measured = rows_[ends].measured;
  measured.bits_per_second = std::max<std::int64_t>(bits_per_second, 0);
  measured.rate_at = at;
}

void RegionLines::set_delay(const Ends& ends, core::Duration one_way) {
  rows_[ends].measured.delay = std::max(one_way, core::Duration{});
}

void RegionLines::forget_measured_into(std::string_view to) {
  for (auto row = rows_.begin(); row != rows_.end();) {
    if (row->first.second == to) row->second.measured = {};
    const bool is_empty = !row->second.registered && row->second.measured == LineMeasurement{};
    row = is_empty ? rows_.erase(row) : std::next(row);
  }
}

const RegionLines::Row* RegionLines::find(const Ends& ends) const {
  const auto found = rows_.find(ends);
  return found == rows_.end() ? nullptr : &found->second;
}

LineTerms RegionLines::get_terms(const Ends& ends, core::Time now) const {
  LineTerms terms{limits::line_assumed_bits_per_second, limits::line_assumed_latency_ms, {}};
  const Row* row = find(ends);
  if (row == nullptr) return terms;
  if (row->registered) {
    terms = {row->registered->bandwidth_bits_per_second, row->registered->latency_ms,
             row->registered->price_per_gigabyte};
  }
  const LineMeasurement& measured = row->measured;
  if (is_rate_fresh(measured, now)) {
    // The sender keeps to what is registered; a meter may see more in the moments between.
    const std::int64_t most = row->registered ? terms.bits_per_second : measured.bits_per_second;
    terms.bits_per_second = std::min(measured.bits_per_second, most);
  }
  if (measured.delay) {
    const std::int64_t micros = measured.delay->count;
    terms.latency_ms = micros / kMicrosPerMilli + (micros % kMicrosPerMilli > 0 ? 1 : 0);
  }
  return terms;
}

}  // namespace intertie::topology
