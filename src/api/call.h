// One request on its way through a handler, and the handler's tools.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/api/auth.h"
#include "intertie/api/backend.h"
#include "intertie/api/request.h"
#include "intertie/api/views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/core/result.h"

namespace intertie::api {

class RouterCore;
struct Route;

/// Who asks: a principal of the hub with the scopes of its token, limited by its role.
struct Caller {
  std::uint32_t principal = 0;
  std::string name;
  hub::Role role = hub::Role::user;
  ScopeSet scopes = 0;
  core::Time expires;

  bool is_operator() const { return role == hub::Role::operator_; }
  bool may(Scope scope) const {
    return (scopes & (scope_bit(scope) | scope_bit(Scope::admin))) != 0;
  }
};

struct Call {
  RouterCore& core;
  Backend& backend;
  Request request;
  AnswerPointer answer;
  const Route* route = nullptr;
  std::vector<std::string> parameters;  // What the pattern's braces matched, in their order.
  Caller caller;                        // User listener.
  std::uint32_t site = 0;               // Site listener: the handle of the site that calls.
  std::uint32_t peer = 0;               // Site listener: the handle of the hub that calls.
  std::string peer_key;                 // Site listener: text of the certificate's key.
  std::string hub_region = {};          // Datasets: of this hub,
  std::string caller_region = {};       // and of the caller, in whose names the answer is.
};
using CallPointer = std::shared_ptr<Call>;

void respond(const Call& call, Response response);
void fail(const Call& call, const core::Error& error);

template <class View>
Response make_response(const View& view, int status = 200) {
  Response response;
  response.status = status;
  response.body = codec::to_json(view);
  return response;
}

template <class View>
void respond_view(const Call& call, const View& view, int status = 200) {
  respond(call, make_response(view, status));
}

/// Reads the body as a document of a person: unknown fields are refused, and so are more than
/// `bytes_max` bytes, before any is looked at.
template <class T>
std::optional<T> read_body(const Call& call,
                           std::size_t bytes_max = core::limits::document_bytes_max) {
  if (call.request.body.size() > bytes_max) {
    fail(call, {core::Reason::too_large,
                "a document longer than " + std::to_string(bytes_max) + " bytes"});
    return std::nullopt;
  }
  auto decoded = codec::from_json<T>(call.request.body, codec::Boundary::strict);
  if (decoded) return std::move(*decoded);
  fail(call, decoded.error());
  return std::nullopt;
}

/// Looks at the state on the engine's thread; when what was seen is durable, `then` gets what
/// `look` returned, off the engine's thread. A refusal is answered. `look` must be quick.
template <class Look, class Then>
void look_then(const CallPointer& call, Look look, Then then) {
  call->backend.read(
      [call, look = std::move(look), then = std::move(then)](
          const core::Result<const hub::HubMachine*>& machine) mutable -> Backend::DurableAction {
        if (!machine) {
          return [call, error = machine.error()] { fail(*call, error); };
        }
        auto seen = std::make_shared<decltype(look(**machine))>(look(**machine));
        return [call, seen, then = std::move(then)]() mutable {
          call->backend.run_aside(
              [call, seen, then = std::move(then)]() mutable { then(std::move(*seen)); });
        };
      });
}

/// Sends a command; a refusal is answered, a reply goes to `then` (on the engine's thread).
void submit_then(const CallPointer& call, hub::Command command,
                 std::function<void(hub::Reply)> then);

// Query parameters. Each refuses with bad_field and the parameter's name.
std::optional<std::string> find_query(const Call& call, const std::string& name);
core::Result<std::uint64_t> read_number(const Call& call, const std::string& name,
                                        std::uint64_t otherwise);
core::Result<std::size_t> read_limit(const Call& call);  // 1 to page_length_max.
core::Result<std::optional<core::Time>> read_time(const Call& call, const std::string& name);
core::Result<core::Duration> read_wait(const Call& call);  // 0 to long_poll_max.

/// A decimal number without sign or leading zeros; bad_field.
core::Result<std::uint64_t> parse_number(std::string_view text, std::string_view name);

/// Opaque page cursors: the kind keeps a cursor of one list from being used with another.
std::string make_cursor(char kind, std::string_view key);
/// The key after which the page begins, or nothing for the first page. bad_field.
core::Result<std::optional<std::string>> read_cursor(const Call& call, char kind,
                                                     std::size_t key_length);

}  // namespace intertie::api
