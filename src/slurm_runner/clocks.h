// The two clocks that this module reads.
#pragma once

#include <ctime>

#include "intertie/core/time.h"

namespace intertie::slurm_runner {

inline core::Time read_clock_of(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);
  return {static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000};
}
inline core::Time read_boot_time() { return read_clock_of(CLOCK_BOOTTIME); }
inline core::Time read_wall_time() { return read_clock_of(CLOCK_REALTIME); }

}  // namespace intertie::slurm_runner
