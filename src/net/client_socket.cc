// A blocking socket with deadlines and interruption, plain or TLS.
//
// OpenSSL reads from the socket straight into its own buffer, many records at a time. What it wants
// to send this file sends: OpenSSL's own way of writing would raise SIGPIPE, which a library must
// not meddle with.
#include "client_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>

namespace intertie::net {
namespace {

using core::Error;
using core::Reason;
using core::Result;

// Some eight records. What is not filled costs address space alone.
constexpr std::size_t kReadAheadBytes = 128u << 10;

Error system_error(const char* what, int code) {
  return {Reason::unreachable, std::string(what) + ": " + std::generic_category().message(code)};
}

Result<void> wait_for(int descriptor, short events, const Interrupts& interrupts,
                      Deadline deadline) {
  std::vector<pollfd> polled;
  polled.reserve(interrupts.size() + 1);
  polled.push_back({descriptor, events, 0});
  for (const auto& interrupt : interrupts) polled.push_back({interrupt->descriptor(), POLLIN, 0});
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto wait_ms = std::clamp<std::int64_t>(left.count(), 0, 60'000);
    const int ready = poll(polled.data(), polled.size(), static_cast<int>(wait_ms));
    if (ready < 0 && errno != EINTR) return system_error("poll", errno);
    for (const auto& interrupt : interrupts) {
      if (interrupt->is_raised()) return {Reason::stopping, "interrupted"};
    }
    if (ready > 0 && polled.front().revents != 0) return {};
    if (ready == 0 && left.count() <= 0) return {Reason::timed_out, "no answer"};
  }
}

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

struct Lookup {
  std::mutex mutex;
  Interrupt done;
  int code = EAI_FAIL;
  std::vector<Address> addresses;
};

int look_up(const std::string& host, std::uint16_t port, int flags,
            std::vector<Address>& addresses) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) return code;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    if (each->ai_addrlen > sizeof(sockaddr_storage)) continue;
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
  }
  freeaddrinfo(found);
  return 0;
}

// getaddrinfo() knows no deadline, so a name is looked up by a thread of its own, which may outlast
// the caller and then finds nobody interested.
Result<std::vector<Address>> resolve(const std::string& host, std::uint16_t port,
                                     const Interrupts& interrupts, Deadline deadline) {
  std::vector<Address> addresses;
  if (look_up(host, port, AI_NUMERICHOST, addresses) == 0) return addresses;
  const auto lookup = std::make_shared<Lookup>();
  try {
    std::thread([lookup, host, port] {
      std::vector<Address> found;
      const int code = look_up(host, port, AI_ADDRCONFIG, found);
      {
        const std::lock_guard lock(lookup->mutex);
        lookup->code = code;
        lookup->addresses = std::move(found);
      }
      lookup->done.raise();
    }).detach();
  } catch (const std::system_error&) {
    return {Reason::unreachable, "no thread to look the name up"};
  }
  const Result<void> waited = wait_for(lookup->done.descriptor(), POLLIN, interrupts, deadline);
  if (!waited) return waited.error();
  const std::lock_guard lock(lookup->mutex);
  if (lookup->code != 0) return {Reason::unreachable, host + ": " + gai_strerror(lookup->code)};
  return lookup->addresses;
}

Result<Descriptor> open_connection(const Address& address, const Interrupts& interrupts,
                                   Deadline deadline) {
  Descriptor descriptor(
      socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (descriptor.number() < 0) return system_error("socket", errno);
  const int on = 1;
  setsockopt(descriptor.number(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* target = reinterpret_cast<const sockaddr*>(&address.storage);
  if (connect(descriptor.number(), target, address.size) == 0) return descriptor;
  if (errno != EINPROGRESS) return system_error("connect", errno);
  const Result<void> waited = wait_for(descriptor.number(), POLLOUT, interrupts, deadline);
  if (!waited) return waited.error();
  int code = 0;
  socklen_t size = sizeof code;
  getsockopt(descriptor.number(), SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return system_error("connect", code);
  return descriptor;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

Interrupt::Interrupt() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Interrupt::raise() const {
  is_raised_.store(true);
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(event_.number(), &one, sizeof one);
}

ClientSocket::ClientSocket(Descriptor descriptor, Interrupts interrupts)
    : descriptor_(std::move(descriptor)), interrupts_(std::move(interrupts)) {}

Result<std::unique_ptr<ClientSocket>> ClientSocket::connect(const std::string& host,
                                                            std::uint16_t port,
                                                            const ClientTls* tls,
                                                            Interrupts interrupts,
                                                            Deadline deadline) {
  Result<std::vector<Address>> addresses = resolve(host, port, interrupts, deadline);
  if (!addresses) return addresses.error();
  Error last{Reason::unreachable, host + ": no address"};
  for (const Address& address : *addresses) {
    Result<Descriptor> opened = open_connection(address, interrupts, deadline);
    if (!opened) {
      last = opened.error();
      if (last.reason != Reason::unreachable) break;
      continue;
    }
    std::unique_ptr<ClientSocket> made(new ClientSocket(std::move(*opened), std::move(interrupts)));
    if (tls != nullptr) {
      const Result<void> started = made->start_tls(*tls, host, deadline);
      if (!started) return started.error();
    }
    return made;
  }
  last.detail = host + " port " + std::to_string(port) + ": " + last.detail;
  return last;
}

Result<void> ClientSocket::start_tls(const ClientTls& tls, const std::string& host,
                                     Deadline deadline) {
  ssl_ = make_client_ssl(tls, host);
  BIO* input = BIO_new_socket(descriptor_.number(), BIO_NOCLOSE);
  if (ssl_ == nullptr || input == nullptr || !output_.attach(ssl_.get())) {
    BIO_free(input);
    return {Reason::internal, "OpenSSL gave no connection"};
  }
  SSL_set0_rbio(ssl_.get(), input);
  SSL_set_read_ahead(ssl_.get(), 1);
  SSL_set_default_read_buffer_len(ssl_.get(), kReadAheadBytes);
  // The buffer stays: clients are few, and it would come and go with every read.
  SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
  while (true) {
    ERR_clear_error();
    errno = 0;
    const int done = SSL_do_handshake(ssl_.get());
    const int code = SSL_get_error(ssl_.get(), done);
    // The error is taken before the flush, which sends the alert that goes with it.
    const bool is_over = done != 1 && is_input_over();
    const Error error = done != 1 && code != SSL_ERROR_WANT_READ ? take_read_error(code) : Error{};
    const Result<void> flushed = flush_tls(deadline);
    if (done == 1) return flushed;
    if (is_over) return {Reason::unreachable, "TLS: closed during the handshake"};
    if (code != SSL_ERROR_WANT_READ) return error;
    if (!flushed) return flushed;
    const Result<void> waited = wait(POLLIN, deadline);
    if (!waited) return waited;
  }
}

Result<void> ClientSocket::wait(short events, Deadline deadline) const {
  return wait_for(descriptor_.number(), events, interrupts_, deadline);
}

Result<void> ClientSocket::send_raw(std::string_view data, Deadline deadline) {
  while (!data.empty()) {
    const ssize_t sent = ::send(descriptor_.number(), data.data(), data.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      const Result<void> waited = wait(POLLOUT, deadline);
      if (!waited) return waited;
    } else if (errno != EINTR) {
      return system_error("send", errno);
    }
  }
  return {};
}

Result<std::size_t> ClientSocket::receive_raw(char* data, std::size_t size, Deadline deadline) {
  while (true) {
    const ssize_t received = ::recv(descriptor_.number(), data, size, 0);
    if (received >= 0) return static_cast<std::size_t>(received);
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      const Result<void> waited = wait(POLLIN, deadline);
      if (!waited) return waited.error();
    } else if (errno != EINTR) {
      return system_error("receive", errno);
    }
  }
}

Result<void> ClientSocket::flush_tls(Deadline deadline) {
  if (output_.bytes().empty()) return {};
  const Result<void> sent = send_raw(output_.bytes(), deadline);
  output_.bytes().clear();
  return sent;
}

bool ClientSocket::is_input_over() const { return BIO_eof(SSL_get_rbio(ssl_.get())) != 0; }

Error ClientSocket::take_read_error(int code) const {
  const int system = errno;
  if (code == SSL_ERROR_SYSCALL && system != 0) {
    ERR_clear_error();
    return system_error("receive", system);
  }
  return take_tls_error();
}

Result<void> ClientSocket::write(std::string_view data, Deadline deadline) {
  if (ssl_ == nullptr) return send_raw(data, deadline);
  while (!data.empty()) {
    if (!output_.encrypt(ssl_.get(), data)) return take_tls_error();
    const Result<void> flushed = flush_tls(deadline);
    if (!flushed) return flushed;
  }
  return {};
}

Result<std::size_t> ClientSocket::read(char* data, std::size_t size, Deadline deadline) {
  if (ssl_ == nullptr) return receive_raw(data, size, deadline);
  if (failure_) return *failure_;
  std::size_t total = 0;
  while (true) {
    ERR_clear_error();
    errno = 0;
    const int length = static_cast<int>(std::min<std::size_t>(size - total, INT_MAX));
    const int read = SSL_read(ssl_.get(), data + total, length);
    if (read > 0) {
      total += static_cast<std::size_t>(read);
      if (total == size || SSL_has_pending(ssl_.get()) == 0) return total;
      continue;
    }
    const int code = SSL_get_error(ssl_.get(), read);
    if (code == SSL_ERROR_ZERO_RETURN) return total;
    if (code == SSL_ERROR_WANT_READ) {
      if (total > 0) return total;
      // A key update may want an answer.
      const Result<void> flushed = flush_tls(deadline);
      if (!flushed) return flushed.error();
      const Result<void> waited = wait(POLLIN, deadline);
      if (!waited) return waited.error();
      continue;
    }
    // The end without TLS's word for it.
    if (is_input_over()) {
      was_cut_ = true;
      return total;
    }
    failure_ = take_read_error(code);
    if (total > 0) return total;
    return *failure_;
  }
}

bool ClientSocket::is_quiet() const {
  if (ssl_ != nullptr && SSL_has_pending(ssl_.get()) == 1) return false;
  pollfd polled{descriptor_.number(), POLLIN, 0};
  return poll(&polled, 1, 0) == 0;
}

void ClientSocket::add_interrupt(std::shared_ptr<const Interrupt> interrupt) {
  interrupts_.push_back(std::move(interrupt));
}

}  // namespace intertie::net
