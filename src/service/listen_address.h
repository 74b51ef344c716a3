// Where a listener of a hub or site listens, and what others are told to dial.
#pragma once

#include <cstdint>
#include <string>

#include "intertie/core/result.h"

namespace intertie::service {

struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};

/// "ADDRESS:PORT", "[::1]:PORT". bad_argument, with the option's name.
core::Result<ListenAddress> parse_listen(const std::string& option, const std::string& text);

bool is_loopback(const std::string& address);

/// What others can dial: "ADDRESS:PORT", and the machine's name where every address is meant.
std::string format_reachable(const std::string& address, std::uint16_t port);

}  // namespace intertie::service
