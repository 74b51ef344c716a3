// HTTP messages as plain values, and the encoding of URLs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::net {

struct Header {
  std::string name;
  std::string value;

  friend bool operator==(const Header&, const Header&) = default;
};

/// The header fields of one message, in their order. Names are compared without regard to case
/// (RFC 9110 section 5.1). A name may occur more than once. Lookups are O(number of fields).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  /// Appends a field. Fields that could split a message (CR, LF or NUL in the value, a name that is
  /// no token) are dropped by the writer, never sent.
  void add(std::string name, std::string value);
  /// Replaces every field of this name by one.
  void set(std::string_view name, std::string value);
  /// The first field of this name.
  std::optional<std::string_view> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }

  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Header> fields_;
};

struct QueryParameter {
  std::string name;
  std::string value;

  friend bool operator==(const QueryParameter&, const QueryParameter&) = default;
};

/// A request. The server fills every member; the client reads method, target, headers and body.
struct Request {
  std::string method = "GET";
  /// As on the request line, in origin form: "/v1/jobs?state=waiting". Never empty.
  std::string target = "/";
  /// The part before '?', percent-decoded, without control characters. An encoded slash ("%2F")
  /// becomes a slash here; use split_path(target) where segments may contain one.
  std::string path;
  /// The part after '?', decoded; at most limits::query_parameters_max.
  std::vector<QueryParameter> query;
  Headers headers;
  std::string body;
  /// Server: "192.0.2.7" or "2001:db8::7", without the port.
  std::string peer_address;
  /// Server: the client's certificate (DER), empty without one. The peer has proved that it holds
  /// the key; whose key it is, the caller must decide.
  std::string peer_certificate_der;
  /// Server: from the head's end to the body's; 0: it came with the head.
  core::Duration body_took{};

  /// The first query parameter of this name.
  std::optional<std::string_view> find_query(std::string_view name) const;
};

/// Produces a large body piece by piece: at most `bytes_max` bytes a call, an empty text at the
/// end. Called on a net thread, so it must not wait for anything slower than a local file. An error
/// ends the connection, since the status has already been sent.
using BodySource = std::function<core::Result<std::string>(std::size_t bytes_max)>;

/// A response. `body_source`, if set, is used instead of `body`; with `body_source_bytes` it is
/// sent with a Content-Length and must produce exactly that much, without it in chunks. The server
/// adds Content-Length, Date and Connection itself.
struct Response {
  int status = 200;
  Headers headers;
  /// Becomes Content-Type unless empty.
  std::string content_type;
  std::string body;
  BodySource body_source;
  std::optional<std::uint64_t> body_source_bytes;
};

/// "Not Found" for 404; "Unknown" for codes that RFC 9110 does not list. O(1).
std::string_view status_phrase(int status);

/// Encodes everything but unreserved characters (RFC 3986 section 2.3), so the result can stand as
/// one path segment, query name or query value.
std::string percent_encode(std::string_view text);

/// Decodes "%41". Refuses an incomplete escape with bad_syntax. '+' stays a plus.
core::Result<std::string> percent_decode(std::string_view text);

/// Reads "a=1&b=two+words" (application/x-www-form-urlencoded: '+' is a space). Refuses bad escapes
/// (bad_syntax) and more than limits::query_parameters_max parameters (too_large).
core::Result<std::vector<QueryParameter>> parse_query(std::string_view text);

/// The inverse of parse_query, without the leading '?'.
std::string format_query(const std::vector<QueryParameter>& parameters);

/// The decoded segments of a target's path: "/v1/jobs/a%2Fb?x" gives "v1", "jobs", "a/b". Empty
/// segments are kept, except after a final slash. Refuses bad escapes with bad_syntax.
core::Result<std::vector<std::string>> split_path(std::string_view target);

/// Where an http or https URL points to.
struct Url {
  bool is_tls = false;
  std::string host;  ///< Without the brackets of an IPv6 address.
  std::uint16_t port = 0;
  std::string target = "/";  ///< Path and query; a fragment is dropped.

  friend bool operator==(const Url&, const Url&) = default;
};

/// Reads "https://hub.example:7300/v1". The port defaults to 80 or 443. Refuses other schemes, user
/// names, empty hosts and bad ports with bad_syntax.
core::Result<Url> parse_url(std::string_view text);

}  // namespace intertie::net
