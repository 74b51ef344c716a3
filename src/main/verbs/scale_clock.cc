// Clocks and memory from Linux.
#include "verbs/scale_clock.h"

#include <unistd.h>

#include <ctime>
#include <fstream>

namespace intertie::cli {
namespace {

std::int64_t read_process_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

std::int64_t read_wall_nanoseconds() { return read_process_clock(CLOCK_MONOTONIC); }
std::int64_t read_cpu_nanoseconds() { return read_process_clock(CLOCK_PROCESS_CPUTIME_ID); }

std::int64_t read_resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  if (!(file >> all >> resident)) return 0;
  return resident * ::sysconf(_SC_PAGESIZE);
}

}  // namespace intertie::cli
