#include "listen_address.h"

#include <unistd.h>

#include <charconv>

namespace intertie::service {
namespace {

std::string format_address(const std::string& address, std::uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace

core::Result<ListenAddress> parse_listen(const std::string& option, const std::string& text) {
  const core::Error refusal{core::Reason::bad_argument, option + ": ADDRESS:PORT, not " + text};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return refusal;
  ListenAddress listen{text.substr(0, colon), 0};
  if (listen.address.front() == '[' && listen.address.back() == ']') {
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  }
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (read.ec != std::errc{} || read.ptr != end) return refusal;
  return listen;
}

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

std::string format_reachable(const std::string& address, std::uint16_t port) {
  if (address != "0.0.0.0" && address != "::") return format_address(address, port);
  char name[256] = "localhost";
  ::gethostname(name, sizeof name - 1);
  return format_address(name, port);
}

}  // namespace intertie::service
