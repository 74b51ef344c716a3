// How much of a channel one request carries, and how long a channel that has diverged rests.
#pragma once

#include <cstddef>

#include "intertie/core/time.h"

namespace intertie::service {

inline constexpr std::size_t kRowsPerRequest = 500;
inline constexpr std::size_t kRowBytesPerRequest = 1u << 20;
/// Only an operator can mend it: asking more often costs both ends for nothing.
inline constexpr core::Duration kDivergedPause = core::minutes(1);

}  // namespace intertie::service
