// The blocking HTTP/1.1 client.
#include "intertie/net/http_client.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "client_socket.h"
#include "message_reader.h"
#include "message_writer.h"

namespace intertie::net {
namespace {

using core::Error;
using core::Reason;
using core::Result;

// Some sixteen records: few calls of the sink, and what it is given is still in the cache.
constexpr std::size_t kBulkBytes = 256u << 10;

Deadline deadline_after(core::Duration timeout) {
  return std::chrono::steady_clock::now() + std::chrono::microseconds(timeout.count);
}

bool is_repeatable(const Request& request) {
  static constexpr std::array<std::string_view, 6> kIdempotent = {"GET",    "HEAD",    "PUT",
                                                                  "DELETE", "OPTIONS", "TRACE"};
  return std::find(kIdempotent.begin(), kIdempotent.end(), request.method) != kIdempotent.end() ||
         request.headers.has("Idempotency-Key");
}

Reason reason_of_status(int status) {
  switch (status) {
    case 401:
      return Reason::not_signed_in;
    case 403:
      return Reason::denied;
    case 404:
      return Reason::not_found;
    case 429:
    case 503:
      return Reason::overloaded;
    default:
      return Reason::bad_syntax;
  }
}

/// A connection with what was read from it and not yet understood.
struct Connection {
  std::unique_ptr<ClientSocket> socket;
  std::string buffer;
  std::size_t begin = 0;
  std::size_t end = 0;

  std::string_view unread() const { return std::string_view(buffer).substr(begin, end - begin); }
};

/// Reads until the reader has moved on: its head, a piece of its body, its end. The end of the
/// input is handed to the reader too. `has_answered` becomes true with the first byte.
Result<void> read_step(Connection& connection, MessageReader& reader, Deadline deadline,
                       bool& has_answered) {
  while (true) {
    const ReadState before = reader.state();
    const std::uint64_t bytes_before = reader.body_bytes();
    if (connection.begin < connection.end) {
      connection.begin += reader.feed(connection.unread());
    }
    if (reader.state() == ReadState::failed) {
      const Reason reason = reader.failure().status == 400 ? Reason::bad_syntax : Reason::too_large;
      return {reason, "response: " + reader.failure().detail};
    }
    if (reader.state() != before || reader.body_bytes() != bytes_before) return {};
    if (!reader.body().empty()) return {};
    if (connection.begin > 0) {
      std::copy(connection.buffer.begin() + static_cast<std::ptrdiff_t>(connection.begin),
                connection.buffer.begin() + static_cast<std::ptrdiff_t>(connection.end),
                connection.buffer.begin());
      connection.end -= std::exchange(connection.begin, 0);
    }
    assert(connection.end < connection.buffer.size());
    const Result<std::size_t> read =
        connection.socket->read(connection.buffer.data() + connection.end,
                                connection.buffer.size() - connection.end, deadline);
    if (!read) return read.error();
    if (*read == 0) {
      if (before == ReadState::body && !connection.socket->was_cut()) reader.feed_end();
      if (reader.state() == ReadState::complete) return {};
      return {Reason::unreachable, "closed before the response was complete"};
    }
    has_answered = true;
    connection.end += *read;
  }
}

/// Reads the head of the final response, skipping interim ones (1xx).
Result<MessageReader> read_head(Connection& connection, const HttpClientOptions& options,
                                bool is_head_request, Deadline deadline, bool& has_answered) {
  while (true) {
    MessageReader reader(MessageReader::Kind::response, options.header_bytes_max);
    if (is_head_request) reader.expect_no_body();
    while (reader.state() == ReadState::head) {
      const Result<void> read = read_step(connection, reader, deadline, has_answered);
      if (!read) return read.error();
    }
    if (reader.head().response.status >= 200) return reader;
  }
}

}  // namespace

class HttpClientCore {
 public:
  explicit HttpClientCore(HttpClientOptions options) : options_(std::move(options)) {
    interrupt_ = std::make_shared<Interrupt>();
    const bool is_default_port = options_.port == (options_.tls ? 443 : 80);
    const bool is_ipv6 = options_.host.find(':') != std::string::npos;
    host_ = is_ipv6 ? '[' + options_.host + ']' : options_.host;
    if (!is_default_port) host_ += ':' + std::to_string(options_.port);
  }

  Result<Response> perform(const Request& request, std::optional<core::Duration> timeout,
                           const BodySink* sink) {
    const core::Duration allowed = timeout.value_or(options_.timeout);
    const Deadline deadline = deadline_after(allowed);
    const Result<void> prepared = prepare(request);
    if (!prepared) return prepared.error();
    while (true) {
      if (connection_ && !connection_->socket->is_quiet()) connection_.reset();
      const bool is_reused = connection_.has_value();
      if (!is_reused) {
        Result<Connection> opened = open(deadline);
        if (!opened) return opened.error();
        connection_ = std::move(*opened);
      }
      bool has_answered = false;
      Result<Response> response = exchange(request, sink, allowed, deadline, has_answered);
      if (response) return response;
      connection_.reset();
      const bool is_stale = is_reused && !has_answered &&
                            response.error().reason == Reason::unreachable &&
                            is_repeatable(request);
      if (!is_stale) return response;
    }
  }

  Result<std::unique_ptr<ClientStreamCore>> open_stream(const Request& request,
                                                        std::optional<core::Duration> timeout);

  const std::shared_ptr<Interrupt>& interrupt() const { return interrupt_; }

 private:
  Result<void> prepare(const Request& request) {
    if (interrupt_->is_raised()) return {Reason::stopping, "interrupted"};
    if (!is_token(request.method)) return {Reason::bad_field, "method: expected a token"};
    if (!is_target(request.target)) return {Reason::bad_field, "target: expected a URL's path"};
    if (options_.tls && !tls_) {
      Result<ClientTls> tls = make_client_tls(*options_.tls);
      if (!tls) return tls.error();
      tls_ = std::move(*tls);
    }
    return {};
  }

  Result<Connection> open(Deadline deadline) {
    Result<std::unique_ptr<ClientSocket>> socket = ClientSocket::connect(
        options_.host, options_.port, tls_ ? &*tls_ : nullptr, {interrupt_}, deadline);
    if (!socket) return socket.error();
    Connection connection;
    connection.socket = std::move(*socket);
    connection.buffer.resize(std::max<std::size_t>(options_.header_bytes_max + 1, 16u << 10));
    return connection;
  }

  Result<void> send(Connection& connection, const Request& request, Deadline deadline) const {
    std::string head = format_request_head(request, host_);
    if (request.body.size() <= (16u << 10)) {
      return connection.socket->write(head += request.body, deadline);
    }
    const Result<void> sent = connection.socket->write(head, deadline);
    return sent ? connection.socket->write(request.body, deadline) : sent;
  }

  Result<Response> exchange(const Request& request, const BodySink* sink, core::Duration allowed,
                            Deadline deadline, bool& has_answered) {
    const Result<void> sent = send(*connection_, request, deadline);
    // A server that refuses a request may close before it has read all of it; what it said (or its
    // TLS alert) is still there to be read.
    if (!sent && sent.error().reason != Reason::unreachable) return sent.error();
    Result<MessageReader> reader =
        read_head(*connection_, options_, request.method == "HEAD", deadline, has_answered);
    if (!reader) {
      const bool is_vague = !sent && reader.error().reason == Reason::unreachable;
      return is_vague ? sent.error() : reader.error();
    }
    Response response = std::move(reader->head().response);
    const bool to_sink = sink != nullptr && response.status / 100 == 2;
    if (to_sink) {
      const Result<void> taken = pass_on(*reader, *sink, allowed, has_answered);
      if (!taken) return taken.error();
    } else {
      const Result<void> gathered = gather(*reader, response.body, deadline, has_answered);
      if (!gathered) return gathered.error();
    }
    if (!sent || !reader->head().keep_alive || connection_->begin != connection_->end) {
      connection_.reset();
    }
    return response;
  }

  // Each piece goes to the sink from where it was received; each starts the time anew.
  Result<void> pass_on(MessageReader& reader, const BodySink& sink, core::Duration allowed,
                       bool& has_answered) {
    Connection& connection = *connection_;
    if (reader.head().content_length.value_or(kBulkBytes) >= kBulkBytes &&
        connection.buffer.size() < kBulkBytes) {
      connection.buffer.resize(kBulkBytes);
    }
    Result<void> taken;
    reader.set_body_sink([&taken, &sink](std::string_view piece) {
      if (taken) taken = sink(piece);
    });
    while (reader.state() != ReadState::complete) {
      const Result<void> read =
          read_step(connection, reader, deadline_after(allowed), has_answered);
      if (!taken) return taken;
      if (!read) return read;
    }
    return {};
  }

  Result<void> gather(MessageReader& reader, std::string& body, Deadline deadline,
                      bool& has_answered) {
    reader.set_body_limit(options_.body_bytes_max);
    while (true) {
      if (reader.state() == ReadState::failed) {
        return {Reason::too_large, "response: " + reader.failure().detail};
      }
      const std::string piece = std::exchange(reader.body(), {});
      if (body.size() + piece.size() > options_.body_bytes_max) {
        return {Reason::too_large,
                "response: more than " + std::to_string(options_.body_bytes_max) + " bytes"};
      }
      body += piece;
      if (reader.state() == ReadState::complete) return {};
      const Result<void> read = read_step(*connection_, reader, deadline, has_answered);
      if (!read) return read;
    }
  }

  HttpClientOptions options_;
  std::string host_;
  std::shared_ptr<Interrupt> interrupt_;
  std::optional<ClientTls> tls_;
  std::optional<Connection> connection_;
};

class ClientStreamCore {
 public:
  ClientStreamCore(Connection connection, MessageReader reader, core::Duration silence_max)
      : connection_(std::move(connection)), reader_(std::move(reader)), silence_max_(silence_max) {
    response_ = std::move(reader_.head().response);
    connection_.socket->add_interrupt(interrupt_);
    last_heard_ = std::chrono::steady_clock::now();
  }

  Result<std::optional<Event>> read_event(core::Duration timeout) {
    const Deadline deadline = deadline_after(timeout);
    while (true) {
      // Also where no wait happens: a flood of events must not outrun an interruption.
      if (interrupt_->is_raised()) return {Reason::stopping, "interrupted"};
      if (std::optional<Event> event = parser_.take()) return event;
      if (failure_) return *failure_;
      const Result<void> taken = parser_.feed(std::exchange(reader_.body(), {}));
      if (!taken) return fail(taken.error());
      if (std::optional<Event> event = parser_.take()) return event;
      if (reader_.state() == ReadState::complete) return std::optional<Event>();
      const Deadline silent = last_heard_ + std::chrono::microseconds(silence_max_.count);
      bool has_heard = false;
      const Result<void> read =
          read_step(connection_, reader_, std::min(deadline, silent), has_heard);
      if (has_heard) last_heard_ = std::chrono::steady_clock::now();
      if (read) continue;
      if (read.error().reason != Reason::timed_out) return fail(read.error());
      if (std::chrono::steady_clock::now() >= silent) {
        return fail({Reason::unreachable, "the stream has fallen silent"});
      }
      return read.error();
    }
  }

  const Response& response() const { return response_; }
  const std::string& last_event_id() const { return parser_.last_event_id(); }
  void interrupt() const { interrupt_->raise(); }

 private:
  Error fail(Error error) {
    failure_ = error;
    return error;
  }

  std::shared_ptr<Interrupt> interrupt_ = std::make_shared<Interrupt>();
  Connection connection_;
  MessageReader reader_;
  core::Duration silence_max_;
  Response response_;
  EventParser parser_;
  Deadline last_heard_;
  std::optional<Error> failure_;
};

Result<std::unique_ptr<ClientStreamCore>> HttpClientCore::open_stream(
    const Request& request, std::optional<core::Duration> timeout) {
  const Deadline deadline = deadline_after(timeout.value_or(options_.timeout));
  const Result<void> prepared = prepare(request);
  if (!prepared) return prepared.error();
  Result<Connection> opened = open(deadline);
  if (!opened) return opened.error();
  Connection connection = std::move(*opened);
  Request asking = request;
  if (!asking.headers.has("Accept")) asking.headers.add("Accept", "text/event-stream");
  const Result<void> sent = send(connection, asking, deadline);
  if (!sent && sent.error().reason != Reason::unreachable) return sent.error();
  bool has_answered = false;
  Result<MessageReader> reader =
      read_head(connection, options_, request.method == "HEAD", deadline, has_answered);
  if (!reader) return reader.error();
  const Response& response = reader->head().response;
  if (response.status != 200 || !response.content_type.starts_with("text/event-stream")) {
    return {reason_of_status(response.status), "expected an event stream, not status " +
                                                   std::to_string(response.status) + " " +
                                                   response.content_type};
  }
  return std::make_unique<ClientStreamCore>(std::move(connection), std::move(*reader),
                                            options_.stream_silence_max);
}

ClientStream::ClientStream(std::unique_ptr<ClientStreamCore> stream) : stream_(std::move(stream)) {}
ClientStream::ClientStream(ClientStream&&) noexcept = default;
ClientStream& ClientStream::operator=(ClientStream&&) noexcept = default;
ClientStream::~ClientStream() = default;

Result<std::optional<Event>> ClientStream::read_event(core::Duration timeout) {
  return stream_->read_event(timeout);
}
const Response& ClientStream::response() const { return stream_->response(); }
const std::string& ClientStream::last_event_id() const { return stream_->last_event_id(); }
void ClientStream::interrupt() const { stream_->interrupt(); }

HttpClient::HttpClient(HttpClientOptions options)
    : client_(std::make_unique<HttpClientCore>(std::move(options))) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<Response> HttpClient::request(const Request& request,
                                     std::optional<core::Duration> timeout) {
  return client_->perform(request, timeout, nullptr);
}

Result<Response> HttpClient::download(const Request& request, const BodySink& sink,
                                      std::optional<core::Duration> timeout) {
  return client_->perform(request, timeout, &sink);
}

Result<ClientStream> HttpClient::open_stream(const Request& request,
                                             std::optional<core::Duration> timeout) {
  Result<std::unique_ptr<ClientStreamCore>> stream = client_->open_stream(request, timeout);
  if (!stream) return stream.error();
  return ClientStream(std::move(*stream));
}

void HttpClient::interrupt() const { client_->interrupt()->raise(); }

}  // namespace intertie::net
