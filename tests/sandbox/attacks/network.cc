// Reaches services of the host and beyond: loopback, name servers, the metadata address.
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "attack.h"

namespace {

bool can_connect(const char* address, int port, int type) {
  sockaddr_in target{};
  target.sin_family = AF_INET;
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &target.sin_addr);
  const int number = ::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0) return false;
  const int connected = ::connect(number, reinterpret_cast<sockaddr*>(&target), sizeof(target));
  if (connected != 0 && errno != EINPROGRESS) return false;
  if (type == SOCK_DGRAM) {
    // It is "connected" by having a route: what is sent must be answered.
    char query[17] = {1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
    (void)!::send(number, query, sizeof(query), MSG_NOSIGNAL);
    pollfd watched{number, POLLIN, 0};
    return ::poll(&watched, 1, 300) > 0 && (watched.revents & POLLERR) == 0;
  }
  pollfd watched{number, POLLOUT, 0};
  int error = 1;
  socklen_t size = sizeof(error);
  return ::poll(&watched, 1, 300) > 0 &&
         ::getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

}  // namespace

int main() {
  using namespace intertie::attack;
  Finds finds;
  const int port = std::atoi(get_told("ATTACK_PORT").c_str());
  for (const char* address : {"127.0.0.1", "127.77.0.1", "0.0.0.0"}) {
    finds.add_if(can_connect(address, port, SOCK_STREAM), std::string("the host's ") + address);
  }
  for (const char* address : {"127.0.0.53", "127.0.0.1", "169.254.169.254"}) {
    finds.add_if(can_connect(address, 53, SOCK_DGRAM), std::string("names from ") + address);
  }
  finds.add_if(can_connect("169.254.169.254", 80, SOCK_STREAM), "the metadata address");
  finds.add_if(can_connect("198.51.100.1", 443, SOCK_STREAM), "the outside");
  finds.add_if(::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0, "a raw socket");
  return finds.code();
}
