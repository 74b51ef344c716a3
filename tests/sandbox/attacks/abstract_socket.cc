// Connects to an abstract socket of the host: a name space of its own, without any rights.
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const std::string name = get_mark();
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path + 1, sizeof(address.sun_path) - 2);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int number = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    finds.add_if(number >= 0 && ::connect(number, reinterpret_cast<sockaddr*>(&address), size) == 0,
                 type == SOCK_STREAM ? "a stream" : "datagrams");
  }
  return finds.code();
}
