#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "intertie/core/limits.h"
#include "intertie/measurement_probes/discover.h"

#include "small_file.h"

namespace intertie::measurement_probes {

using measurement::Device;
using measurement::DeviceKind;
using measurement::FactSource;

namespace {

namespace fs = std::filesystem;

struct Place {
  std::string name;  // Last component of the device node.
  std::int64_t number = 0;
};

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string fill_in(std::string text, const Place& place) {
  const auto replace = [&text](std::string_view from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
      text.replace(at, from.size(), to);
      at += to.size();
    }
  };
  replace("{name}", place.name);
  replace("{number}", std::to_string(place.number));
  return text;
}

/// Files that `pattern` names; one path component may be "*". Sorted.
std::vector<fs::path> expand(const fs::path& root, const std::string& pattern) {
  const fs::path relative = fs::path(pattern).relative_path();
  const std::size_t star = relative.string().find('*');
  if (star == std::string::npos) return {root / relative};
  fs::path before;
  fs::path after;
  bool is_after = false;
  for (const fs::path& part : relative) {
    if (part == "*" && !is_after) {
      is_after = true;
    } else {
      (is_after ? after : before) /= part;
    }
  }
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(root / before, error), end; !error && entry != end;
       entry.increment(error)) {
    files.push_back(entry->path() / after);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<std::string> read_fact(const FactSource& source, const Place& place,
                                     const fs::path& root) {
  if (source.file.empty()) return std::nullopt;
  for (const fs::path& file : expand(root, fill_in(source.file, place))) {
    const std::optional<std::string> text = read_small_file(file);
    if (!text) continue;
    if (!source.where_key.empty() &&
        find_value(*text, source.where_key) != fill_in(source.where_value, place)) {
      continue;
    }
    if (source.key.empty()) return text;
    if (std::optional<std::string> value = find_value(*text, source.key)) return value;
  }
  return std::nullopt;
}

bool is_node(const fs::path& path, measurement::NodeType type) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return false;
  if (type == measurement::NodeType::any) return !S_ISDIR(facts.st_mode);
  return S_ISCHR(facts.st_mode);
}

/// Nodes are the prefix followed by digits alone: "/dev/nvidia0" but not "/dev/nvidiactl".
std::vector<Place> find_nodes(const DeviceKind& kind, const fs::path& root) {
  const fs::path prefix = fs::path(kind.node_prefix).relative_path();
  const std::string name_prefix = prefix.filename().string();
  std::vector<Place> places;
  std::error_code error;
  for (fs::directory_iterator entry(root / prefix.parent_path(), error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with(name_prefix)) continue;
    const char* digits = name.data() + name_prefix.size();
    const char* stop = name.data() + name.size();
    std::int64_t number = 0;
    const auto [parsed, failure] = std::from_chars(digits, stop, number);
    if (failure != std::errc{} || parsed != stop || number < 0) continue;
    if (is_node(entry->path(), kind.node_type)) places.push_back({name, number});
  }
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.number < b.number; });
  return places;
}

bool passes_checks(const DeviceKind& kind, const Place& place, const fs::path& root) {
  return std::all_of(kind.checks.begin(), kind.checks.end(), [&](const auto& check) {
    const std::optional<std::string> fact = read_fact(check.fact, place, root);
    return fact && lower(*fact) == lower(check.equals);
  });
}

Device describe(const DeviceKind& kind, const Place& place, const fs::path& root) {
  Device device;
  device.kind = kind.name;
  device.number = place.number;
  device.node = (fs::path(kind.node_prefix).parent_path() / place.name).string();
  device.model = read_fact(kind.model, place, root).value_or("");
  for (const measurement::ModelName& known : kind.model_names) {
    if (lower(known.raw) == lower(device.model)) device.model = known.name;
  }
  const std::optional<std::string> memory = read_fact(kind.memory, place, root);
  device.memory =
      core::Bytes{memory ? std::max<std::int64_t>(find_number(*memory).value_or(0), 0) : 0};
  device.pci_address = read_fact(kind.pci_address, place, root).value_or("");
  return device;
}

}  // namespace

std::vector<Device> discover_devices(const std::vector<DeviceKind>& kinds,
                                     const std::filesystem::path& root) {
  std::vector<Device> devices;
  for (const DeviceKind& kind : kinds) {
    std::int64_t ordinal = 0;
    for (const Place& place : find_nodes(kind, root)) {
      if (!passes_checks(kind, place, root)) continue;
      if (devices.size() == core::limits::devices_per_node_max) return devices;
      devices.push_back(describe(kind, place, root));
      devices.back().ordinal = ordinal++;
    }
  }
  return devices;
}

std::vector<measurement::MeasuredDevices> group_devices(const std::vector<Device>& devices) {
  std::vector<measurement::MeasuredDevices> groups;
  for (const Device& device : devices) {
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.kind == device.kind && group.model == device.model &&
             group.memory == device.memory;
    });
    if (same != groups.end()) {
      ++same->count;
    } else {
      groups.push_back({device.kind, device.model, 1, device.memory, {}});
    }
  }
  return groups;
}

}  // namespace intertie::measurement_probes
