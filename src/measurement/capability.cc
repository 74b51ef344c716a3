#include "intertie/measurement/capability.h"

namespace intertie::measurement {

namespace {

std::vector<core::Rate> collect_rates(const std::vector<Figure>& figures, Spread Figure::*which) {
  std::vector<core::Rate> rates;
  for (const Figure& figure : figures) {
    const std::optional<core::Precision> precision = find_precision(figure.what);
    const std::int64_t rate = (figure.*which).median;
    if (precision && figure.source == Source::measured && rate > 0) {
      rates.push_back({*precision, rate});
    }
  }
  return rates;
}

std::int64_t find_wall_clock(const Statement& statement, Measure what) {
  const Figure* figure = find_figure(statement, what);
  return figure != nullptr ? figure->wall_clock.median : 0;
}

}  // namespace

topology::Capability compute_capability(const Statement& statement) {
  topology::Capability capability;
  capability.rates_per_cpu = collect_rates(statement.figures, &Figure::per_cpu_second);
  if (!statement.devices.empty()) {
    capability.rates_per_device =
        collect_rates(statement.devices.front().figures, &Figure::wall_clock);
  }
  if (const Figure* triad = find_figure(statement, Measure::memory_triad)) {
    // Threads that take turns each see the whole memory to themselves, so CPU seconds would promise
    // too much. The best repeat of a busy machine was at least reached.
    capability.memory_bytes_per_second =
        triad->contended ? triad->wall_clock.high : triad->wall_clock.median;
  }
  capability.disk_read_bytes_per_second = find_wall_clock(statement, Measure::disk_read);
  capability.disk_write_bytes_per_second = find_wall_clock(statement, Measure::disk_write);
  capability.measured_at = statement.ended;
  capability.expires = statement.expires;
  return capability;
}

}  // namespace intertie::measurement
