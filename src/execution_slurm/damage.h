// For tests: what a broken pipe, a full disk or a strange version may make of a command's output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/random.h"

namespace intertie::execution_slurm {

/// One to three changes: bytes changed, taken out, put in, doubled; the end cut off.
inline std::string damage(std::string_view text, std::uint64_t seed) {
  core::Random random(seed);
  const auto draw = [&](std::size_t bound) {
    return static_cast<std::size_t>(random.below(static_cast<std::uint64_t>(bound)));
  };
  constexpr std::string_view kSpecial = "|_[]-,:*%()\n\0{\"9";
  std::string damaged(text);
  for (std::size_t changes = 1 + draw(3); changes > 0 && !damaged.empty(); --changes) {
    const std::size_t at = draw(damaged.size());
    switch (draw(5)) {
      case 0:
        damaged[at] = kSpecial[draw(kSpecial.size())];
        break;
      case 1:
        damaged.erase(at, 1 + draw(8));
        break;
      case 2:
        damaged.insert(at, 1, kSpecial[draw(kSpecial.size())]);
        break;
      case 3:
        damaged.insert(at, damaged.substr(draw(damaged.size()), draw(40)));
        break;
      default:
        damaged.resize(at);
    }
  }
  return damaged;
}

}  // namespace intertie::execution_slurm
