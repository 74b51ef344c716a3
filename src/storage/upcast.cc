#include "intertie/storage/upcast.h"

#include <cassert>

namespace intertie::storage {

Upcasters::Upcasters(const std::vector<KindVersion>& kinds, const std::vector<UpcastStep>& steps) {
  for (const KindVersion& known : kinds) {
    assert(known.version >= 1);
    const bool is_new =
        steps_.emplace(known.kind, std::vector<UpcastFunction>(known.version - 1u)).second;
    assert(is_new);
  }
  for (const UpcastStep& step : steps) {
    const auto known = steps_.find(step.kind);
    assert(known != steps_.end() && step.head != nullptr);
    assert(step.from_version >= 1 && step.from_version <= known->second.size());
    UpcastFunction& slot = known->second[step.from_version - 1u];
    assert(slot == nullptr);
    slot = step.head;
  }
  for (const auto& [kind, functions] : steps_) {
    for (const UpcastFunction function : functions) assert(function != nullptr);
  }
}

std::uint16_t Upcasters::current_version(std::uint16_t kind) const {
  const auto known = steps_.find(kind);
  assert(known != steps_.end());
  return static_cast<std::uint16_t>(known->second.size() + 1);
}

core::Result<std::string_view> Upcasters::upcast_head(std::uint16_t kind, std::uint16_t version,
                                                      std::string_view head,
                                                      std::string& scratch) const {
  const auto known = steps_.find(kind);
  if (known == steps_.end() || version > known->second.size() + 1) {
    return {core::Reason::version_too_new,
            "record kind " + std::to_string(kind) + " version " + std::to_string(version)};
  }
  if (version == 0) {
    return {core::Reason::store_damaged, "record kind " + std::to_string(kind) + " version 0"};
  }
  for (std::size_t from = version; from <= known->second.size(); ++from) {
    core::Result<std::string> next = known->second[from - 1](head);
    if (!next.has_value()) return next.error();
    scratch = *std::move(next);
    head = scratch;
  }
  return head;
}

}  // namespace intertie::storage
