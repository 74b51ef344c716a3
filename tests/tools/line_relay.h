// For tests and benchmarks: a TCP relay on the loopback that behaves like a line between regions:
// it has a capacity and a delay, in each direction, shared by all that passes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "intertie/transfer/pacing.h"

namespace intertie::testing_tools {

struct LineShape {
  std::int64_t bits_per_second = 100'000'000;  // In each direction.
  std::int64_t delay_ms = 0;                   // One way.
};

/// Listens on 127.0.0.1 and passes each connection on to `upstream_port` there. Holds at most what
/// is on its way (capacity x delay) and half a mebibyte more of each connection and direction; then
/// the sender waits. Any thread.
class LineRelay {
 public:
  /// `port` 0: a free one.
  LineRelay(std::uint16_t upstream_port, LineShape shape, std::uint16_t port = 0)
      : upstream_(upstream_port), shape_(shape), down_(shape), up_(shape) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int is_reused = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &is_reused, sizeof is_reused);
    sockaddr_in address = make_address(port);
    socklen_t length = sizeof address;
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    is_ready_ = ::bind(listener_, where, length) == 0 && ::listen(listener_, 64) == 0 &&
                ::getsockname(listener_, where, &length) == 0;
    port_ = ntohs(address.sin_port);
    if (is_ready_) acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LineRelay() {
    is_stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    if (acceptor_.joinable()) acceptor_.join();
    const std::lock_guard lock(mutex_);
    for (Pipe& pipe : pipes_) pipe.end();
    for (std::thread& thread : threads_) thread.join();
    for (const int socket : sockets_) ::close(socket);
    ::close(listener_);
  }
  LineRelay(const LineRelay&) = delete;
  LineRelay& operator=(const LineRelay&) = delete;

  bool is_ready() const { return is_ready_; }
  std::uint16_t port() const { return port_; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kPiece = 16 << 10;

  static sockaddr_in make_address(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  // One direction: all connections take turns.
  class Direction {
   public:
    explicit Direction(const LineShape& shape)
        : shape_(shape),
          begun_(Clock::now()),
          pacer_(shape.bits_per_second / 8, core::Bytes{kPiece}, core::Time{0}) {}

    // When the last of these bytes is at the other end.
    Clock::time_point send(std::size_t bytes) {
      const std::lock_guard lock(mutex_);
      const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begun_);
      const auto size = static_cast<std::int64_t>(bytes);
      const core::Time begins = pacer_.book(size, core::Time{now.count()});
      const std::int64_t takes = size * 8 * 1'000'000 / shape_.bits_per_second;
      return begun_ + std::chrono::microseconds(begins.micros + takes) +
             std::chrono::milliseconds(shape_.delay_ms);
    }

   private:
    const LineShape shape_;
    const Clock::time_point begun_;
    std::mutex mutex_;
    transfer::Pacer pacer_;
  };

  // One direction of one connection.
  class Pipe {
   public:
    Pipe(int from, int to, Direction& direction, std::size_t held_max)
        : from_(from), to_(to), direction_(direction), held_max_(held_max) {}

    void read_all() {
      std::string piece(kPiece, '\0');
      while (true) {
        const ssize_t got = ::recv(from_, piece.data(), piece.size(), 0);
        const bool is_over = got <= 0;
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return held_ < held_max_ || is_ended_; });
        if (is_ended_) return;
        const std::size_t size = is_over ? 0 : static_cast<std::size_t>(got);
        lock.unlock();
        const Clock::time_point arrives = direction_.send(size);
        lock.lock();
        under_way_.emplace_back(arrives, piece.substr(0, size));
        held_ += size;
        changed_.notify_all();
        if (is_over) return;
      }
    }

    void write_all() {
      while (true) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return !under_way_.empty() || is_ended_; });
        if (is_ended_) return;
        auto [arrives, piece] = std::move(under_way_.front());
        under_way_.pop_front();
        if (changed_.wait_until(lock, arrives, [&] { return is_ended_; })) return;
        lock.unlock();
        if (piece.empty()) {
          ::shutdown(to_, SHUT_WR);
          return;
        }
        for (std::size_t sent = 0; sent < piece.size();) {
          const ssize_t put = ::send(to_, piece.data() + sent, piece.size() - sent, MSG_NOSIGNAL);
          if (put <= 0) return end();
          sent += static_cast<std::size_t>(put);
        }
        lock.lock();
        held_ -= piece.size();
        changed_.notify_all();
      }
    }

    void end() {
      const std::lock_guard lock(mutex_);
      is_ended_ = true;
      ::shutdown(from_, SHUT_RDWR);
      ::shutdown(to_, SHUT_RDWR);
      changed_.notify_all();
    }

   private:
    const int from_;
    const int to_;
    Direction& direction_;
    const std::size_t held_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<Clock::time_point, std::string>> under_way_;
    std::size_t held_ = 0;
    bool is_ended_ = false;
  };

  void accept_all() {
    while (!is_stopping_) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const sockaddr_in address = make_address(upstream_);
      if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(client);
        ::close(server);
        continue;
      }
      const int is_immediate = 1;
      for (const int socket : {client, server}) {
        ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &is_immediate, sizeof is_immediate);
      }
      const std::lock_guard lock(mutex_);
      sockets_.insert(sockets_.end(), {client, server});
      add_pipe(client, server, up_);
      add_pipe(server, client, down_);
    }
  }

  void add_pipe(int from, int to, Direction& direction) {
    const std::int64_t on_its_way = shape_.bits_per_second / 8 * shape_.delay_ms / 1'000;
    Pipe& pipe = pipes_.emplace_back(from, to, direction,
                                     static_cast<std::size_t>(on_its_way) + (512u << 10));
    threads_.emplace_back([&pipe] { pipe.read_all(); });
    threads_.emplace_back([&pipe] { pipe.write_all(); });
  }

  const std::uint16_t upstream_;
  const LineShape shape_;
  Direction down_;
  Direction up_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  bool is_ready_ = false;
  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;
  std::list<Pipe> pipes_;
  std::list<std::thread> threads_;
  std::list<int> sockets_;
  std::thread acceptor_;
};

}  // namespace intertie::testing_tools
