// The units in which lines and times are counted.
#pragma once

#include <cstdint>

namespace intertie::transfer {

/// Bits times microseconds of a large dataset do not fit in 64 bits.
__extension__ using Wide = __int128;

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kBitsPerByte = 8;

}  // namespace intertie::transfer
