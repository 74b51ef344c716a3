#include "job_inputs.h"

#include <algorithm>
#include <optional>

#include "intertie/transfer/dataset_name.h"

namespace intertie::api {
namespace {

// Copies may have been brought under different policies: all of them hold.
core::Result<void> take_policy(hub::DataIn& input, const DatasetView& copy) {
  input.classification = std::max(input.classification, copy.policy.classification);
  const auto& regions = copy.policy.regions;
  if (regions.empty()) return {};
  if (input.allowed.empty()) {
    input.allowed = regions;
    return {};
  }
  std::erase_if(input.allowed, [&](const std::string& region) {
    return std::ranges::find(regions, region) == regions.end();
  });
  if (!input.allowed.empty()) return {};
  return {core::Reason::data_policy, "its copies may lie in no region together"};
}

core::Result<void> take_copies(hub::DataIn& input, const std::vector<DatasetView>& copies,
                               const std::string& home) {
  const DatasetView& first = copies.front();
  input.size = first.size_bytes;
  const bool is_only_here = copies.size() == 1 && first.region == home;
  for (const DatasetView& copy : copies) {
    if (!is_only_here) input.regions.push_back(copy.region);
    if (auto done = take_policy(input, copy); !done) return done;
  }
  // By the digest of the whole only this hub's own copy can be found again.
  const auto key = transfer::parse_dataset_key(input.from);
  const bool is_kept =
      key && key->kind == transfer::DatasetKey::Kind::whole && first.region == home;
  if (!is_kept) input.from = first.id;
  return {};
}

void forget_what_users_wrote(hub::DataIn& input) {
  input.regions.clear();
  input.allowed.clear();
  input.classification = {};
}

}  // namespace

std::vector<std::string> list_input_keys(const hub::JobDocument& document) {
  std::vector<std::string> keys;
  for (const hub::DataIn& input : document.data.in) {
    if (!input.from.empty()) keys.push_back(input.from);
  }
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

core::Result<void> complete_known_inputs(hub::JobDocument& document, const LocatedDatasets& located,
                                         const std::string& home) {
  for (hub::DataIn& input : document.data.in) {
    forget_what_users_wrote(input);
    const auto found = located.find(input.from);
    if (found == located.end() || !found->second) continue;
    if (auto done = take_copies(input, *found->second, home); !done) return done;
  }
  return {};
}

core::Result<void> complete_inputs(hub::JobDocument& document, const LocatedDatasets& located,
                                   const std::string& home) {
  for (std::size_t i = 0; i < document.data.in.size(); ++i) {
    hub::DataIn& input = document.data.in[i];
    forget_what_users_wrote(input);
    if (input.from.empty()) {
      input.size = {static_cast<std::int64_t>(input.content.size())};
      continue;
    }
    const std::string field = "data.in[" + std::to_string(i) + "].from: ";
    const auto& copies = located.at(input.from);
    if (!copies) {
      const core::Error& error = copies.error();
      const bool is_key = transfer::parse_dataset_key(input.from).has_value();
      return {is_key ? error.reason : core::Reason::bad_field, field + error.detail};
    }
    if (auto done = take_copies(input, *copies, home); !done) {
      return {done.error().reason, field + done.error().detail};
    }
  }
  return {};
}

}  // namespace intertie::api
