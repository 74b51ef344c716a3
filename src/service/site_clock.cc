#include "site_clock.h"

#include <ctime>

namespace intertie::service {

core::Time read_boot_time() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return {static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1'000};
}

}  // namespace intertie::service
