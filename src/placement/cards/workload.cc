// Counting shapes.
#include "intertie/placement/cards/workload.h"

#include <algorithm>

namespace intertie::placement::cards {

Workload count_shapes(std::span<const Shape> shapes) {
  std::vector<Shape> sorted(shapes.begin(), shapes.end());
  std::ranges::sort(sorted);
  Workload workload;
  for (const Shape& shape : sorted) {
    if (workload.empty() || workload.back().shape != shape) workload.push_back({shape, 0});
    ++workload.back().count;
  }
  return workload;
}

}  // namespace intertie::placement::cards
