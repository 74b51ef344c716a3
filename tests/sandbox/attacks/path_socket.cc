// Connects to a socket that lies open to everybody in /tmp: another job's, a container engine's.
#include <sys/socket.h>
#include <sys/un.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  for (const std::string& path :
       {"/tmp/" + get_mark(), std::string("/run/docker.sock"),
        std::string("/run/dbus/system_bus_socket"), get_told("ATTACK_LAUNCHER")}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    for (const int type : {SOCK_STREAM, SOCK_SEQPACKET}) {
      const int number = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
      finds.add_if(number >= 0 && ::connect(number, reinterpret_cast<sockaddr*>(&address),
                                            sizeof(address)) == 0,
                   path);
    }
  }
  return finds.code();
}
