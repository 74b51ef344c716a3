// Upcasters: records written in an older format are brought to the current one as they are read.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/core/result.h"

namespace intertie::storage {

/// Bytes of one version to bytes of the next. Pure. Refuses with store_damaged.
using UpcastFunction = core::Result<std::string> (*)(std::string_view bytes);

/// How heads of `kind` go from `from_version` to from_version + 1.
struct UpcastStep {
  std::uint16_t kind = 0;
  std::uint16_t from_version = 1;
  UpcastFunction head = nullptr;
};

/// The current version of one kind.
struct KindVersion {
  std::uint16_t kind = 0;
  std::uint16_t version = 1;
};

/// A closed table: every kind the program knows and the steps from every older version. Immutable,
/// so any thread may use it.
class Upcasters {
 public:
  /// Asserts that for each kind the steps 1, 2, ... version - 1 are all there, once, and no other.
  Upcasters(const std::vector<KindVersion>& kinds, const std::vector<UpcastStep>& steps);

  /// The version that the program writes for `kind`; asserts that it knows it.
  std::uint16_t current_version(std::uint16_t kind) const;

  /// The head in the current version. `scratch` holds the result if a step ran; a head that is
  /// current is returned as it is, without a copy. version_too_new: kind or version is unknown.
  core::Result<std::string_view> upcast_head(std::uint16_t kind, std::uint16_t version,
                                             std::string_view head, std::string& scratch) const;

 private:
  std::map<std::uint16_t, std::vector<UpcastFunction>> steps_;  // By kind; [i]: from i + 1.
};

}  // namespace intertie::storage
