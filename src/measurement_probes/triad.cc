#include "triad.h"

#include <algorithm>

#include "triad_kernel.h"

namespace intertie::measurement_probes {

namespace {

constexpr std::int64_t chunk_elements = 256 * 1024;
constexpr double kScale = 3;

double* as_doubles(const AlignedBytes& bytes) { return reinterpret_cast<double*>(bytes.get()); }

}  // namespace

TriadLoad::TriadLoad(std::int64_t array_bytes, int threads) {
  const std::int64_t elements = array_bytes / 8 / threads;
  count_ = std::max(elements / chunk_elements, std::int64_t{1}) * chunk_elements;
  for (int thread = 0; thread < threads; ++thread) {
    arrays_.push_back({allocate_aligned(count_ * 8), allocate_aligned(count_ * 8),
                       allocate_aligned(count_ * 8), 0, false});
  }
}

void TriadLoad::prepare(int thread) {
  Arrays& own = arrays_[static_cast<std::size_t>(thread)];
  for (std::int64_t i = 0; i < count_; ++i) {
    as_doubles(own.a)[i] = 0;
    as_doubles(own.b)[i] = static_cast<double>(i);
    as_doubles(own.c)[i] = 2;
  }
}

std::int64_t TriadLoad::run_chunk(int thread) {
  Arrays& own = arrays_[static_cast<std::size_t>(thread)];
  run_triad(as_doubles(own.a) + own.next, as_doubles(own.b) + own.next,
            as_doubles(own.c) + own.next, kScale, chunk_elements);
  own.next += chunk_elements;
  if (own.next == count_) {
    own.next = 0;
    own.is_full = true;
  }
  return chunk_elements * 24;
}

bool TriadLoad::is_correct(int thread) const {
  const Arrays& own = arrays_[static_cast<std::size_t>(thread)];
  const std::int64_t written = own.is_full ? count_ : own.next;
  for (std::int64_t i = 0; i < written; i += 4099) {
    if (as_doubles(own.a)[i] != static_cast<double>(i) + kScale * 2) return false;
  }
  return written > 0;
}

std::int64_t compute_triad_bytes(std::int64_t cache_bytes, std::int64_t usable_memory,
                                 bool is_quick) {
  constexpr std::int64_t bytes_min = std::int64_t{32} << 20;
  const std::int64_t wanted = is_quick ? cache_bytes * 4 / 3 : cache_bytes * 4;
  const std::int64_t most = std::max(usable_memory / 16, bytes_min / 4);
  return std::min(std::max(wanted, bytes_min), most);
}

}  // namespace intertie::measurement_probes
