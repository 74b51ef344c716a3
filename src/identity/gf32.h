// The Reed-Solomon check over GF(32): x^5+x^2+1, roots alpha and alpha^2, start state (19, 7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace intertie::identity {

/// high * x + low, what is left after dividing by the generator (x - alpha)(x - alpha^2).
struct Remainder {
  std::uint8_t high = 0;
  std::uint8_t low = 0;

  bool is_zero() const { return high == 0 && low == 0; }
};

/// The check symbols of a body: `high` comes first.
Remainder compute_remainder(std::span<const std::uint8_t> body);

/// `value` was added to the symbol with this power of x; the last symbol of a word has power 0.
struct SingleError {
  std::size_t power = 0;
  std::uint8_t value = 0;
};

/// The only single error among 16 symbols that leaves this difference between computed and given
/// check symbols; nothing if there is none, or if the difference is zero.
std::optional<SingleError> locate_single_error(Remainder difference);

}  // namespace intertie::identity
