// Context files and where they are looked for.
#include "session/context.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "intertie/codec/yaml.h"

#include "command_line/suggest.h"
#include "session/local_file.h"
#include "session/setting_files.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kContextBytesMax = 64u << 10;
constexpr std::size_t kContextNameMax = 64;

std::string get_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// $HOME, or what the system says: a service may run without the variable.
std::string get_home() {
  const std::string home = get_variable("HOME");
  if (!home.empty()) return home;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16u << 10> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0) return {};
  return found == nullptr || entry.pw_dir == nullptr ? std::string() : entry.pw_dir;
}

std::string get_folder(const char* variable, const char* below_home) {
  const std::string folder = get_variable(variable);
  if (!folder.empty() && folder.front() == '/') return folder + "/intertie";
  const std::string home = get_home();
  if (!home.empty()) return home + "/" + below_home + "/intertie";
  return "/tmp/intertie-" + std::to_string(::getuid());
}

/// A context names the hub that gets our work, so one that somebody else put there is not used.
bool is_own(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  return status.st_uid == ::geteuid() || status.st_uid == 0;
}

std::string get_dev_link() { return get_data_home() + "/newest-dev.context.yaml"; }

core::Result<FoundContext> read_context(const std::string& path, const std::string& origin) {
  const core::Result<std::string> text = read_file(path, kContextBytesMax);
  if (!text) return text.error();
  core::Result<Context> context = codec::from_yaml<Context>(*text, codec::Boundary::tolerant);
  if (!context) return {context.error().reason, path + ": " + context.error().detail};
  return FoundContext{*std::move(context), path, origin};
}

std::string get_user_file() { return get_config_home() + "/context.yaml"; }

/// A name that `context add` gave, else a file.
core::Result<FoundContext> read_named(const std::string& text, const std::string& origin) {
  std::error_code error;
  const bool is_name = is_context_name(text);
  if (is_name && std::filesystem::exists(get_context_path(text), error)) {
    return read_context(get_context_path(text), origin);
  }
  core::Result<FoundContext> found = read_context(text, origin);
  if (found || !is_name || found.error().reason != core::Reason::io_failed) return found;
  std::vector<std::string> names;
  for (const NamedContext& context : list_contexts()) names.push_back(context.name);
  const std::optional<std::string> near = suggest_word(text, names);
  if (!near) return found;
  return {core::Reason::io_failed,
          found.error().detail + ", nor a context of this name. Did you mean '" + *near + "'?"};
}

}  // namespace

std::string get_config_home() { return get_folder("XDG_CONFIG_HOME", ".config"); }

std::string get_data_home() { return get_folder("XDG_DATA_HOME", ".local/share"); }

bool is_context_name(std::string_view text) {
  if (text.empty() || text.size() > kContextNameMax || text.front() == '.') return false;
  return std::ranges::all_of(text, [](char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::string get_context_path(std::string_view name) {
  return get_config_home() + "/contexts/" + std::string(name) + ".yaml";
}

std::vector<NamedContext> list_contexts() {
  std::vector<NamedContext> contexts;
  const std::string used = get_used_context();
  std::error_code error;
  const std::string folder = get_config_home() + "/contexts";
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".yaml" || !is_context_name(name)) continue;
    contexts.push_back({name, entry.path().string(), name == used});
  }
  std::ranges::sort(contexts, {}, &NamedContext::name);
  return contexts;
}

core::Result<void> use_context(std::string_view name) {
  const std::string link = get_user_file();
  std::error_code error;
  const auto status = std::filesystem::symlink_status(link, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_symlink(status)) {
    return {core::Reason::already_exists, link + " is a file of its own"};
  }
  const std::string temporary = link + "." + std::to_string(::getpid());
  std::filesystem::remove(temporary, error);
  std::filesystem::create_symlink(get_context_path(name), temporary, error);
  if (!error) std::filesystem::rename(temporary, link, error);
  if (error) return {core::Reason::io_failed, link + ": " + error.message()};
  return {};
}

std::string get_used_context() {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::read_symlink(get_user_file(), error);
  if (error) return {};
  const std::string name = target.stem().string();
  return target == get_context_path(name) ? name : "";
}

core::Result<FoundContext> find_context(std::optional<std::string_view> wished) {
  if (wished) return read_named(std::string(*wished), "--context");
  const std::string variable = get_variable("INTERTIE_CONTEXT");
  if (!variable.empty()) return read_named(variable, "$INTERTIE_CONTEXT");
  if (const SettingValue setting = find_context_setting(); !setting.value.empty()) {
    if (!is_context_name(setting.value)) {
      return {core::Reason::bad_field, setting.origin + ": context: '" + setting.value +
                                           "' is no name; intertie context add gives one"};
    }
    return read_context(get_context_path(setting.value), setting.origin);
  }
  const std::string own = get_user_file();
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(own, error))) {
    return read_context(own, "the user's file");
  }
  const std::string dev = get_dev_link();
  if (is_own(dev)) return read_context(dev, "intertie dev");
  return {core::Reason::not_signed_in, "no context: neither --context nor INTERTIE_CONTEXT, no " +
                                           own + ", and no intertie dev of yours is running"};
}

core::Result<void> write_context(const std::string& path, const Context& context) {
  return write_private_file(path, codec::to_json_pretty(context) + "\n");  // JSON is YAML.
}

core::Result<void> publish_dev_context(const std::string& path) {
  const std::string link = get_dev_link();
  std::error_code error;
  std::filesystem::create_directories(get_data_home(), error);
  const std::string temporary = link + "." + std::to_string(::getpid());
  std::filesystem::remove(temporary, error);
  std::filesystem::create_symlink(path, temporary, error);
  if (!error) std::filesystem::rename(temporary, link, error);
  if (error) return {core::Reason::io_failed, link + ": " + error.message()};
  return {};
}

void withdraw_dev_context(const std::string& path) {
  std::error_code error;
  const std::string link = get_dev_link();
  const std::filesystem::path target = std::filesystem::read_symlink(link, error);
  if (!error && target == path) std::filesystem::remove(link, error);
  std::filesystem::remove(path, error);
}

}  // namespace intertie::cli
