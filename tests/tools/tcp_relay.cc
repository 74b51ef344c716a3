// For tests of real processes: a TCP relay on the loopback that is told by its standard input what
// to do to the connections.
//
//   tcp_relay UPSTREAM_PORT
//
// prints the port it listens on, then reads lines until the end of the input:
//   delay MILLISECONDS     one way, each way
//   rate BYTES_PER_SECOND  of what the upstream sends
//   cut                    breaks every connection
//   cut_at BYTES...        breaks them whenever so much more has come from the upstream
//   refuse on|off          new connections are closed at once
//   cuts                   prints how many were made by cut_at
//   bytes                  prints how many the upstream has sent
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "tcp_proxy.h"

namespace {

void obey(intertie::testing_tools::TcpProxy& proxy, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  words >> verb;
  std::int64_t number = 0;
  if (verb == "delay" && words >> number) {
    proxy.set_delay(std::chrono::milliseconds(number));
  } else if (verb == "rate" && words >> number) {
    proxy.set_rate(number);
  } else if (verb == "cut") {
    proxy.cut();
  } else if (verb == "cut_at") {
    std::vector<std::uint64_t> offsets;
    while (words >> number) {
      offsets.push_back(proxy.bytes_down() + static_cast<std::uint64_t>(number));
    }
    proxy.cut_at(offsets);
  } else if (verb == "refuse" && words >> verb) {
    proxy.refuse(verb == "on");
  } else if (verb == "cuts") {
    std::cout << proxy.cuts() << std::endl;
  } else if (verb == "bytes") {
    std::cout << proxy.bytes_down() << std::endl;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  intertie::testing_tools::TcpProxy proxy(static_cast<std::uint16_t>(std::atoi(arguments[1])));
  std::cout << proxy.port() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) obey(proxy, line);
}
