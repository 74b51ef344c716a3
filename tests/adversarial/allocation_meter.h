// Counts what the program has on the heap, so that a test can say how far an input made it grow.
#pragma once

#include <cstddef>

namespace intertie::adversarial {

/// Bytes now, and the most since the last reset_peak(). All threads together.
std::size_t get_allocated_bytes();
std::size_t get_peak_bytes();
void reset_peak();

}  // namespace intertie::adversarial
