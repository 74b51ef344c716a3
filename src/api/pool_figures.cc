#include "pool_figures.h"

namespace intertie::api {

PriceView make_price_view(const topology::PriceTable& price) {
  return {price.per_cpu_hour, price.per_gib_hour, price.per_device_hour, price.minimum};
}

MeasuredView make_measured_view(const topology::Capability& measured, core::Time now) {
  return {measured.rates_per_cpu,
          measured.rates_per_device,
          measured.memory_bytes_per_second,
          measured.disk_read_bytes_per_second,
          measured.disk_write_bytes_per_second,
          measured.measured_at,
          measured.expires,
          topology::is_valid_at(measured, now)};
}

CapacityView make_capacity_view(const placement::FreeCounts& counts) {
  CapacityView view{counts.cpus, counts.memory, 0, counts.scratch};
  for (const std::int64_t one : counts.devices) view.devices += one;
  return view;
}

FragmentationView make_fragmentation_view(const placement::CardSummary& summary) {
  return {summary.free, summary.stranded_milli, summary.whole_nodes, summary.largest,
          summary.cpus_per_card};
}

}  // namespace intertie::api
