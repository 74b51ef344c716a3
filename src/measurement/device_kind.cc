#include "intertie/measurement/device_kind.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "intertie/codec/yaml.h"
#include "intertie/core/limits.h"

#include "builtin_device_kinds.h"

namespace intertie::measurement {

using core::Reason;

namespace {

constexpr std::size_t name_bytes_max = 32;

core::Error refuse_kind(const std::string& path, std::string_view field, std::string_view what) {
  return {Reason::bad_field, path + '.' + std::string(field) + ": " + std::string(what)};
}

bool is_kind_name(std::string_view name) {
  return !name.empty() && name.size() <= name_bytes_max &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

/// Letters, digits and underscores, as POSIX wants environment names.
bool is_variable_name(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

/// The components between the slashes; empty ones left out.
std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

/// Absolute, and without components that lead elsewhere.
bool is_safe_path(std::string_view path) {
  const std::vector<std::string_view> parts = split_path(path);
  return path.substr(0, 1) == "/" && path.find('\0') == std::string_view::npos &&
         std::find(parts.begin(), parts.end(), "..") == parts.end();
}

core::Result<void> check_fact(const FactSource& fact, const std::string& path) {
  if (fact.file.empty()) {
    const bool is_empty = fact.key.empty() && fact.where_key.empty() && fact.where_value.empty();
    if (!is_empty) return refuse_kind(path, "file", "missing");
    return {};
  }
  if (!is_safe_path(fact.file)) return refuse_kind(path, "file", "must be absolute, without ..");
  const std::vector<std::string_view> parts = split_path(fact.file);
  const auto stars = std::count(parts.begin(), parts.end(), "*");
  if (stars > 1 || std::count(fact.file.begin(), fact.file.end(), '*') != stars) {
    return refuse_kind(path, "file", "one * at most, as a whole path component");
  }
  if (stars == 1 && fact.where_key.empty()) {
    return refuse_kind(path, "where_key", "needed beside a *");
  }
  return {};
}

core::Result<void> check_kind(const DeviceKind& kind, const std::string& path) {
  if (!is_kind_name(kind.name)) return refuse_kind(path, "name", "1 to 32 of a-z, 0-9 and -");
  if (!is_safe_path(kind.node_prefix) || kind.node_prefix.back() == '/') {
    return refuse_kind(path, "node_prefix", "must be absolute and end in a name, without ..");
  }
  for (const std::string& node : kind.shared_nodes) {
    if (!is_safe_path(node)) return refuse_kind(path, "shared_nodes", "must be absolute paths");
  }
  if (!kind.visible_variable.empty() && !is_variable_name(kind.visible_variable)) {
    return refuse_kind(path, "visible_variable", "not a variable's name");
  }
  for (const std::string& variable : kind.environment) {
    const std::size_t equals = variable.find('=');
    if (equals == std::string::npos ||
        !is_variable_name(std::string_view(variable).substr(0, equals))) {
      return refuse_kind(path, "environment", "expected NAME=value");
    }
  }
  for (const FactCheck& check : kind.checks) {
    if (check.fact.file.empty()) return refuse_kind(path, "checks", "a fact without file");
    if (auto done = check_fact(check.fact, path + ".checks"); !done) return done;
  }
  if (auto done = check_fact(kind.model, path + ".model"); !done) return done;
  if (auto done = check_fact(kind.memory, path + ".memory"); !done) return done;
  return check_fact(kind.pci_address, path + ".pci_address");
}

}  // namespace

core::Result<std::vector<DeviceKind>> parse_device_kinds(std::string_view text) {
  core::Result<DeviceKinds> file = codec::from_yaml<DeviceKinds>(text, codec::Boundary::strict);
  if (!file) return file.error();
  if (file->kinds.size() > core::limits::device_kinds_max)
    return {Reason::too_large, "kinds: more than 64"};
  for (std::size_t i = 0; i < file->kinds.size(); ++i) {
    const std::string path = "kinds[" + std::to_string(i) + ']';
    if (auto checked = check_kind(file->kinds[i], path); !checked) return checked.error();
    for (std::size_t j = 0; j < i; ++j) {
      if (file->kinds[j].name == file->kinds[i].name)
        return refuse_kind(path, "name", "given twice");
    }
  }
  return std::move(file->kinds);
}

const std::vector<DeviceKind>& get_builtin_device_kinds() {
  static const std::vector<DeviceKind> kKinds = [] {
    std::vector<DeviceKind> all;
    for (const std::string_view text : get_builtin_texts()) {
      const core::Result<std::vector<DeviceKind>> kinds = parse_device_kinds(text);
      assert(kinds.has_value());
      all = merge_device_kinds(std::move(all), *kinds);
    }
    return all;
  }();
  return kKinds;
}

std::vector<DeviceKind> merge_device_kinds(std::vector<DeviceKind> base,
                                           const std::vector<DeviceKind>& extra) {
  for (const DeviceKind& kind : extra) {
    const auto same = std::find_if(
        base.begin(), base.end(), [&](const DeviceKind& known) { return known.name == kind.name; });
    if (same != base.end()) {
      *same = kind;
    } else {
      base.push_back(kind);
    }
  }
  return base;
}

DeviceExposure compute_exposure(const DeviceKind& kind, std::vector<Device> devices) {
  std::sort(devices.begin(), devices.end(),
            [](const Device& a, const Device& b) { return a.number < b.number; });
  DeviceExposure exposure;
  exposure.variable = kind.visible_variable;
  exposure.environment = kind.environment;
  for (const Device& device : devices) {
    assert(device.kind == kind.name);
    const bool is_first = exposure.nodes.empty();
    const bool by_number = kind.numbering == Numbering::number;
    const std::string separator = is_first ? "" : ",";
    exposure.value += separator + std::to_string(by_number ? device.number : device.ordinal);
    exposure.isolated_value +=
        separator + std::to_string(by_number ? device.number
                                             : static_cast<std::int64_t>(exposure.nodes.size()));
    exposure.nodes.push_back(device.node);
  }
  exposure.nodes.insert(exposure.nodes.end(), kind.shared_nodes.begin(), kind.shared_nodes.end());
  return exposure;
}

}  // namespace intertie::measurement
