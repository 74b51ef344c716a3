#include "byte_range.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace intertie::api {
namespace {

std::optional<std::uint64_t> parse_position(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

core::Result<std::optional<ByteRange>> parse_byte_range(std::string_view header,
                                                        std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  const std::optional<ByteRange> none;
  if (header.substr(0, unit.size()) != unit) return none;
  const std::string_view spec = header.substr(unit.size());
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return none;
  const std::string_view first_text = spec.substr(0, dash);
  const std::string_view last_text = spec.substr(dash + 1);
  const core::Error beyond{core::Reason::out_of_range,
                           "Range: the content has " + std::to_string(size) + " bytes"};
  if (first_text.empty()) {  // The last N bytes.
    const auto count = parse_position(last_text);
    if (!count) return none;
    if (*count == 0 || size == 0) return beyond;
    const std::uint64_t length = std::min(*count, size);
    return std::optional(ByteRange{size - length, length});
  }
  const auto first = parse_position(first_text);
  if (!first) return none;
  auto last = last_text.empty() ? std::optional(UINT64_MAX) : parse_position(last_text);
  if (!last || *last < *first) return none;
  if (*first >= size) return beyond;
  return std::optional(ByteRange{*first, std::min(*last, size - 1) - *first + 1});
}

std::string clip_byte_range(const std::string& header, std::uint64_t most) {
  constexpr std::string_view unit = "bytes=";
  const bool has_begin = header.size() > unit.size() && header[unit.size()] != '-';
  const auto range = parse_byte_range(header, UINT64_MAX);
  if (!has_begin || !range || !*range || (*range)->length <= most) return header;
  return std::string(unit) + std::to_string((*range)->offset) + "-" +
         std::to_string((*range)->offset + most - 1);
}

Response make_unsatisfiable(std::uint64_t size) {
  Response response = make_problem(
      {core::Reason::out_of_range, "Range: the content has " + std::to_string(size) + " bytes"},
      416);
  response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
  return response;
}

Response make_partial(std::string bytes, std::uint64_t offset, std::uint64_t size) {
  Response response;
  response.status = 206;
  response.content_type = "application/octet-stream";
  response.headers.emplace_back("Content-Range", "bytes " + std::to_string(offset) + "-" +
                                                     std::to_string(offset + bytes.size() - 1) +
                                                     "/" + std::to_string(size));
  response.body = std::move(bytes);
  return response;
}

}  // namespace intertie::api
