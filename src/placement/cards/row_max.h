// The first largest element of a row of scores: portable, or with AVX2 where the machine has it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace intertie::placement::cards {

/// Rows are padded with zeros to a multiple of this many elements.
inline constexpr std::size_t row_block = 64;

/// The largest element of `row` and the lowest place where it stands.
struct RowMax {
  std::uint16_t value = 0;
  std::uint32_t place = 0;

  friend bool operator==(RowMax, RowMax) = default;
};

/// `length` is a positive multiple of row_block. O(length).
using FindRowMax = RowMax (*)(const std::uint16_t* row, std::size_t length);

/// In plain C++.
RowMax find_row_max_portable(const std::uint16_t* row, std::size_t length);

/// The fastest for this machine; with `allow_simd` false the portable one. Both give equal results.
/// The choice is made by the processor's own word at run time, so one binary runs everywhere.
FindRowMax choose_row_max(bool allow_simd);

}  // namespace intertie::placement::cards
