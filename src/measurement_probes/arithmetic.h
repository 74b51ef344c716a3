// The arithmetic loads: register loop and matrix product of one kernel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/kernel.h"
#include "load.h"

namespace intertie::measurement_probes {

/// Bytes aligned to 64, not touched before first use (so each thread's pages come from its node).
/// Throws std::bad_alloc.
struct AlignedDelete {
  void operator()(std::byte* bytes) const;
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;
AlignedBytes allocate_aligned(std::int64_t size);

/// The register loop: what the processor cannot exceed.
class RegisterLoad final : public Load {
 public:
  RegisterLoad(const Kernel& kernel, int threads);
  void prepare(int thread) override;
  std::int64_t run_chunk(int thread) override;
  bool is_correct(int thread) const override;

 private:
  const Kernel& kernel_;
  std::vector<char> wrong_;  // Of each thread; a char so that threads do not share a bit.
};

/// Square matrix products, each thread its own.
class GemmLoad final : public Load {
 public:
  /// `size` is rounded up to what the kernel needs.
  GemmLoad(const Kernel& kernel, std::int64_t size, int threads);
  void prepare(int thread) override;
  std::int64_t run_chunk(int thread) override;
  bool is_correct(int thread) const override;

 private:
  struct Operands {
    AlignedBytes a;
    AlignedBytes b;
    AlignedBytes c;
    AlignedBytes scratch;
  };

  const Kernel& kernel_;
  GemmTask shape_{};
  std::vector<Operands> operands_;
};

/// Fills row-major operands with small whole numbers for which every kernel is exact: a in [0, 7],
/// b in [-3, 3]. The values follow from `seed` and the place alone.
void fill_operands(Element element, std::int64_t seed, const GemmTask& task);

/// The exact value of c[row][column] for operands made by fill_operands(seed).
std::int64_t compute_expected(std::int64_t seed, const GemmTask& task, std::int64_t row,
                              std::int64_t column);

/// c[row][column] as the kernel left it.
double read_result(Element element, const GemmTask& task, std::int64_t row, std::int64_t column);

}  // namespace intertie::measurement_probes
