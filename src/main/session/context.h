// Which hub to talk to, and with which token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"

namespace intertie::cli {

/// A context file: YAML, mode 0600.
struct Context {
  std::string address;  // "https://127.0.0.1:7300"
  std::string
      fingerprint;  // SHA-256 of the hub's certificate, hex; empty: the system's authorities.
  std::string token;
  std::string currency;  // For amounts of money on the screen.

  static constexpr std::string_view required_fields[] = {"address", "token"};
};
BOOST_DESCRIBE_STRUCT(Context, (), (address, fingerprint, token, currency))

struct FoundContext {
  Context context;
  std::string path;
  /// "--context", "$INTERTIE_CONTEXT", a settings file, "the user's file", "intertie dev".
  std::string origin;
};

/// Finds the context: `wished` (--context), then $INTERTIE_CONTEXT, then what a settings file
/// names, then ~/.config/intertie/context.yaml, which `context use` makes, then that of the newest
/// running `intertie dev`. The first two are names (`context add`) or files, a settings file may
/// only name: a folder that came from elsewhere must not bring a hub along. Refuses with
/// not_signed_in if there is none, io_failed or the codec's reasons if it cannot be read.
core::Result<FoundContext> find_context(std::optional<std::string_view> wished);

/// Letters, digits, '-', '_' and '.', not at the start; at most 64.
bool is_context_name(std::string_view text);

/// Where the context of this name is or would be.
std::string get_context_path(std::string_view name);

struct NamedContext {
  std::string name;
  std::string path;
  bool is_used = false;  // `context use` has chosen it.
};

/// All that have names, in their order.
std::vector<NamedContext> list_contexts();

/// Makes it the user's context. already_exists: the user's file is there and was not made by this;
/// io_failed.
core::Result<void> use_context(std::string_view name);

/// The one that use_context has chosen; empty: none.
std::string get_used_context();

/// Writes a context file (0600), replacing it in one step.
core::Result<void> write_context(const std::string& path, const Context& context);

/// Makes `path` the context of the newest `intertie dev`, and takes it back if it still is.
core::Result<void> publish_dev_context(const std::string& path);
void withdraw_dev_context(const std::string& path);

/// $XDG_CONFIG_HOME/intertie or ~/.config/intertie.
std::string get_config_home();

/// $XDG_DATA_HOME/intertie or ~/.local/share/intertie.
std::string get_data_home();

}  // namespace intertie::cli
