// How a hub measures what passes, whatever is done to its wall clock.
#pragma once

#include <cstdint>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"

namespace intertie::hub {

/// A clock of the hub's machine that nothing steps: time since the machine was started, and which
/// start that was (0: unknown). It comes with commands, because a decision reads no clock.
struct HubClock {
  core::Duration boot;
  std::uint64_t boot_id = 0;
  friend bool operator==(const HubClock&, const HubClock&) = default;
};
BOOST_DESCRIBE_STRUCT(HubClock, (), (boot, boot_id))

}  // namespace intertie::hub
