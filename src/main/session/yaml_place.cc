// Walks a parsed YAML text along a field's path.
#include "session/yaml_place.h"

#include <cstdlib>
#include <exception>

#include <yaml-cpp/yaml.h>

namespace intertie::cli {
namespace {

/// Takes "data", "in", "[2]", "to" one after another off the front.
std::string take_part(std::string_view& path) {
  if (path.starts_with(".")) path.remove_prefix(1);
  std::size_t end = path.find_first_of(".[", 1);
  if (path.starts_with("[")) end = path.find(']') + 1;
  const std::string part(path.substr(0, end));
  path = end >= path.size() ? std::string_view() : path.substr(end);
  return part;
}

int walk(YAML::Node node, std::string_view path) {
  int line = 0;
  while (!path.empty()) {
    const std::string part = take_part(path);
    YAML::Node next;
    if (part.starts_with("[") && node.IsSequence()) {
      const auto place = static_cast<std::size_t>(std::atol(part.c_str() + 1));
      if (place >= node.size()) return line;
      next.reset(node[place]);
      line = next.Mark().line + 1;
    } else if (node.IsMap()) {
      bool is_found = false;
      for (const auto& entry : node) {
        if (entry.first.Scalar() != part) continue;
        line = entry.first.Mark().line + 1;
        next.reset(entry.second);
        is_found = true;
      }
      if (!is_found) return line;
    } else {
      return line;
    }
    node.reset(next);
  }
  return line;
}

}  // namespace

int find_line(const std::string& text, std::string_view detail) {
  try {
    return walk(YAML::Load(text), detail.substr(0, detail.find(": ")));
  } catch (const std::exception&) {  // yaml-cpp throws; what cannot be read has no places.
    return 0;
  }
}

}  // namespace intertie::cli
