// The bytes of an input as a source of choices, so that a fuzzer steers a model-based test.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace intertie::fuzz {

/// Gives what core::Random gives, from bytes; 0 when there are none left. Small choices take one
/// byte, so a fuzzer's change of a byte changes one choice.
class ByteChoices {
 public:
  explicit ByteChoices(std::string_view bytes) : bytes_(bytes) {}

  bool is_empty() const { return bytes_.empty(); }

  /// In [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t value = 0;
    std::uint64_t reach = 1;
    while (reach < bound && reach <= UINT64_MAX / 256) {
      value = value * 256 + take();
      reach *= 256;
    }
    if (reach < bound) value = value * 256 + take();
    return value % bound;
  }
  /// In [low, high].
  std::int64_t between(std::int64_t low, std::int64_t high) {
    const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    const std::uint64_t offset = width == UINT64_MAX ? below(UINT64_MAX) : below(width + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
  }
  bool chance(std::uint64_t numerator, std::uint64_t denominator) {
    return below(denominator) < numerator;
  }

 private:
  std::uint8_t take() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }

  std::string_view bytes_;
};

/// Seeds for such targets: bytes of a fixed generator.
inline std::string make_choice_bytes(std::uint64_t seed, std::size_t length) {
  std::string bytes;
  for (std::size_t i = 0; i < length; ++i) {
    seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;  // Knuth's MMIX.
    bytes += static_cast<char>(seed >> 56);
  }
  return bytes;
}

}  // namespace intertie::fuzz
