// Moves the clocks that leases and time limits are read from. The times are none, so that a kernel
// that would let it says so and moves nothing.
#include <errno.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "attack.h"

int main() {
  using namespace intertie::attack;
  Finds finds;
  const auto try_call = [&](long result, const char* what) {
    finds.add_if(result >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS), what);
  };
  const timespec none{0, -1};
  const timeval no_time{0, -1};
  try_call(::syscall(SYS_clock_settime, CLOCK_REALTIME, &none), "clock_settime");
  try_call(::syscall(SYS_settimeofday, &no_time, nullptr), "settimeofday");
  timex change{};
  change.modes = ADJ_SETOFFSET | ADJ_NANO;
  change.time.tv_usec = -1;
  try_call(::syscall(SYS_adjtimex, &change), "adjtimex");
  try_call(::syscall(SYS_clock_adjtime, CLOCK_REALTIME, &change), "clock_adjtime");
  // A time name space of its own: its offsets would move CLOCK_BOOTTIME for what it starts.
  finds.add_if(::syscall(SYS_unshare, 0x80) == 0, "a time namespace");
  finds.add_if(::access("/proc/self/timens_offsets", W_OK) == 0 && ::access("/dev/rtc0", W_OK) == 0,
               "the machine's clock");
  return finds.code();
}
