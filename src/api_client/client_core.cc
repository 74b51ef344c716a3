#include "client_core.h"

#include <charconv>

#include "intertie/core/limits.h"

namespace intertie::api_client {
namespace {

// "bytes 0-99/1234": the size after the slash.
std::optional<std::uint64_t> read_total(const net::Response& response) {
  const auto header = response.headers.find("Content-Range");
  if (!header) return std::nullopt;
  const std::size_t slash = header->rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view text = header->substr(slash + 1);
  std::uint64_t total = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), total);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return total;
}

}  // namespace

core::Error read_problem(int status, std::string_view body) {
  const auto problem = codec::from_json<api::ProblemView>(body, codec::Boundary::tolerant);
  if (!problem || problem->code.empty()) {
    return {core::Reason::bad_syntax, "status " + std::to_string(status) + " without a reason"};
  }
  if (const auto reason = core::find_reason(problem->code)) return {*reason, problem->detail};
  return {core::Reason::internal, problem->code + ": " + problem->title + " " + problem->detail};
}

net::Request ClientCore::make_request(const Outgoing& call) const {
  net::Request request;
  request.method = call.method;
  request.target = call.path;
  if (!call.query.empty()) request.target += "?" + net::format_query(call.query);
  if (!context_.token.empty()) request.headers.add("Authorization", "Bearer " + context_.token);
  if (!call.idempotency_key.empty()) {
    request.headers.add("Idempotency-Key", call.idempotency_key);
  }
  if (!call.range.empty()) request.headers.add("Range", call.range);
  if (!call.body.empty()) request.headers.add("Content-Type", "application/json");
  request.body = call.body;
  if (explain_call) {
    const bool has_file =
        call.method == "PUT" && (call.path.find("/content/") != std::string::npos ||
                                 call.path.find("/datasets/") != std::string::npos);
    explain_call({call.method, context_.address + request.target, has_file ? "@FILE" : call.body,
                  call.idempotency_key, call.range});
  }
  return request;
}

core::Result<net::Response> ClientCore::send(const Outgoing& call) {
  return http_.request(make_request(call), timeout + call.wait);
}

core::Result<net::ClientStream> ClientCore::open_stream(const Outgoing& call,
                                                        const std::string& last_event) {
  net::Request request = make_request(call);
  if (!last_event.empty()) request.headers.add("Last-Event-ID", last_event);
  return http_.open_stream(request, timeout);
}

core::Result<net::Response> ClientCore::send_checked(const Outgoing& call) {
  auto response = send(call);
  if (!response) return response;
  if (response->status >= 200 && response->status < 300) return response;
  if (call.method == "HEAD" && response->status == 404) return {core::Reason::not_found, call.path};
  return read_problem(response->status, response->body);
}

core::Result<void> ClientCore::read_in_pieces(const std::string& path, std::uint64_t piece_bytes,
                                              const ByteSink& sink) {
  std::uint64_t offset = 0;
  while (true) {
    Outgoing call;
    call.path = path;
    call.range = "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + piece_bytes - 1);
    const auto response = send(call);
    if (!response) return response.error();
    if (response->status == 416 && offset == 0) return {};  // It is empty.
    if (response->status == 200) {
      sink(response->body);
      return {};
    }
    if (response->status != 206) return read_problem(response->status, response->body);
    const auto total = read_total(*response);
    if (!total || response->body.empty()) {
      return {core::Reason::bad_syntax, "an answer to Range without Content-Range or bytes"};
    }
    if (!sink(response->body)) return {};
    offset += response->body.size();
    if (offset >= *total) return {};
  }
}

}  // namespace intertie::api_client
