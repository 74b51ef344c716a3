// The project's own random generator: the same seed gives the same numbers on every platform.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace intertie::core {

/// xoshiro256** 1.0 (Blackman and Vigna, 2018), seeded by SplitMix64. Not for keys or tokens.
/// std::uniform_int_distribution and std::shuffle are not specified bit for bit, so seeds would not
/// replay elsewhere; hence our own. One object belongs to one thread.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// The next 64 random bits.
  std::uint64_t next();

  /// Uniform in [0, bound); bound > 0. Unbiased (Lemire's rejection).
  std::uint64_t below(std::uint64_t bound);

  /// Uniform in [low, high]; low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high);

  /// True with probability numerator / denominator.
  bool chance(std::uint64_t numerator, std::uint64_t denominator);

  /// An independent generator, for a part that must not disturb this one's sequence.
  Random fork();

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t left = items.size(); left > 1; --left) {
      std::swap(items[left - 1], items[below(left)]);
    }
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace intertie::core
