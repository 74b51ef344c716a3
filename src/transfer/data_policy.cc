// The policy of a dataset.
#include "intertie/transfer/data_policy.h"

#include <algorithm>

#include "intertie/core/limits.h"

namespace intertie::transfer {
namespace {

constexpr std::size_t kNameBytesMax = 200;

bool is_name(const std::string& text, std::size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max &&
         std::ranges::all_of(text, [](char byte) { return byte > ' ' && byte != '\x7f'; });
}

std::string_view get_name(Classification classification) {
  switch (classification) {
    case Classification::open:
      return "open";
    case Classification::internal_:
      return "internal";
    case Classification::confidential:
      return "confidential";
    case Classification::secret:
      return "secret";
  }
  return "unknown";
}

}  // namespace

core::Result<void> check_policy(const DataPolicy& policy) {
  if (policy.readers.size() > core::limits::dataset_readers_max) {
    return {core::Reason::too_large, "readers: at most dataset_readers_max"};
  }
  if (policy.regions.size() > core::limits::dataset_regions_max) {
    return {core::Reason::too_large, "regions: at most dataset_regions_max"};
  }
  for (const std::string& reader : policy.readers) {
    if (!is_name(reader, kNameBytesMax)) return {core::Reason::bad_field, "readers: a name"};
  }
  for (const std::string& region : policy.regions) {
    if (region.size() != 2 || !is_name(region, 2)) {
      return {core::Reason::bad_field, "regions: two characters each"};
    }
  }
  return {};
}

core::Result<void> check_reader(const DataPolicy& policy, const std::string& owner,
                                const std::string& reader) {
  if (reader == owner || std::ranges::find(policy.readers, reader) != policy.readers.end()) {
    return {};
  }
  return {core::Reason::not_found, "dataset"};
}

core::Result<void> check_place(const DataPolicy& policy, const DataPlace& place, core::Time now) {
  const auto& regions = policy.regions;
  if (!regions.empty() && std::ranges::find(regions, place.region) == regions.end()) {
    return {core::Reason::data_policy, "region " + place.region + " is not among its regions"};
  }
  if (policy.classification > place.cleared) {
    return {core::Reason::data_policy, "classified " +
                                           std::string(get_name(policy.classification)) +
                                           ", cleared for " + std::string(get_name(place.cleared))};
  }
  if (policy.keep_until && *policy.keep_until <= now) {
    return {core::Reason::data_policy, "kept until " + core::to_rfc3339(*policy.keep_until)};
  }
  return {};
}

}  // namespace intertie::transfer
