#include "triad_kernel.h"

namespace intertie::measurement_probes {

void run_triad(double* __restrict a, const double* __restrict b, const double* __restrict c,
               double scale, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) a[i] = b[i] + scale * c[i];
}

}  // namespace intertie::measurement_probes
