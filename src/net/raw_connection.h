// For tests: a plain socket that sends any bytes, well-formed or not.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace intertie::net {

/// A whole request.
inline constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port)
      : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;
  ~RawConnection() { ::close(descriptor_); }

  bool is_connected() const { return is_connected_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void end_sending() { ::shutdown(descriptor_, SHUT_WR); }

  /// Reads until `marker` has arrived `times` times; empty marker: until the other side closes.
  /// Gives up after 20 s without a byte.
  std::string read_until(std::string_view marker, int times = 1) {
    std::string text;
    while (marker.empty() || count(text, marker) < times) {
      pollfd polled{descriptor_, POLLIN, 0};
      if (::poll(&polled, 1, 20'000) != 1) return text + "[timed out]";
      char piece[4096];
      const ssize_t size = ::recv(descriptor_, piece, sizeof piece, 0);
      if (size <= 0) return text;
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }

  std::string read_to_end() { return read_until(""); }

 private:
  static int count(std::string_view text, std::string_view marker) {
    int found = 0;
    for (std::size_t at = text.find(marker); at != text.npos; at = text.find(marker, at + 1)) {
      ++found;
    }
    return found;
  }

  int descriptor_;
  bool is_connected_ = false;
};

}  // namespace intertie::net
