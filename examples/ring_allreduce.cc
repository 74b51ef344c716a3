// A ring all-reduce over TCP: every rank ends with the sum of all ranks' vectors.
//
// INTERTIE_RANK, INTERTIE_SIZE and INTERTIE_PEERS ("host,host:port,...", one per rank) say
// who is who. Rank r listens at its own peer entry and connects to rank r + 1. The vector is cut
// into SIZE parts; in 2 (SIZE - 1) steps each rank sends one part on and takes one in, first
// adding (reduce-scatter), then replacing (all-gather). Each rank checks the sum against a
// closed formula. A missing or silent rank ends all others with exit 1 after --timeout-s.
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "arguments.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Gang {
  std::size_t rank = 0;
  std::vector<std::string> peers;
};

[[noreturn]] void fail(const std::string& message) {
  examples::stop_with(examples::kExitFailed, message);
}

std::string get_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr)
    examples::stop_with(examples::kExitUsage, std::string(name) + " is not set");
  return value;
}

Gang read_gang() {
  Gang gang;
  const std::string list = get_environment("INTERTIE_PEERS");
  for (std::size_t from = 0; from <= list.size();) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    gang.peers.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  const std::string rank = get_environment("INTERTIE_RANK");
  gang.rank = std::strtoul(rank.c_str(), nullptr, 10);
  if (std::to_string(gang.peers.size()) != get_environment("INTERTIE_SIZE") ||
      std::to_string(gang.rank) != rank || gang.rank >= gang.peers.size()) {
    examples::stop_with(examples::kExitUsage, "rank, size and peers do not agree");
  }
  return gang;
}

/// A socket that is closed when it goes.
class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Socket() {
    if (handle_ >= 0) close(handle_);
  }
  int handle() const { return handle_; }
  bool is_open() const { return handle_ >= 0; }

 private:
  int handle_;
};

// A gang has a network of its own, so every port of it is free.
constexpr const char* kDefaultPort = "7700";

addrinfo* find_address(const std::string& peer, bool is_listener) {
  const std::size_t colon = peer.rfind(':');
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = is_listener ? AI_PASSIVE : 0;
  addrinfo* found = nullptr;
  const std::string host = peer.substr(0, colon);
  const std::string port = colon == std::string::npos ? kDefaultPort : peer.substr(colon + 1);
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) fail("cannot resolve " + peer);
  return found;
}

Socket open_listener(const std::string& peer) {
  addrinfo* const address = find_address(peer, true);
  Socket listener(socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(listener.handle(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool is_listening = bind(listener.handle(), address->ai_addr, address->ai_addrlen) == 0 &&
                            listen(listener.handle(), 4) == 0;
  freeaddrinfo(address);
  if (!is_listening) fail("cannot listen at " + peer + ": " + std::strerror(errno));
  return listener;
}

/// Tries until the next rank listens or the deadline passes: ranks start in any order.
Socket connect_to(const std::string& peer, Clock::time_point deadline) {
  addrinfo* const address = find_address(peer, false);
  Socket connected(-1);
  while (!connected.is_open()) {
    Socket attempt(socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(attempt.handle(), address->ai_addr, address->ai_addrlen) == 0) {
      connected = std::move(attempt);
    } else if (Clock::now() >= deadline) {
      fail("no rank answers at " + peer);
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  freeaddrinfo(address);
  const int on = 1;
  setsockopt(connected.handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return connected;
}

int compute_wait_ms(Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000'000));
}

Socket accept_from_previous(const Socket& listener, Clock::time_point deadline) {
  pollfd waiting{listener.handle(), POLLIN, 0};
  if (poll(&waiting, 1, compute_wait_ms(deadline)) != 1) fail("the rank before did not connect");
  Socket accepted(accept4(listener.handle(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!accepted.is_open()) fail("the rank before did not connect");
  return accepted;
}

/// The two neighbours of this rank in the ring.
struct Ring {
  Socket next;
  Socket previous;
  Clock::time_point deadline;
};

/// Sends `out` to the next rank while taking `in` from the previous one. Both at once: if all
/// ranks first sent and then received, full socket buffers would stop the whole ring.
void exchange(const Ring& ring, const std::vector<std::int64_t>& out,
              std::vector<std::int64_t>& in) {
  const auto* const sending = reinterpret_cast<const char*>(out.data());
  auto* const taking = reinterpret_cast<char*>(in.data());
  const std::size_t out_bytes = out.size() * sizeof out[0];
  const std::size_t in_bytes = in.size() * sizeof in[0];
  std::size_t sent = 0;
  std::size_t taken = 0;
  while (sent < out_bytes || taken < in_bytes) {
    pollfd events[2] = {{sent < out_bytes ? ring.next.handle() : -1, POLLOUT, 0},
                        {taken < in_bytes ? ring.previous.handle() : -1, POLLIN, 0}};
    if (poll(events, 2, compute_wait_ms(ring.deadline)) <= 0) fail("a rank went silent");
    if (events[0].revents != 0) {
      const ssize_t bytes =
          send(ring.next.handle(), sending + sent, out_bytes - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (bytes < 0 && errno != EAGAIN) fail("the next rank is gone");
      sent += bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }
    if (events[1].revents != 0) {
      const ssize_t bytes =
          recv(ring.previous.handle(), taking + taken, in_bytes - taken, MSG_DONTWAIT);
      if (bytes == 0 || (bytes < 0 && errno != EAGAIN)) fail("the rank before is gone");
      taken += bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
    }
  }
}

std::int64_t compute_element(std::size_t rank, std::size_t index) {
  return static_cast<std::int64_t>((rank + 1) * (index % 1009 + 1));
}

/// Part p of n elements over `ranks`: all parts differ by at most one element.
std::pair<std::size_t, std::size_t> find_part(std::size_t n, std::size_t ranks, std::size_t p) {
  return {n * p / ranks, n * (p + 1) / ranks};
}

void all_reduce(const Ring& ring, const Gang& gang, std::vector<std::int64_t>& vector) {
  const std::size_t ranks = gang.peers.size();
  for (std::size_t step = 0; step < 2 * (ranks - 1); ++step) {
    const bool is_adding = step < ranks - 1;
    // In the adding half rank r starts by sending part r, in the second half part r + 1, the
    // one whose sum it has by then; each step goes one part back.
    const std::size_t first = is_adding ? gang.rank : gang.rank + 1;
    const std::size_t gone = is_adding ? step : step - (ranks - 1);
    const auto [from, to] = find_part(vector.size(), ranks, (first + ranks - gone) % ranks);
    const auto [at, end] = find_part(vector.size(), ranks, (first + 2 * ranks - gone - 1) % ranks);
    const std::vector<std::int64_t> out(vector.begin() + static_cast<std::ptrdiff_t>(from),
                                        vector.begin() + static_cast<std::ptrdiff_t>(to));
    std::vector<std::int64_t> in(end - at);
    exchange(ring, out, in);
    for (std::size_t i = 0; i < in.size(); ++i) {
      vector[at + i] = is_adding ? vector[at + i] + in[i] : in[i];
    }
  }
}

/// Tells the next rank who we are, so that a stranger or a wrong peer list is noticed.
void greet(const Ring& ring, const Gang& gang) {
  constexpr std::int64_t kGreeting = 0x52494e47;
  const std::vector<std::int64_t> out{kGreeting, static_cast<std::int64_t>(gang.rank)};
  std::vector<std::int64_t> in(2);
  exchange(ring, out, in);
  const std::size_t ranks = gang.peers.size();
  const auto before = static_cast<std::int64_t>((gang.rank + ranks - 1) % ranks);
  if (in[0] != kGreeting || in[1] != before) fail("a stranger connected instead of a rank");
}

}  // namespace

int main(int count, char** values) {
  const examples::Arguments arguments(
      count, values, {{"elements", "1000000"}, {"rounds", "5"}, {"timeout-s", "30"}});
  const auto elements = static_cast<std::size_t>(arguments.get_integer("elements", 1, 1 << 28));
  const std::int64_t rounds = arguments.get_integer("rounds", 1, 1'000'000);
  const std::chrono::seconds timeout(arguments.get_integer("timeout-s", 1, 86400));
  const Gang gang = read_gang();
  const std::size_t ranks = gang.peers.size();
  if (ranks < 2) examples::stop_with(examples::kExitUsage, "a ring needs two ranks or more");

  const Clock::time_point deadline = Clock::now() + timeout;
  const Socket listener = open_listener(gang.peers[gang.rank]);
  Socket next = connect_to(gang.peers[(gang.rank + 1) % ranks], deadline);
  Ring ring{std::move(next), accept_from_previous(listener, deadline), deadline};
  greet(ring, gang);

  std::int64_t total = 0;
  for (std::int64_t round = 0; round < rounds; ++round) {
    ring.deadline = Clock::now() + timeout;  // Each round may take the whole time limit.
    std::vector<std::int64_t> vector(elements);
    for (std::size_t i = 0; i < elements; ++i) vector[i] = compute_element(gang.rank, i);
    all_reduce(ring, gang, vector);
    total = 0;
    for (std::size_t i = 0; i < elements; ++i) {
      // The ranks' factors 1 + 2 + ... + n sum to n (n + 1) / 2.
      if (vector[i] != compute_element(0, i) * static_cast<std::int64_t>(ranks * (ranks + 1) / 2)) {
        fail("element " + std::to_string(i) + " has a wrong sum");
      }
      total += vector[i];
    }
  }
  std::cout << "rank " << gang.rank << " of " << ranks << " sum " << total << "\n";
  return 0;
}
