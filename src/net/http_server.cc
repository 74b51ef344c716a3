// The server's sockets and threads. The one translation unit that instantiates Asio.
//
// Each net thread has its own io_context, and a connection stays on the thread it was given, so
// nothing in it is locked. Other threads reach it through the thread's mailbox alone.
#include "intertie/net/http_server.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "mailbox.h"
#include "message_writer.h"
#include "server_connection.h"
#include "tls_context.h"
#include "tls_output.h"

namespace intertie::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using core::Reason;
using core::Result;

/// What the threads of one server share.
struct SharedCounts {
  std::atomic<std::size_t> bodies_bytes = 0;
  std::atomic<std::size_t> connections = 0;
  std::mutex mutex;
  std::condition_variable none_left;

  void remove_connection() {
    if (connections.fetch_sub(1) == 1) {
      const std::lock_guard lock(mutex);
      none_left.notify_all();
    }
  }
};

// What an idle connection may keep of its memory for sending.
constexpr std::size_t kKeptBytes = 4u << 10;

std::string to_address_text(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

class NetThread;

/// One accepted socket, plain or TLS, with the protocol on it.
class Session final : public ConnectionSocket, public std::enable_shared_from_this<Session> {
 public:
  Session(std::uint64_t id, NetThread& thread, tcp::socket socket, std::string peer_address,
          asio::ssl::context* tls);

  void start() {
    if (!tls_) return connection_.start({});
    tls_->async_handshake(
        asio::ssl::stream_base::server, [self = shared_from_this()](const error_code& error) {
          if (self->connection_.is_closed()) return;
          // From here on what is sent passes Asio's buffers by.
          if (error || !self->output_.attach(self->tls_->native_handle())) {
            return self->connection_.close();
          }
          self->connection_.start(get_peer_certificate(self->tls_->native_handle()));
        });
  }

  void start_read(char* data, std::size_t size) override {
    auto done = [self = shared_from_this()](const error_code& error, std::size_t read) {
      self->on_read(error, read);
    };
    if (tls_) {
      tls_->async_read_some(asio::buffer(data, size), std::move(done));
    } else {
      socket_.async_read_some(asio::buffer(data, size), std::move(done));
    }
  }

  void start_write(std::string_view first, std::string_view second) override {
    if (tls_) {
      unsent_ = {first, second};
      return encrypt_more();
    }
    const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first.data(), first.size()),
                                                       asio::buffer(second.data(), second.size())};
    asio::async_write(socket_, buffers,
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (!self->connection_.is_closed()) self->connection_.on_written(!error);
                      });
  }

  // Under TLS too without close_notify: every message but those to HTTP/1.0 clients says itself
  // where it ends.
  void shutdown_send() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }

  void close() override;

  ServerConnection& connection() { return connection_; }

 private:
  // Reading may leave a record to be sent too (the answer to a key update): it goes with the next.
  void encrypt_more() {
    SSL* const ssl = tls_->native_handle();
    const bool is_ok = output_.encrypt(ssl, unsent_[0]) && output_.encrypt(ssl, unsent_[1]);
    sending_.clear();
    sending_.swap(output_.bytes());
    asio::async_write(socket_, asio::buffer(sending_),
                      [self = shared_from_this(), is_ok](const error_code& error, std::size_t) {
                        if (!self->connection_.is_closed()) self->on_sent(is_ok && !error);
                      });
  }

  void on_sent(bool is_ok) {
    if (is_ok && !(unsent_[0].empty() && unsent_[1].empty())) return encrypt_more();
    // Of thousands of connections few are sending much.
    if (sending_.capacity() > kKeptBytes) std::string().swap(sending_);
    if (output_.bytes().capacity() > kKeptBytes && output_.bytes().empty()) {
      std::string().swap(output_.bytes());
    }
    connection_.on_written(is_ok);
  }

  void on_read(const error_code& error, std::size_t read) {
    if (connection_.is_closed()) return;
    if (!error) return connection_.on_read(read);
    const bool is_end = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    connection_.on_read_end(!is_end);
  }

  const std::uint64_t id_;
  NetThread& thread_;
  tcp::socket socket_;
  TlsOutput output_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  std::array<std::string_view, 2> unsent_;
  std::string sending_;
  ServerConnection connection_;
};

/// One thread with its connections.
class NetThread {
 public:
  NetThread(const HttpServerOptions& options, Handler handler, SharedCounts& counts,
            asio::ssl::context* tls)
      : work_(asio::make_work_guard(io_)), timer_(io_), counts_(counts), tls_(tls) {
    context_.mailbox = std::make_shared<Mailbox>([this] { asio::post(io_, [this] { drain(); }); },
                                                 options.limits.stream_queue_bytes_max);
    context_.handler = std::move(handler);
    context_.body_limit = options.body_limit;
    context_.limits = options.limits;
    context_.bodies_bytes = &counts.bodies_bytes;
    crowded_ = options.limits.connections_max - options.limits.connections_max / 4;
    const core::Duration shortest =
        std::min({options.limits.read_timeout, options.limits.idle_timeout,
                  options.limits.stream_keep_alive});
    tick_ = std::chrono::microseconds(std::clamp<std::int64_t>(shortest.count / 4, 5'000, 500'000));
  }

  ~NetThread() { assert(!thread_.joinable()); }

  void start() {
    tick();
    thread_ = std::thread([this] { io_.run(); });
  }

  asio::io_context& io() { return io_; }

  /// On this thread. The socket counts in counts.connections already.
  void add(tcp::socket socket) {
    error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error || context_.is_stopping) return counts_.remove_connection();
    socket.set_option(tcp::no_delay(true), error);
    const std::uint64_t id = ++last_id_;
    const auto session = std::make_shared<Session>(id, *this, std::move(socket),
                                                   to_address_text(peer.address()), tls_);
    sessions_.emplace(id, session);
    session->start();
  }

  void remove(std::uint64_t id) {
    if (sessions_.erase(id) > 0) counts_.remove_connection();
  }

  void begin_stop() {
    asio::post(io_, [this] {
      context_.is_stopping = true;
      for_each_session([](ServerConnection& connection) { connection.begin_stop(); });
    });
  }

  void finish_stop() {
    asio::post(io_, [this] {
      context_.is_stopping = true;
      is_finishing_ = true;
      for_each_session([](ServerConnection& connection) { connection.close(); });
      context_.mailbox->close();
      timer_.cancel();
      work_.reset();
    });
  }

  bool is_running() const { return thread_.joinable(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  ConnectionContext& context() { return context_; }

 private:
  void drain() {
    context_.mailbox->take(messages_);
    for (Message& message : messages_) {
      const auto found = sessions_.find(message.connection);
      if (found == sessions_.end()) {
        discard(message);
        continue;
      }
      const std::shared_ptr<Session> session = found->second;  // It may leave sessions_ meanwhile.
      session->connection().on_message(std::move(message));
    }
    messages_.clear();
  }

  template <class Function>
  void for_each_session(Function function) {
    std::vector<std::shared_ptr<Session>> sessions;
    sessions.reserve(sessions_.size());
    for (const auto& [id, session] : sessions_) sessions.push_back(session);
    for (const auto& session : sessions) function(session->connection());
  }

  void tick() {
    if (is_finishing_) return;
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    context_.date =
        format_http_date({std::chrono::duration_cast<std::chrono::microseconds>(wall).count()});
    context_.is_crowded = counts_.connections.load() >= crowded_;
    const SteadyTime now = std::chrono::steady_clock::now();
    for_each_session([now](ServerConnection& connection) { connection.on_tick(now); });
    timer_.expires_after(tick_);
    timer_.async_wait([this](const error_code&) { tick(); });
  }

  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::chrono::microseconds tick_{};
  SharedCounts& counts_;
  asio::ssl::context* const tls_;
  ConnectionContext context_;
  boost::unordered_flat_map<std::uint64_t, std::shared_ptr<Session>> sessions_;
  std::vector<Message> messages_;
  std::uint64_t last_id_ = 0;
  std::size_t crowded_ = 0;  // So many connections and idle ones go sooner.
  bool is_finishing_ = false;
  std::thread thread_;
};

Session::Session(std::uint64_t id, NetThread& thread, tcp::socket socket, std::string peer_address,
                 asio::ssl::context* tls)
    : id_(id),
      thread_(thread),
      socket_(std::move(socket)),
      connection_(id, thread.context(), *this, std::move(peer_address)) {
  if (tls != nullptr) tls_.emplace(socket_, *tls);
}

void Session::close() {
  error_code ignored;
  socket_.close(ignored);
  thread_.remove(id_);
}

}  // namespace

class HttpServerCore {
 public:
  ~HttpServerCore() { stop({}); }

  Result<void> start(HttpServerOptions options, const Handler& handler) {
    error_code error;
    const asio::ip::address address = asio::ip::make_address(options.address, error);
    if (error) return {Reason::bad_field, "address: expected an IP address: " + options.address};
    if (options.tls) {
      Result<SslContext> context = make_server_context(*options.tls);
      if (!context) return context.error();
      tls_.emplace(std::move(context).value().release());
    }
    limits_ = options.limits;
    address_ = address.to_string();
    const int threads = std::max(1, options.threads);
    for (int i = 0; i < threads; ++i) {
      threads_.push_back(
          std::make_unique<NetThread>(options, handler, counts_, tls_ ? &*tls_ : nullptr));
    }
    acceptor_.emplace(threads_.front()->io());
    retry_.emplace(threads_.front()->io());
    const Result<void> bound = bind({address, options.port});
    if (!bound) {
      threads_.clear();
      return bound;
    }
    accept_next();
    try {
      for (const auto& thread : threads_) thread->start();
    } catch (const std::system_error& refused) {
      stop({});
      return {Reason::io_failed, std::string("start a thread: ") + refused.what()};
    }
    return {};
  }

  void stop(core::Duration grace) {
    if (std::exchange(is_stopped_, true) || threads_.empty()) return;
    if (threads_.front()->is_running()) {
      // No connection may reach a thread that has ended, so first no more are accepted.
      std::promise<void> closed;
      asio::post(threads_.front()->io(), [this, &closed] {
        error_code ignored;
        acceptor_->close(ignored);
        retry_->cancel();
        closed.set_value();
      });
      closed.get_future().wait();
    }
    for (const auto& thread : threads_) thread->begin_stop();
    {
      std::unique_lock lock(counts_.mutex);
      counts_.none_left.wait_for(lock, std::chrono::microseconds(grace.count),
                                 [this] { return counts_.connections.load() == 0; });
    }
    for (const auto& thread : threads_) thread->finish_stop();
    for (const auto& thread : threads_) thread->join();
    acceptor_.reset();
    retry_.reset();
    threads_.clear();
  }

  const std::string& address() const { return address_; }
  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return counts_.connections.load(); }

 private:
  Result<void> bind(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_->open(endpoint.protocol(), error);
    if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_->bind(endpoint, error);
    if (!error) acceptor_->listen(asio::socket_base::max_listen_connections, error);
    if (!error) port_ = acceptor_->local_endpoint(error).port();
    if (!error) return {};
    acceptor_.reset();
    retry_.reset();
    return {Reason::io_failed, "listen on " + endpoint.address().to_string() + " port " +
                                   std::to_string(endpoint.port()) + ": " + error.message()};
  }

  void accept_next() {
    NetThread& thread = *threads_[next_thread_++ % threads_.size()];
    acceptor_->async_accept(thread.io(),
                            [this, &thread](const error_code& error, tcp::socket socket) {
                              on_accepted(thread, error, std::move(socket));
                            });
  }

  void on_accepted(NetThread& thread, const error_code& error, tcp::socket socket) {
    if (!acceptor_->is_open()) return;
    if (error && error != asio::error::connection_aborted) {
      // Out of descriptors: trying again at once would only burn the processor.
      retry_->expires_after(std::chrono::milliseconds(100));
      retry_->async_wait([this](const error_code& cancelled) {
        if (!cancelled && acceptor_->is_open()) accept_next();
      });
      return;
    }
    if (!error && counts_.connections.load() < limits_.connections_max) {
      counts_.connections.fetch_add(1);
      asio::post(thread.io(), [&thread, accepted = std::move(socket)]() mutable {
        thread.add(std::move(accepted));
      });
    }
    accept_next();
  }

  SharedCounts counts_;
  std::optional<asio::ssl::context> tls_;
  HttpServerLimits limits_;
  std::string address_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<NetThread>> threads_;
  std::optional<tcp::acceptor> acceptor_;
  std::optional<asio::steady_timer> retry_;
  std::size_t next_thread_ = 0;
  bool is_stopped_ = false;
};

HttpServer::HttpServer(std::unique_ptr<HttpServerCore> server) : server_(std::move(server)) {}
HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

Result<HttpServer> HttpServer::start(HttpServerOptions options, Handler handler) {
  assert(handler != nullptr);
  auto server = std::make_unique<HttpServerCore>();
  const Result<void> started = server->start(std::move(options), handler);
  if (!started) return started.error();
  return HttpServer(std::move(server));
}

void HttpServer::stop(core::Duration grace) { server_->stop(grace); }
const std::string& HttpServer::address() const { return server_->address(); }
std::uint16_t HttpServer::port() const { return server_->port(); }
std::size_t HttpServer::connections() const { return server_->connections(); }

}  // namespace intertie::net
