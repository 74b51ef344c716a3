#include "call.h"

#include <charconv>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

namespace intertie::api {
namespace {

core::Error refuse(const std::string& name, const std::string& expected) {
  return {core::Reason::bad_field, "?" + name + ": " + expected};
}

}  // namespace

void respond(const Call& call, Response response) {
  if (!call.request.traceparent.empty()) {
    response.headers.emplace_back("traceparent", call.request.traceparent);
  }
  call.answer->respond(std::move(response));
}

void fail(const Call& call, const core::Error& error) { respond(call, make_problem(error)); }

void submit_then(const CallPointer& call, hub::Command command,
                 std::function<void(hub::Reply)> then) {
  call->backend.submit(std::move(command),
                       [call, then = std::move(then)](core::Result<hub::Reply> reply) {
                         if (!reply) return fail(*call, reply.error());
                         then(std::move(*reply));
                       });
}

std::optional<std::string> find_query(const Call& call, const std::string& name) {
  const auto found = call.request.query.find(name);
  if (found == call.request.query.end()) return std::nullopt;
  return found->second;
}

core::Result<std::uint64_t> parse_number(std::string_view text, std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = code == std::errc() && end == text.data() + text.size();
  if (!is_whole || (text.size() > 1 && text.front() == '0')) {
    return {core::Reason::bad_field, std::string(name) + ": expected a number"};
  }
  return number;
}

core::Result<std::uint64_t> read_number(const Call& call, const std::string& name,
                                        std::uint64_t otherwise) {
  const auto text = find_query(call, name);
  if (!text) return otherwise;
  return parse_number(*text, "?" + name);
}

core::Result<std::size_t> read_limit(const Call& call) {
  const auto limit = read_number(call, "limit", core::limits::page_length_default);
  if (!limit) return limit.error();
  if (*limit < 1 || *limit > core::limits::page_length_max) {
    return core::Error{core::Reason::out_of_range,
                       "?limit: 1 to " + std::to_string(core::limits::page_length_max)};
  }
  return static_cast<std::size_t>(*limit);
}

core::Result<std::optional<core::Time>> read_time(const Call& call, const std::string& name) {
  const auto text = find_query(call, name);
  if (!text) return std::optional<core::Time>();
  const auto time = core::parse_rfc3339(*text);
  if (!time) return refuse(name, time.error().detail);
  return std::optional(*time);
}

core::Result<core::Duration> read_wait(const Call& call) {
  const auto text = find_query(call, "wait");
  if (!text) return core::Duration{};
  const auto wait = core::parse_duration(*text);
  if (!wait) return refuse("wait", wait.error().detail);
  if (*wait > core::limits::long_poll_max) {
    return core::Error{core::Reason::out_of_range,
                       "?wait: at most " + core::to_text(core::limits::long_poll_max)};
  }
  return *wait;
}

std::string make_cursor(char kind, std::string_view key) {
  return crypto::encode_base64url(crypto::as_bytes(std::string(1, kind) + std::string(key)));
}

core::Result<std::optional<std::string>> read_cursor(const Call& call, char kind,
                                                     std::size_t key_length) {
  const auto text = find_query(call, "after");
  if (!text) return std::optional<std::string>();
  const auto bytes = crypto::decode_base64url(*text);
  if (!bytes || bytes->size() != key_length + 1 || (*bytes)[0] != static_cast<std::uint8_t>(kind)) {
    return refuse("after", "expected the `next` of an earlier page of this list");
  }
  return std::optional(std::string(crypto::as_text(*bytes).substr(1)));
}

}  // namespace intertie::api
