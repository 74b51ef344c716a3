#include "site_file_plan.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace intertie::service {
namespace {

constexpr std::string_view kWork = "/work/";
constexpr std::string_view kIn = "/in/";
constexpr std::string_view kPrivate = "private";
constexpr std::array<std::string_view, 12> kSystemFolders = {
    "bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr"};

core::Error make_refusal(const std::string& path, const char* what) {
  return {core::Reason::staging_failed, path + ": " + what};
}

std::string get_parent(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool is_system_folder(std::string_view folder) {
  folder.remove_prefix(1);
  const std::string_view first = folder.substr(0, folder.find('/'));
  return std::ranges::find(kSystemFolders, first) != kSystemFolders.end();
}

bool is_beneath(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

/// The place of a path that needs no bind of its own, or nothing.
std::string find_usual_place(const std::string& path) {
  if (path.front() != '/') return "work/" + path;
  if (path.starts_with(kWork)) return path.substr(1);
  if (path.starts_with(kIn)) return path.substr(1);
  return {};
}

core::Result<void> check_path(const std::string& path, topology::Isolation isolation) {
  if (path.front() != '/') return {};
  if (isolation == topology::Isolation::process) {
    return make_refusal(path, "absolute paths need isolation namespace");
  }
  if (path == "/work" || path == "/in") return make_refusal(path, "is a folder of every task");
  return {};
}

/// Every folder above `place`, the top one first.
void add_parents(const std::string& place, std::set<std::string>& folders) {
  for (std::size_t slash = place.find('/'); slash != std::string::npos;
       slash = place.find('/', slash + 1)) {
    folders.insert(place.substr(0, slash));
  }
}

core::Result<std::vector<std::string>> find_bound_folders(const hub::JobDocument& document,
                                                          topology::Isolation isolation) {
  std::set<std::string> parents;
  for (const hub::DataOut& output : document.data.out) {
    if (auto checked = check_path(output.path, isolation); !checked) return checked.error();
    if (output.path.starts_with(kIn)) return make_refusal(output.path, "/in is read-only");
    if (!find_usual_place(output.path).empty()) continue;
    const std::string parent = get_parent(output.path);
    if (parent.empty() || is_system_folder(parent)) {
      return make_refusal(output.path, "outputs cannot lie in a folder of the system");
    }
    parents.insert(parent);
  }
  std::vector<std::string> bound;
  for (const std::string& parent : parents) {
    const bool is_covered = std::ranges::any_of(
        bound, [&](const std::string& folder) { return is_beneath(parent, folder); });
    if (!is_covered) bound.push_back(parent);
  }
  return bound;
}

}  // namespace

core::Result<FilePlan> plan_files(const hub::JobDocument& document, topology::Isolation isolation) {
  const auto bound = find_bound_folders(document, isolation);
  if (!bound) return bound.error();
  FilePlan plan;
  std::set<std::string> folders = {"in", "work"};
  for (const std::string& folder : *bound) {
    const std::string place = std::string(kPrivate) + folder;
    folders.insert(place);
    add_parents(place, folders);
    plan.binds.push_back({place, folder, false});
  }
  for (std::size_t index = 0; index < document.data.in.size(); ++index) {
    const std::string& path = document.data.in[index].to;
    if (auto checked = check_path(path, isolation); !checked) return checked.error();
    std::string place = find_usual_place(path);
    if (place.empty()) {
      place = std::string(kPrivate) + path;
      const bool is_covered = std::ranges::any_of(
          *bound, [&](const std::string& folder) { return is_beneath(path, folder); });
      if (!is_covered) plan.binds.push_back({place, path, true});
    }
    add_parents(place, folders);
    plan.inputs.push_back({index, std::move(place)});
  }
  for (const hub::DataOut& output : document.data.out) {
    std::string place = find_usual_place(output.path);
    if (place.empty()) place = std::string(kPrivate) + output.path;
    add_parents(place, folders);
    plan.outputs.push_back({hub::get_output_name(output), std::move(place)});
  }
  plan.folders.assign(folders.begin(), folders.end());
  return plan;
}

}  // namespace intertie::service
