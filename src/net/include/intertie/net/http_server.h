// The HTTP/1.1 server: plain or TLS, answered from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/net/http.h"
#include "intertie/net/sse.h"

namespace intertie::net {

class Mailbox;
class StreamState;
class HttpServerCore;

/// Whether a client must show a certificate. `require` accepts every certificate whose key the
/// client holds, self-signed or not, and hands it to the handler: the registry is the PKI.
enum class ClientCertificate : std::uint8_t { none, require };

struct TlsServerOptions {
  std::string certificate_pem;  ///< The certificate, followed by its chain if it has one.
  std::string key_pem;          ///< Its private key, unencrypted.
  ClientCertificate client_certificate = ClientCertificate::none;
  /// TLS 1.2 as well; for listeners that browsers and users meet. Otherwise 1.3 only.
  bool allow_tls_1_2 = false;
};

struct HttpServerLimits {
  std::size_t header_bytes_max = core::limits::http_header_bytes_max;
  std::size_t body_bytes_max = core::limits::http_body_bytes_max;
  /// Request bodies of all connections together, until they are answered.
  std::size_t bodies_bytes_max = core::limits::http_bodies_bytes_max;
  std::size_t connections_max = core::limits::connections_max;
  /// For the TLS handshake, a request's header, and the first part of everything that has to keep
  /// moving: a body and a response get one second more per `bytes_per_second_min` moved.
  core::Duration read_timeout = core::limits::http_read_timeout;
  std::int64_t bytes_per_second_min = core::limits::http_bytes_per_second_min;
  /// For a kept-alive connection without a request; read_timeout while most connections are open.
  core::Duration idle_timeout = core::limits::http_idle_timeout;
  /// What may wait on one event stream for its reader; a reader further behind is closed.
  std::size_t stream_queue_bytes_max = core::limits::stream_queue_bytes_max;
  core::Duration stream_keep_alive = core::limits::stream_keep_alive;
};

/// The sending end of an event stream. Copies refer to the same stream; any thread may use any of
/// them. When the last copy is gone the stream ends in good order.
class EventStream {
 public:
  /// Queues an event. Never blocks. False: the stream is closed (the reader went away, fell too far
  /// behind, or close() was called) and the event is lost.
  bool send(const Event& event);
  /// Ends the stream after what is queued. Idempotent.
  void close();
  bool is_closed() const;
  /// Bytes queued and not yet handed to the operating system.
  std::size_t queued_bytes() const;
  /// `callback` runs once, on a net thread, when the stream has closed for whatever reason; at once
  /// and on this thread if it already has. One callback at most; it must not throw or block.
  void on_close(std::function<void()> callback);

 private:
  friend class Responder;
  struct Owner;
  explicit EventStream(std::shared_ptr<StreamState> state);
  std::shared_ptr<Owner> owner_;
};

/// The right to answer one request, once. Movable; any thread may use it; it may outlive the
/// server. Dropped unanswered, it answers 500 (reason `internal`).
class Responder {
 public:
  Responder() = default;
  Responder(Responder&& other) noexcept;
  Responder& operator=(Responder&& other) noexcept;
  ~Responder();

  /// Answers. Cheap: hands the response to the connection's thread, with a wake-up only if none is
  /// under way. Without effect if the client has gone.
  void respond(Response response);

  /// Answers with status 200 and an event stream (for HEAD: with its header alone; the stream then
  /// closes at once). `headers` are added to the response's own.
  EventStream start_stream(Headers headers = {});

  /// False after an answer, a move, or for a default-made one.
  bool is_open() const { return mailbox_ != nullptr; }

 private:
  friend class ResponseBatch;
  friend class ServerConnection;
  Responder(std::shared_ptr<Mailbox> mailbox, std::uint64_t connection, std::uint64_t request);

  std::shared_ptr<Mailbox> mailbox_;
  std::uint64_t connection_ = 0;
  std::uint64_t request_ = 0;
};

/// Collects answers so that many cost one wake-up of each net thread. Belongs to one thread.
class ResponseBatch {
 public:
  ResponseBatch();
  ResponseBatch(ResponseBatch&&) noexcept;
  ResponseBatch& operator=(ResponseBatch&&) noexcept;
  /// Sends what is left.
  ~ResponseBatch();

  void add(Responder responder, Response response);
  void send();

 private:
  struct Answers;
  std::vector<Answers> answers_;
};

/// Called on a net thread for each complete request, so it must not block: what takes longer is
/// handed to another thread together with the Responder. Each net thread calls a copy of its own,
/// at the same time as the others. An exception out of it answers 500.
using Handler = std::function<void(Request, Responder)>;

/// The largest body in bytes that a route accepts, asked after the header; more is answered with
/// 413. It replaces HttpServerLimits::body_bytes_max. Called on a net thread; must not throw.
using BodyLimit = std::function<std::size_t(std::string_view method, std::string_view path)>;

struct HttpServerOptions {
  /// An IP address; "0.0.0.0" and "::" mean every one.
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 chooses a free one.
  std::optional<TlsServerOptions> tls;
  int threads = 1;
  HttpServerLimits limits;
  /// Empty: limits.body_bytes_max for every route.
  BodyLimit body_limit;
};

/// A listening server with its own threads. Requests of one connection are handled one after
/// another (pipelined ones wait). Refused and closed: with 415 a packed body; with 400 two lengths,
/// a length beside a transfer coding, bare line feeds, folded fields, a missing or second Host.
class HttpServer {
 public:
  /// Binds, listens and starts the threads. Refuses with bad_field (address), bad_key (certificate
  /// or key), io_failed (the address cannot be bound).
  static core::Result<HttpServer> start(HttpServerOptions options, Handler handler);

  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;
  /// Stops at once.
  ~HttpServer();

  /// Stops accepting, ends streams, closes idle connections, lets requests in flight be answered
  /// within `grace`, then closes what is left and joins the threads. Blocks; not to be called on a
  /// net thread. Idempotent.
  void stop(core::Duration grace);

  const std::string& address() const;
  std::uint16_t port() const;
  /// Open connections now.
  std::size_t connections() const;

 private:
  explicit HttpServer(std::unique_ptr<HttpServerCore> server);
  std::unique_ptr<HttpServerCore> server_;
};

}  // namespace intertie::net
