// The inner loop of the memory load, in a unit of its own because it is always optimised.
#pragma once

#include <cstdint>

namespace intertie::measurement_probes {

/// a[i] = b[i] + scale * c[i] for i in [0, count). The arrays do not overlap.
void run_triad(double* a, const double* b, const double* c, double scale, std::int64_t count);

}  // namespace intertie::measurement_probes
