// A part below a record: an identifier and what stands under it, "44P7K3QF00M2T9xx/n0123/g5".
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/codec/text.h"
#include "intertie/core/result.h"
#include "intertie/identity/identifier.h"

namespace intertie::identity {

inline constexpr std::size_t path_parts_max = 8;
inline constexpr std::size_t path_part_bytes_max = 64;

/// Nodes, cards and jobs have no record of their own: a million cards need thousands of signed
/// records, not a million.
struct Path {
  Identifier id;
  /// Each 1 to 64 of A-Z a-z 0-9 . _ -, not "." or ".."; case counts. At most 8.
  std::vector<std::string> parts;

  friend auto operator<=>(const Path&, const Path&) = default;
};

/// "<canonical identifier>/part/part", or the identifier alone.
std::string to_text(const Path& path);

/// Reads it; the identifier's part as freely as parse_identifier. Refuses with bad_identifier.
core::Result<Path> parse_path(std::string_view text);

/// The path one level down. Refuses with bad_identifier.
core::Result<Path> append_part(const Path& path, std::string_view part);

}  // namespace intertie::identity

template <>
struct intertie::codec::Text<intertie::identity::Path> {
  static constexpr std::string_view expected = "an identifier and parts: 44S7K3QF00M2T9QP/n1/g5";
  static std::string to_text(const identity::Path& path) { return identity::to_text(path); }
  static core::Result<identity::Path> from_text(std::string_view text) {
    return identity::parse_path(text);
  }
};
