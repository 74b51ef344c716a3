// The blocking HTTP/1.1 client: one connection, deadlines, pinned keys, event streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/limits.h"
#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/net/http.h"
#include "intertie/net/sse.h"

namespace intertie::net {

class HttpClientCore;
class ClientStreamCore;

struct TlsClientOptions {
  /// SHA-256, as 64 hexadecimal digits, of the server's certificate (DER) or of its
  /// SubjectPublicKeyInfo; either matches. Empty: the system's authorities and the host's name
  /// decide.
  std::string peer_fingerprint;
  /// Our own certificate and key; both empty for none.
  std::string certificate_pem;
  std::string key_pem;
  /// TLS 1.2 as well. Otherwise 1.3 only.
  bool allow_tls_1_2 = false;
};

struct HttpClientOptions {
  std::string host = "127.0.0.1";  ///< A name or an IP address.
  std::uint16_t port = 0;
  std::optional<TlsClientOptions> tls;
  /// For each call as a whole, connecting included.
  core::Duration timeout = core::limits::request_timeout;
  std::size_t header_bytes_max = core::limits::http_header_bytes_max;
  std::size_t body_bytes_max = core::limits::http_body_bytes_max;
  /// An event stream without a byte (comments count) for so long is taken for dead.
  core::Duration stream_silence_max = core::limits::stream_silence_max;
};

/// An open event stream with a connection of its own. Thread-confined, except interrupt().
class ClientStream {
 public:
  ClientStream(ClientStream&&) noexcept;
  ClientStream& operator=(ClientStream&&) noexcept;
  ~ClientStream();

  /// The status line and header the server answered with; its status is 200.
  const Response& response() const;

  /// The next event, waiting up to `timeout`. Nothing: the server ended the stream. Refuses with
  /// timed_out (the stream stays usable), unreachable (broken, or silent for too long), stopping
  /// (interrupted), bad_syntax or too_large (not an event stream, or not within bounds).
  core::Result<std::optional<Event>> read_event(core::Duration timeout);

  /// What a reconnect sends as Last-Event-ID.
  const std::string& last_event_id() const;

  /// Ends the call under way and every later one with `stopping`. From any thread.
  void interrupt() const;

 private:
  friend class HttpClient;
  explicit ClientStream(std::unique_ptr<ClientStreamCore> stream);
  std::unique_ptr<ClientStreamCore> stream_;
};

/// Takes the next piece of a downloaded body. An error ends the download and is handed on.
using BodySink = std::function<core::Result<void>(std::string_view piece)>;

/// A client of one server. Keeps its connection alive between calls and reconnects when needed. A
/// request that met a connection the server had just closed is repeated once if its method is
/// idempotent or it carries an Idempotency-Key. Thread-confined, except interrupt().
///
/// Every call refuses with: unreachable (no connection, or broken before the response was
/// complete), timed_out, certificate_refused (ours or theirs; under TLS 1.3 a server's refusal of
/// our certificate arrives only in place of the first response), bad_key (options), stopping
/// (interrupted), too_large (the response), bad_syntax (not HTTP).
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// Sends a request and reads the whole response. `timeout`: HttpClientOptions::timeout if absent.
  core::Result<Response> request(const Request& request,
                                 std::optional<core::Duration> timeout = std::nullopt);

  /// The same, handing a 2xx response's body to `sink` in pieces, without body_bytes_max; the
  /// returned response then has an empty body. Other responses are returned whole. Never repeated
  /// once the sink has had a piece. `timeout` bounds the wait for each piece, not the whole.
  core::Result<Response> download(const Request& request, const BodySink& sink,
                                  std::optional<core::Duration> timeout = std::nullopt);

  /// Opens an event stream on a connection of its own. A status other than 200 or another content
  /// type is `bad_syntax` with the status in the detail (not_signed_in for 401, denied for 403,
  /// not_found for 404, overloaded for 429 and 503).
  core::Result<ClientStream> open_stream(const Request& request,
                                         std::optional<core::Duration> timeout = std::nullopt);

  /// Ends the call under way and every later one, streams opened here included, with `stopping`.
  /// From any thread.
  void interrupt() const;

 private:
  std::unique_ptr<HttpClientCore> client_;
};

}  // namespace intertie::net
