// For what a rate of a line is reserved: the same words at the hub that gives the right to
// read and at the hub that sends.
#pragma once

#include <cstdint>
#include <string>

namespace intertie::hub {

/// All inputs of one offer of a region's hub, whichever datasets they are:
/// "22/7".
inline std::string make_leg_key(const std::string& region, std::uint64_t offer) {
  return region + "/" + std::to_string(offer);
}

}  // namespace intertie::hub
