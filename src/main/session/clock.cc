// The system's clock.
#include "session/clock.h"

#include <ctime>

namespace intertie::cli {

core::Time read_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return {std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000};
}

void sleep_for(core::Duration duration) {
  timespec time{};
  time.tv_sec = duration.count / 1'000'000;
  time.tv_nsec = duration.count % 1'000'000 * 1'000;
  ::nanosleep(&time, nullptr);
}

}  // namespace intertie::cli
