// Reading settings. A handful of stats at every start, so nothing here may be slow.
#include "session/setting_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "intertie/codec/yaml.h"

#include "session/context.h"
#include "session/local_file.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kSettingBytesMax = 64u << 10;
constexpr const char* kProjectFile = "/.intertie.yaml";

/// A folder that others may write to must not decide what we do.
bool is_own_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  return status.st_uid == ::geteuid() || status.st_uid == 0;
}

std::string find_project_file() {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::current_path(error);
  if (error) return {};
  while (true) {
    std::string path = (folder == "/" ? "" : folder.string()) + kProjectFile;
    if (is_own_file(path)) return path;
    if (!folder.has_parent_path() || folder == folder.parent_path()) return {};
    folder = folder.parent_path();
  }
}

std::string get_system_file() {
  const char* const folders = std::getenv("XDG_CONFIG_DIRS");
  std::string first = folders == nullptr ? "" : folders;
  first = first.substr(0, first.find(':'));
  return (first.empty() ? "/etc" : first) + "/intertie/config.yaml";
}

/// Empty where there is no such file.
std::variant<SettingLayer, Complaint> read_layer(const std::string& path) {
  SettingLayer layer{path, {}};
  if (path.empty() || !is_own_file(path)) return layer;
  const core::Result<std::string> text = read_file(path, kSettingBytesMax);
  if (!text) return make_complaint(text.error());
  auto values =
      codec::from_yaml<std::map<std::string, std::string>>(*text, codec::Boundary::strict);
  if (!values) {
    return make_complaint({values.error().reason, path + ": " + values.error().detail},
                          "Write lines such as: output: json");
  }
  layer.values = *std::move(values);
  return layer;
}

std::map<std::string, std::string> read_environment() {
  std::map<std::string, std::string> environment;
  const auto add = [&environment](const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    if (value != nullptr) environment[name] = value;
  };
  for (const SettingSpec& spec : get_setting_specs()) add(std::string(spec.variable));
  add("NO_COLOR");
  return environment;
}

SettingLayer read_options(const Invocation& invocation) {
  SettingLayer layer{"an option", {}};
  const std::size_t typed = invocation.options_typed.value_or(invocation.options.size());
  for (std::size_t i = 0; i < typed; ++i) {
    const auto& [name, value] = invocation.options[i];
    const auto is_it = [&name](const SettingSpec& spec) { return spec.name == name; };
    if (std::ranges::any_of(get_setting_specs(), is_it)) layer.values[name] = value;
  }
  return layer;
}

}  // namespace

std::variant<std::vector<SettingLayer>, Complaint> read_setting_layers(
    const Invocation& invocation) {
  std::vector<SettingLayer> layers = {read_options(invocation)};
  for (SettingLayer& layer : read_variable_layers(read_environment())) {
    layers.push_back(std::move(layer));
  }
  for (const std::string& path :
       {find_project_file(), get_config_home() + "/config.yaml", get_system_file()}) {
    auto read = read_layer(path);
    if (Complaint* const complaint = std::get_if<Complaint>(&read)) return std::move(*complaint);
    layers.push_back(std::get<SettingLayer>(std::move(read)));
  }
  for (const SettingLayer& layer : layers) {
    if (std::optional<Complaint> complaint = check_layer(layer)) return *std::move(complaint);
  }
  return layers;
}

std::optional<Complaint> apply_settings(Invocation& invocation) {
  auto layers = read_setting_layers(invocation);
  if (Complaint* const complaint = std::get_if<Complaint>(&layers)) return std::move(*complaint);
  invocation.options_typed = invocation.options.size();
  for (const SettingValue& value : resolve_settings(std::get<0>(layers))) {
    // NO_COLOR is weaker than --color, which the terminal knows; a context says where it is from.
    if (value.name == "context" || value.name == "ask" || value.value.empty()) continue;
    if (!invocation.has(value.name)) invocation.options.emplace_back(value.name, value.value);
  }
  return std::nullopt;
}

SettingValue find_context_setting() {
  for (const std::string& path : {find_project_file(), get_config_home() + "/config.yaml"}) {
    const auto read = read_layer(path);
    const SettingLayer* const layer = std::get_if<SettingLayer>(&read);
    if (layer == nullptr) continue;
    const auto found = layer->values.find("context");
    if (found != layer->values.end()) return {"context", found->second, path};
  }
  return {};
}

bool may_ask() {
  const auto layers = read_setting_layers({});
  if (layers.index() != 0) return true;
  for (const SettingValue& value : resolve_settings(std::get<0>(layers))) {
    if (value.name == "ask") return value.value != "never";
  }
  return true;
}

}  // namespace intertie::cli
