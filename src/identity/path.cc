// Paths below a record.
#include "intertie/identity/path.h"

#include <algorithm>

namespace intertie::identity {
namespace {

bool is_part(std::string_view part) {
  if (part.empty() || part.size() > path_part_bytes_max || part == "." || part == "..") {
    return false;
  }
  return std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

core::Error refuse_path(std::string detail) {
  return {core::Reason::bad_identifier, "path: " + std::move(detail)};
}

}  // namespace

std::string to_text(const Path& path) {
  std::string text = to_text(path.id);
  for (const std::string& part : path.parts) text += "/" + part;
  return text;
}

core::Result<Path> parse_path(std::string_view text) {
  std::size_t slash = text.find('/');
  auto id = parse_identifier(text.substr(0, slash));
  if (!id) return id.error();
  Path path{*id, {}};
  while (slash != std::string_view::npos) {
    text.remove_prefix(slash + 1);
    slash = text.find('/');
    auto longer = append_part(path, text.substr(0, slash));
    if (!longer) return longer.error();
    path = *std::move(longer);
  }
  return path;
}

core::Result<Path> append_part(const Path& path, std::string_view part) {
  if (path.parts.size() >= path_parts_max) {
    return refuse_path("more than " + std::to_string(path_parts_max) + " parts");
  }
  if (!is_part(part)) {
    return refuse_path("part " + std::to_string(path.parts.size() + 1) +
                       ": expected 1 to 64 of A-Z a-z 0-9 . _ -");
  }
  Path longer = path;
  longer.parts.emplace_back(part);
  return longer;
}

}  // namespace intertie::identity
