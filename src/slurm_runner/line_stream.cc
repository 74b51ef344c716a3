#include "line_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "shared_files.h"

namespace intertie::slurm_runner {
namespace {

constexpr std::size_t kUnsentBytesMax = 4u << 20;

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

core::Result<Addresses> resolve(const std::string& address, bool is_passive) {
  const std::size_t colon = address.rfind(':');
  if (colon == address.npos || colon == 0) {
    return core::Error{core::Reason::bad_argument, "expected HOST:PORT: " + address};
  }
  std::string host = address.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = is_passive ? AI_PASSIVE : 0;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0) {
    return core::Error{core::Reason::bad_argument, "no such address: " + address};
  }
  return Addresses(found, ::freeaddrinfo);
}

void set_no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

void LineStream::send(const std::string& line) {
  if (!is_open()) return;
  out_ += line;
  out_ += '\n';
  flush();
}

void LineStream::flush() {
  while (is_open() && !out_.empty()) {
    const ssize_t count = ::send(get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (out_.size() > kUnsentBytesMax) close();
      return;
    }
    if (count < 0) return close();
    out_.erase(0, static_cast<std::size_t>(count));
  }
}

std::vector<std::string> LineStream::receive() {
  std::vector<std::string> lines;
  bool has_ended = false;
  char buffer[65'536];
  while (is_open() && !has_ended) {
    const ssize_t count = ::recv(get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    has_ended = count <= 0;
    if (!has_ended) in_.append(buffer, static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = in_.find('\n', begin)) != in_.npos; begin = end + 1) {
      lines.push_back(in_.substr(begin, end - begin));
    }
    in_.erase(0, begin);
    has_ended = has_ended || in_.size() > kLineBytesMax;
  }
  if (has_ended) close();
  return lines;
}

core::Result<LineStream> connect_lines(const std::string& address, int milliseconds) {
  const auto found = resolve(address, false);
  if (!found) return found.error();
  const addrinfo& one = **found;
  Descriptor socket(
      ::socket(one.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, one.ai_protocol));
  if (!socket.is_open()) return make_errno_error("socket");
  if (::connect(socket.get(), one.ai_addr, one.ai_addrlen) != 0) {
    pollfd watched{socket.get(), POLLOUT, 0};
    int error = errno;
    socklen_t size = sizeof error;
    if (error == EINPROGRESS && ::poll(&watched, 1, milliseconds) == 1) {
      ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error != 0) return core::Error{core::Reason::unreachable, address};
  }
  set_no_delay(socket.get());
  return LineStream(std::move(socket));
}

core::Result<Listening> listen_lines(const std::string& address) {
  const auto found = resolve(address, true);
  if (!found) return found.error();
  const addrinfo& one = **found;
  Listening made;
  made.socket.reset(
      ::socket(one.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, one.ai_protocol));
  if (!made.socket.is_open()) return make_errno_error("socket");
  const int on = 1;
  ::setsockopt(made.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(made.socket.get(), one.ai_addr, one.ai_addrlen) != 0 ||
      ::listen(made.socket.get(), 512) != 0) {
    return make_errno_error("listen on " + address);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(made.socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  char port[16];
  ::getnameinfo(reinterpret_cast<const sockaddr*>(&bound), size, nullptr, 0, port, sizeof port,
                NI_NUMERICSERV);
  made.address = address.substr(0, address.rfind(':')) + ":" + port;
  return made;
}

}  // namespace intertie::slurm_runner
