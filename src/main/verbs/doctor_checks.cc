// Ports and the difference of clocks.
#include "verbs/doctor_checks.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "intertie/core/limits.h"

#include "output/for_people.h"

namespace intertie::cli {
namespace {

struct Freer {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// 0, or the system's error.
int try_listen(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens =
      ::bind(socket, address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket, 1) == 0;
  const int error = listens ? 0 : errno;
  ::close(socket);
  return error;
}

}  // namespace

Finding check_port(const std::string& listen, Verdict otherwise) {
  const std::string what = "port " + listen;
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return {what, otherwise, "not ADDRESS:PORT", "For example --listen 0.0.0.0:7300"};
  }
  std::string host = listen.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &list) != 0) {
    return {what, otherwise, "not an IP address and a port", "For example --listen 0.0.0.0:7300"};
  }
  const std::unique_ptr<addrinfo, Freer> owner(list);
  const int error = try_listen(*list);
  if (error == 0) return {what, Verdict::good, "free", ""};
  const bool is_taken = error == EADDRINUSE;
  return {what, otherwise, is_taken ? "in use, by a hub or another program" : std::strerror(error),
          is_taken ? "If it is not your hub, choose another: intertie hub start --listen"
                   : "Choose an address and port that this machine and user may use."};
}

Finding check_skew(core::Time hub, core::Time before, core::Time after) {
  // The hub's clock stood in [hub, hub + 2 s) at some moment between the two of ours: its header
  // counts whole seconds, and may be a second old.
  const core::Duration ahead = before - (hub + core::seconds(2));
  const core::Duration behind = hub - after;
  const core::Duration skew = std::max(ahead, behind);
  if (skew.count <= 0) return {"clock and hub", Verdict::good, "agree to two seconds", ""};
  const std::string detail = "this machine is " + short_duration(skew) +
                             (ahead > behind ? " ahead of the hub" : " behind the hub");
  return {"clock and hub", skew > core::limits::clock_margin ? Verdict::bad : Verdict::doubtful,
          detail, "Run a time service on both: systemd-timesyncd or chrony."};
}

}  // namespace intertie::cli
