// For tests: a TCP proxy on the loopback that cuts, delays and slows what passes through it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace intertie::testing_tools {

/// Listens on a free port of 127.0.0.1 and passes each connection on to `upstream_port` there.
/// "Down" is what the upstream sends. Any thread may use any member.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t upstream_port) : upstream_(upstream_port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = make_address(0);
    socklen_t length = sizeof address;
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    const bool is_ready = ::bind(listener_, where, length) == 0 && ::listen(listener_, 64) == 0 &&
                          ::getsockname(listener_, where, &length) == 0;
    assert(is_ready);
    static_cast<void>(is_ready);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TcpProxy() {
    is_stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    cut();
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }

  /// Breaks every connection at once.
  void cut() {
    const std::lock_guard lock(mutex_);
    cut_locked();
  }
  /// Cuts whenever so many bytes have gone down in all; ascending.
  void cut_at(std::vector<std::uint64_t> offsets) {
    const std::lock_guard lock(mutex_);
    cut_offsets_.assign(offsets.begin(), offsets.end());
  }
  /// One way, each way.
  void set_delay(std::chrono::microseconds delay) { delay_ = delay.count(); }
  /// Of all connections together, down; 0: no limit.
  void set_rate(std::int64_t bytes_per_second) { rate_ = bytes_per_second; }
  /// New connections are closed at once.
  void refuse(bool is_refusing) { is_refusing_ = is_refusing; }

  std::uint64_t bytes_down() const { return bytes_down_; }
  int cuts() const { return cuts_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Piece {
    Clock::time_point due;
    std::string bytes;
  };

  static sockaddr_in make_address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void cut_locked() {
    for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }

  void accept_all() {
    while (!is_stopping_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = make_address(upstream_);
      const bool is_good =
          !is_refusing_ && !is_stopping_ &&
          ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
      if (!is_good) {
        ::close(client);
        ::close(server);
        continue;
      }
      const int yes = 1;
      ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      const std::lock_guard lock(mutex_);
      open_.insert(client);
      open_.insert(server);
      threads_.emplace_back([this, client, server] { pass_on(client, server); });
    }
  }

  void pass_on(int client, int server) {
    std::thread up([this, client, server] { pump(client, server, false); });
    pump(server, client, true);
    up.join();
    const std::lock_guard lock(mutex_);
    open_.erase(client);
    open_.erase(server);
    ::close(client);
    ::close(server);
  }

  // Reads until it would run ahead of its delay by 4 MiB, writes what is due.
  void pump(int from, int to, bool is_down) {
    std::deque<Piece> waiting;
    std::string buffer(64u << 10, '\0');
    bool is_open = true;
    while (is_open || !waiting.empty()) {
      const auto now = Clock::now();
      if (!waiting.empty() && waiting.front().due <= now) {
        if (!write_piece(to, waiting.front().bytes, is_down)) break;
        waiting.pop_front();
        continue;
      }
      const auto left =
          waiting.empty() ? std::chrono::milliseconds(100)
                          : std::chrono::ceil<std::chrono::milliseconds>(waiting.front().due - now);
      pollfd wanted{from, static_cast<short>(is_open && waiting.size() < 64 ? POLLIN : 0), 0};
      if (::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) continue;
      if (!is_open) continue;
      const ssize_t count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0) {
        is_open = false;
        continue;
      }
      waiting.push_back({now + std::chrono::microseconds(delay_.load()),
                         buffer.substr(0, static_cast<std::size_t>(count))});
    }
    ::shutdown(to, SHUT_RDWR);
    ::shutdown(from, SHUT_RDWR);
  }

  bool write_piece(int to, std::string_view bytes, bool is_down) {
    if (is_down) bytes = bytes.substr(0, count_down(bytes.size()));
    while (!bytes.empty()) {
      const ssize_t written = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  // How many of these bytes may still pass before the next cut; waits for the rate.
  std::size_t count_down(std::size_t size) {
    Clock::time_point due{};
    std::size_t allowed = size;
    {
      const std::lock_guard lock(mutex_);
      if (!cut_offsets_.empty() && bytes_down_ + size >= cut_offsets_.front()) {
        allowed = cut_offsets_.front() - std::min<std::uint64_t>(bytes_down_, cut_offsets_.front());
        cut_offsets_.pop_front();
        ++cuts_;
        cut_locked();
      }
      bytes_down_ += allowed;
      const std::int64_t rate = rate_;
      if (rate > 0) {
        free_at_ = std::max(free_at_, Clock::now()) +
                   std::chrono::nanoseconds(static_cast<std::int64_t>(size) * 1'000'000'000 / rate);
        due = free_at_;
      }
    }
    if (due > Clock::now()) std::this_thread::sleep_until(due);
    return allowed;
  }

  const std::uint16_t upstream_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::atomic<bool> is_refusing_{false};
  std::atomic<std::int64_t> delay_{0};
  std::atomic<std::int64_t> rate_{0};
  std::atomic<std::uint64_t> bytes_down_{0};
  std::atomic<int> cuts_{0};
  std::mutex mutex_;
  std::set<int> open_;
  std::deque<std::uint64_t> cut_offsets_;
  Clock::time_point free_at_{};
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace intertie::testing_tools
