// One connection of the server, without its socket: requests in, answers out, deadlines.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "intertie/net/http_server.h"

#include "mailbox.h"
#include "message_reader.h"

namespace intertie::net {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What a connection asks of its socket. One read and one write may be under way at a time; their
/// ends are reported by ServerConnection::on_read, on_read_end and on_written, never from inside
/// these calls. The memory must stay until then.
class ConnectionSocket {
 public:
  virtual ~ConnectionSocket() = default;
  virtual void start_read(char* data, std::size_t size) = 0;
  virtual void start_write(std::string_view first, std::string_view second) = 0;
  /// No more will be written.
  virtual void shutdown_send() = 0;
  /// Ends everything; the connection will not be called again.
  virtual void close() = 0;
};

/// What all connections of one net thread share.
struct ConnectionContext {
  std::shared_ptr<Mailbox> mailbox;
  Handler handler;
  BodyLimit body_limit;
  HttpServerLimits limits;
  /// Request bodies held by all connections of the server, in bytes.
  std::atomic<std::size_t>* bodies_bytes = nullptr;
  /// The present second as an HTTP date; kept up by the net thread.
  std::string date;
  bool is_stopping = false;
  /// Most connections that there may be are open: idle ones go sooner.
  bool is_crowded = false;
};

/// The protocol of one connection. Everything runs on its net thread. Requests are handled one
/// after another; while one is with its handler the next may already be read into the buffer, no
/// further.
///
///   reading -> handling -> responding -> reading ...
///                       -> streaming  -> reading ...
///   any of these -> lingering -> closed: after the last response the input is read and dropped for
///   a while, because closing with input unread would destroy the response on its way (RFC 9112
///   section 9.6).
class ServerConnection {
 public:
  ServerConnection(std::uint64_t id, ConnectionContext& context, ConnectionSocket& socket,
                   std::string peer_address);
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  /// The socket is ready (the TLS handshake is done).
  void start(std::string peer_certificate_der);
  void on_read(std::size_t size);
  /// The other side sends no more (`is_broken`: and receives no more).
  void on_read_end(bool is_broken);
  void on_written(bool is_ok);
  void on_message(Message message);
  /// Called about every second: closes what is overdue, keeps streams alive.
  void on_tick(SteadyTime now);
  /// The server stops: closes if idle, ends a stream, otherwise closes after the present answer.
  void begin_stop();
  void close();
  bool is_closed() const { return phase_ == Phase::closed; }

 private:
  enum class Phase : std::uint8_t {
    opening,
    reading,
    handling,
    responding,
    streaming,
    lingering,
    closed
  };

  void read_more();
  void process_input();
  bool accept_head();
  bool account_body();
  void release_body();
  void dispatch();
  void refuse(int status, core::Reason reason, std::string_view detail);
  void answer(Response response);
  void send_head(Response& response, bool has_body);
  void continue_body();
  void start_stream(StreamStart start);
  void continue_stream();
  void finish_response();
  void send(std::string first, std::string second = {});
  SteadyTime compute_deadline(std::size_t bytes) const;

  const std::uint64_t id_;
  ConnectionContext& context_;
  ConnectionSocket& socket_;
  const std::string peer_address_;
  std::string peer_certificate_der_;

  Phase phase_ = Phase::opening;
  SteadyTime read_deadline_;
  SteadyTime write_deadline_ = SteadyTime::max();

  // Input: [begin_, end_) of buffer_ is read and not yet understood.
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool is_reading_ = false;
  bool has_read_end_ = false;

  // The present request.
  MessageReader reader_;
  std::uint64_t request_ = 0;
  bool has_input_ = false;  // Its first byte is here.
  bool has_head_ = false;
  bool is_head_request_ = false;
  bool is_http_1_1_ = true;
  bool keep_alive_ = true;
  std::size_t body_bytes_ = 0;  // Accounted in context_.bodies_bytes.
  SteadyTime body_start_;       // The epoch: its body came with its head.

  // Output. While a write is under way the next gathers in queued_.
  std::string first_;
  std::string second_;
  std::string queued_;
  bool is_writing_ = false;
  BodySource source_;
  std::uint64_t source_left_ = 0;
  bool is_chunked_ = false;
  std::shared_ptr<StreamState> stream_;
  SteadyTime last_sent_;
};

}  // namespace intertie::net
