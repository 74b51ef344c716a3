// Arithmetic in GF(32) by logarithms, and the shift register of the check.
#include "gf32.h"

namespace intertie::identity {
namespace {

constexpr unsigned kOrder = 31;             // alpha^31 = 1
constexpr unsigned kPolynomial = 0b100101;  // x^5 + x^2 + 1
constexpr std::size_t kWordLength = 16;
constexpr Remainder kStart = {19, 7};  // Not zero: otherwise rotations and zeros pass.

struct Tables {
  std::array<std::uint8_t, kOrder> power{};  // power[i] = alpha^i
  std::array<std::uint8_t, 32> logarithm{};  // of 1 to 31
};

constexpr Tables make_tables() {
  Tables tables;
  unsigned element = 1;
  for (unsigned i = 0; i < kOrder; ++i) {
    tables.power[i] = static_cast<std::uint8_t>(element);
    tables.logarithm[element] = static_cast<std::uint8_t>(i);
    element <<= 1;
    if ((element & 32) != 0) element ^= kPolynomial;
  }
  return tables;
}

constexpr Tables kTables = make_tables();

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || b == 0) return 0;
  return kTables.power[(kTables.logarithm[a] + kTables.logarithm[b]) % kOrder];
}

// (x - alpha)(x - alpha^2) = x^2 + (alpha + alpha^2) x + alpha^3; plus and minus are both xor.
constexpr std::uint8_t kGeneratorHigh = kTables.power[1] ^ kTables.power[2];
constexpr std::uint8_t kGeneratorLow = kTables.power[3];

}  // namespace

Remainder compute_remainder(std::span<const std::uint8_t> body) {
  Remainder state = kStart;
  for (const std::uint8_t symbol : body) {
    const auto feedback = static_cast<std::uint8_t>(state.high ^ symbol);
    state.high = static_cast<std::uint8_t>(state.low ^ multiply(feedback, kGeneratorHigh));
    state.low = multiply(feedback, kGeneratorLow);
  }
  return state;
}

std::optional<SingleError> locate_single_error(Remainder difference) {
  // An error e * x^p takes the values e * alpha^p and e * alpha^2p at the two roots.
  const auto at_first =
      static_cast<std::uint8_t>(multiply(difference.high, kTables.power[1]) ^ difference.low);
  const auto at_second =
      static_cast<std::uint8_t>(multiply(difference.high, kTables.power[2]) ^ difference.low);
  if (at_first == 0 || at_second == 0) return std::nullopt;
  const unsigned log_first = kTables.logarithm[at_first];
  const unsigned power = (kTables.logarithm[at_second] + kOrder - log_first) % kOrder;
  if (power >= kWordLength) return std::nullopt;
  return SingleError{power, kTables.power[(log_first + kOrder - power) % kOrder]};
}

}  // namespace intertie::identity
