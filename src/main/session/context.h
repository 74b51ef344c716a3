// Which hub to talk to, and with which token.
#pragma once

#include <optional>
#include <string>
#include <string_view>

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
  std::string origin;  // "--context", "$INTERTIE_CONTEXT", "the user's file", "intertie dev".
};

/// Finds the context: `wished` (--context), then $INTERTIE_CONTEXT, then
/// ~/.config/intertie/context.yaml, then that of the newest running `intertie dev`. Refuses with
/// not_signed_in if there is none, io_failed or the codec's reasons if it cannot be read.
core::Result<FoundContext> find_context(std::optional<std::string_view> wished);

/// Writes a context file (0600), replacing it in one step.
core::Result<void> write_context(const std::string& path, const Context& context);

/// Makes `path` the context of the newest `intertie dev`, and takes it back if it still is.
core::Result<void> publish_dev_context(const std::string& path);
void withdraw_dev_context(const std::string& path);

/// $XDG_DATA_HOME/intertie or ~/.local/share/intertie.
std::string get_data_home();

}  // namespace intertie::cli
