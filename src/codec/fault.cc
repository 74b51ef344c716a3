#include "fault.h"

#include <algorithm>

#include "utf8.h"

namespace intertie::codec {
namespace {

constexpr std::size_t kNameBytesMax = 64;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-';
         });
}

}  // namespace

std::string quote_name(std::string_view name) {
  if (is_plain_name(name)) return std::string(name);
  std::string text = "\"";
  std::size_t taken = 0;
  while (taken < name.size() && taken < kNameBytesMax) {
    const std::size_t length = find_utf8_length(name.substr(taken));
    const bool is_shown = length > 1 || (length == 1 && name[taken] >= ' ' && name[taken] != 0x7f);
    if (is_shown) {
      text.append(name.substr(taken, length));
    } else {
      text += '?';
    }
    taken += std::max<std::size_t>(length, 1);
  }
  if (taken < name.size()) text += "...";
  return text += '"';
}

std::string render_path(const Fault& fault) {
  std::string path;
  for (auto step = fault.steps.rbegin(); step != fault.steps.rend(); ++step) {
    if (step->is_index) {
      path.append("[").append(std::to_string(step->index)).append("]");
    } else if (is_plain_name(step->key)) {
      if (!path.empty()) path += '.';
      path += step->key;
    } else {
      path.append("[").append(quote_name(step->key)).append("]");
    }
  }
  return path;
}

core::Error to_error(const Fault& fault) {
  std::string detail = render_path(fault);
  if (!detail.empty()) detail += ": ";
  return {fault.reason, detail + fault.message};
}

}  // namespace intertie::codec
