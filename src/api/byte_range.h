// The Range header (RFC 9110 section 14): one range of bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/api/request.h"
#include "intertie/core/result.h"

namespace intertie::api {

/// Bytes [offset, offset + length).
struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// The part of `size` bytes that the header asks for: nothing if there is no header, or one that
/// this reader leaves alone as the RFC permits (another unit, several ranges, nonsense).
/// out_of_range if it lies beyond the end. Pure.
core::Result<std::optional<ByteRange>> parse_byte_range(std::string_view header,
                                                        std::uint64_t size);

/// The same header for at most `most` bytes from the same place; another kind of header as it is.
std::string clip_byte_range(const std::string& header, std::uint64_t most);

/// 416 with the size that there is.
Response make_unsatisfiable(std::uint64_t size);

/// 206 with Content-Range.
Response make_partial(std::string bytes, std::uint64_t offset, std::uint64_t size);

}  // namespace intertie::api
