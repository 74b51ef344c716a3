// What a measured run reads from the system: clocks and its own memory.
#pragma once

#include <cstdint>

namespace intertie::cli {

/// CLOCK_MONOTONIC.
std::int64_t read_wall_nanoseconds();
/// Of this process, all threads: what a decision costs while others share the machine.
std::int64_t read_cpu_nanoseconds();
/// Resident memory of this process; 0 if the system does not say.
std::int64_t read_resident_bytes();

}  // namespace intertie::cli
