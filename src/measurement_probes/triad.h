// The memory load: the triad of STREAM (McCalpin, 1995).
#pragma once

#include <cstdint>
#include <vector>

#include "arithmetic.h"
#include "load.h"

namespace intertie::measurement_probes {

/// a[i] = b[i] + s c[i] over arrays far larger than the caches, divided among the threads. Counts
/// 24 bytes an element, as STREAM does (the line read before a is written is not counted).
class TriadLoad final : public Load {
 public:
  /// `array_bytes` is the size of one of the three arrays over all threads.
  TriadLoad(std::int64_t array_bytes, int threads);
  void prepare(int thread) override;
  std::int64_t run_chunk(int thread) override;
  bool is_correct(int thread) const override;

 private:
  struct Arrays {
    AlignedBytes a;
    AlignedBytes b;
    AlignedBytes c;
    std::int64_t next = 0;  // Where the next chunk starts.
    bool is_full = false;   // Every element of a has been written.
  };

  std::int64_t count_ = 0;  // Elements of one thread's arrays, a multiple of the chunk.
  std::vector<Arrays> arrays_;
};

/// Size of one array: four times the last-level caches as STREAM's rule asks, within 32 MiB and a
/// sixteenth of `usable_memory`; `is_quick` takes the three arrays together for the rule. Pure.
std::int64_t compute_triad_bytes(std::int64_t cache_bytes, std::int64_t usable_memory,
                                 bool is_quick);

}  // namespace intertie::measurement_probes
