// Random numbers that are the same on every machine: SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace examples {

class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t draw() {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  /// From 0 to bound - 1. The bias (bound / 2^64) does not matter to these programs.
  std::uint64_t draw_below(std::uint64_t bound) { return draw() % bound; }

  /// From 0 up to, not including, 1, in steps of 2^-53: exact in a double.
  double draw_unit() { return static_cast<double>(draw() >> 11U) * 0x1.0p-53; }

  /// What to keep in a checkpoint to go on with the same numbers.
  std::uint64_t state() const { return state_; }

 private:
  std::uint64_t state_;
};

}  // namespace examples
