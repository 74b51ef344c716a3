// Requirements: canonical form, hash and bounds.
#include "intertie/placement/request.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "intertie/core/limits.h"

namespace intertie::placement {
namespace {

using core::Reason;
using core::Result;
namespace limits = core::limits;

constexpr std::size_t kListMax = 1'024;
// With job_tasks_max tasks, sums stay within 64 bits.
constexpr core::MilliCpus kCpusMax{1'000'000'000};
constexpr core::Bytes kMemoryMax{1LL << 46};

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923), over numbers and length-prefixed texts.
class Hash {
 public:
  void add(std::uint64_t word) {
    for (int byte = 0; byte < 8; ++byte, word >>= 8) add_byte(word & 0xFF);
  }
  void add(std::int64_t number) { add(static_cast<std::uint64_t>(number)); }
  void add(std::string_view text) {
    add(std::uint64_t{text.size()});
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
  }
  void add(const std::vector<std::string>& texts) {
    add(std::uint64_t{texts.size()});
    for (const std::string& text : texts) add(std::string_view(text));
  }
  void add(const std::vector<topology::SiteHandle>& sites) {
    add(std::uint64_t{sites.size()});
    for (const topology::SiteHandle site : sites) add(std::uint64_t{site.index});
  }
  std::uint64_t value() const { return value_; }

 private:
  void add_byte(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001B3ull; }

  std::uint64_t value_ = 0xCBF29CE484222325ull;
};

bool has_empty(const std::vector<std::string>& texts) {
  return std::ranges::find(texts, "") != texts.end();
}

Result<void> check_lists(const Requirements& requirements) {
  static const std::vector<std::string> kAnywhere;
  const auto& data_regions = requirements.data_regions ? *requirements.data_regions : kAnywhere;
  const struct {
    std::size_t size;
    bool has_empty_name;
    const char* field;
  } lists[] = {
      {requirements.software.size(), has_empty(requirements.software), "software"},
      {requirements.regions.size(), has_empty(requirements.regions), "regions"},
      {requirements.regions_excluded.size(), has_empty(requirements.regions_excluded),
       "regions_excluded"},
      {data_regions.size(), has_empty(data_regions), "data_regions"},
      {requirements.sites_excluded.size(), false, "sites_excluded"},
      {requirements.own_sites.size(), false, "own_sites"},
      {requirements.site_names_excluded.size(), has_empty(requirements.site_names_excluded),
       "site_names_excluded"},
  };
  for (const auto& list : lists) {
    if (list.size > kListMax) {
      return {Reason::out_of_range, std::string(list.field) + ": at most 1024"};
    }
    if (list.has_empty_name) return {Reason::bad_field, std::string(list.field) + ": empty name"};
  }
  return {};
}

Result<void> check_device_requests(const std::vector<DeviceRequest>& devices) {
  if (devices.size() > limits::device_requests_max) {
    return {Reason::out_of_range, "devices: at most 4 requests"};
  }
  for (const DeviceRequest& request : devices) {
    if (request.kind.empty()) return {Reason::bad_field, "devices.kind: empty"};
    if (request.count < 1 || request.count > std::int64_t{limits::devices_per_node_max}) {
      return {Reason::out_of_range, "devices.count: 1 to 64"};
    }
    if (request.memory < core::Bytes{} || request.memory > kMemoryMax) {
      return {Reason::out_of_range, "devices.memory"};
    }
  }
  return {};
}

}  // namespace

Requirements make_canonical(Requirements requirements) {
  std::ranges::sort(requirements.devices, {}, [](const DeviceRequest& request) {
    return std::tie(request.kind, request.model, request.count, request.memory);
  });
  sort_unique(requirements.software);
  sort_unique(requirements.regions);
  sort_unique(requirements.regions_excluded);
  sort_unique(requirements.sites_excluded);
  sort_unique(requirements.own_sites);
  sort_unique(requirements.site_names_excluded);
  if (requirements.data_regions) sort_unique(*requirements.data_regions);
  return requirements;
}

std::size_t hash_value(const Requirements& requirements) {
  Hash hash;
  const auto compute_class = requirements.compute_class;
  hash.add(compute_class ? static_cast<std::int64_t>(*compute_class) : std::int64_t{-1});
  hash.add(requirements.tasks);
  hash.add(requirements.cpus.count);
  hash.add(requirements.memory.count);
  hash.add(std::uint64_t{requirements.devices.size()});
  for (const DeviceRequest& request : requirements.devices) {
    hash.add(std::string_view(request.kind));
    hash.add(std::string_view(request.model));
    hash.add(request.count);
    hash.add(request.memory.count);
  }
  hash.add(std::uint64_t{requirements.rate.has_value()});
  if (requirements.rate) {
    hash.add(static_cast<std::uint64_t>(requirements.rate->precision));
    hash.add(requirements.rate->ops_per_second);
  }
  hash.add(requirements.software);
  hash.add(static_cast<std::uint64_t>(requirements.isolation));
  hash.add(static_cast<std::uint64_t>(requirements.network));
  hash.add(requirements.regions);
  hash.add(requirements.regions_excluded);
  hash.add(requirements.sites_excluded);
  hash.add(requirements.latency_max_ms.value_or(-1));
  hash.add(requirements.own_sites);
  hash.add(std::uint64_t{requirements.has_secrets});
  hash.add(requirements.site_names_excluded);
  hash.add(std::uint64_t{requirements.data_regions.has_value()});
  if (requirements.data_regions) hash.add(*requirements.data_regions);
  hash.add(static_cast<std::uint64_t>(requirements.data_classification));
  hash.add(requirements.scratch.count);
  return hash.value();
}

Result<void> check_requirements(const Requirements& requirements) {
  if (requirements.tasks < 1 || requirements.tasks > std::int64_t{limits::job_tasks_max}) {
    return {Reason::out_of_range, "tasks: 1 to 8192"};
  }
  if (requirements.cpus <= core::MilliCpus{} || requirements.cpus > kCpusMax) {
    return {Reason::out_of_range, "cpus: above 0, at most 1000000"};
  }
  if (requirements.memory < core::Bytes{} || requirements.memory > kMemoryMax) {
    return {Reason::out_of_range, "memory: at most 64 TiB"};
  }
  if (requirements.scratch < core::Bytes{} || requirements.scratch > kMemoryMax) {
    return {Reason::out_of_range, "scratch: at most 64 TiB"};
  }
  if (auto good = check_device_requests(requirements.devices); !good) return good;
  if (requirements.rate && requirements.rate->ops_per_second <= 0) {
    return {Reason::out_of_range, "rate: above 0"};
  }
  if (requirements.latency_max_ms && *requirements.latency_max_ms < 0) {
    return {Reason::out_of_range, "latency_max_ms: 0 or more"};
  }
  return check_lists(requirements);
}

Result<void> check_preferences(const JobPreferences& preferences) {
  const core::Duration limit = preferences.time_limit;
  if (limit <= core::Duration{} || limit > limits::job_timeout_max) {
    return {Reason::out_of_range, "time_limit: above 0, at most 720h"};
  }
  if (preferences.estimate &&
      (*preferences.estimate <= core::Duration{} || *preferences.estimate > limit)) {
    return {Reason::out_of_range, "estimate: above 0, at most the time limit"};
  }
  const bool is_price_bad = preferences.price_per_hour_of_delay < core::Money{} ||
                            (preferences.price_max && *preferences.price_max < core::Money{});
  if (is_price_bad) return {Reason::out_of_range, "price: below 0"};
  if (preferences.inputs.size() > kListMax) return {Reason::out_of_range, "inputs: at most 1024"};
  for (const DataLocation& input : preferences.inputs) {
    if (input.size < core::Bytes{}) return {Reason::out_of_range, "inputs.size: below 0"};
    if (input.regions.size() > kListMax) {
      return {Reason::out_of_range, "inputs.regions: at most 1024"};
    }
  }
  if (preferences.output < core::Bytes{}) return {Reason::out_of_range, "output: below 0"};
  return {};
}

}  // namespace intertie::placement
