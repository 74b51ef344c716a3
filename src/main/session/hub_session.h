// The hub that a verb talks to: its context and its client.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "intertie/api_client/client.h"
#include "intertie/core/result.h"

#include "command_line/parse.h"
#include "output/complaint.h"
#include "session/context.h"
#include "session/terminal.h"

namespace intertie::cli {

/// One connection, one thread.
/// No object has this name: the nearest of `known` is suggested, if one is near.
Complaint complain_about_name(const core::Error& error, std::string_view typed,
                              std::span<const std::string> known, std::string_view list_command);

/// Why there is no session: the context is missing, or cannot be used.
Complaint complain_about_context(const core::Error& error);

class HubSession {
 public:
  /// Reads the context; contacts nothing. With --explain-api each call is shown as a curl command
  /// with the token hidden. The terminal must outlive the session.
  static core::Result<HubSession> open(const Invocation& invocation, const Terminal& terminal);

  api_client::Client& client() { return client_; }
  const FoundContext& context() const { return context_; }
  const std::string& currency() const { return context_.context.currency; }

  /// An error of a call: names the context where the hub cannot be reached or does not take the
  /// token. `missing` is the way out when the object does not exist.
  Complaint complain(const core::Error& error, std::string_view missing = {}) const;

 private:
  HubSession(FoundContext context, api_client::Client client)
      : context_(std::move(context)), client_(std::move(client)) {}

  FoundContext context_;
  api_client::Client client_;
};

}  // namespace intertie::cli
