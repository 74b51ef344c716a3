// HTTP messages to bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/time.h"
#include "intertie/net/http.h"

namespace intertie::net {

/// How a response is framed on its connection.
struct Framing {
  bool is_http_1_1 = true;
  bool keep_alive = true;
  bool is_chunked = false;
  std::optional<std::uint64_t> content_length;
};

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7).
std::string format_http_date(core::Time time);

/// The status line and the header with its final empty line. Fields of `response` that frame the
/// message (Content-Length, Transfer-Encoding, Connection) and malformed ones are left out.
std::string format_response_head(const Response& response, const Framing& framing,
                                 std::string_view date);

/// The request line and the header. `host` becomes Host unless the request has its own;
/// Content-Length stands if there is a body or the method usually has one.
std::string format_request_head(const Request& request, std::string_view host);

/// One chunk of a chunked body; empty data would be the last one, so it must not be empty.
std::string format_chunk(std::string_view data);

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// Whether the text can stand as a method or field name (RFC 9110 section 5.6.2).
bool is_token(std::string_view text);

/// Whether the text can stand as a request target.
bool is_target(std::string_view text);

/// The body of an answer that this module gives by itself, as RFC 9457 problem details.
Response make_problem(int status, core::Reason reason, std::string_view detail);

}  // namespace intertie::net
