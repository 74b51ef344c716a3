// What the arithmetic kernels offer, for every instruction set alike.
//
// Kernel translation units are compiled for processors this machine may not be. They must not
// instantiate inline functions that other units share (the linker keeps one copy of each), so this
// header and gemm.h use nothing of the standard library but integer types.
#pragma once

#include <cstdint>

namespace intertie::measurement_probes {

/// Element types of the operands a and b, and of the result c.
enum class Element : std::uint8_t {
  f64,   // double, double -> double
  f32,   // float, float -> float
  bf16,  // upper half of a float, as std::uint16_t, both -> float
  i8     // unsigned char below 128 (see Int8Avx2), signed char -> std::int32_t
};

/// c = a b. a is m x k, b is k x n, c is m x n, all row-major without gaps. m, n, k are positive
/// multiples of the kernel's rows, columns and group. `scratch` holds scratch_bytes() bytes; a, b,
/// c and scratch are aligned to 64 bytes.
struct GemmTask {
  const void* a;
  const void* b;
  void* c;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  void* scratch;
};

/// Rounds of one register-loop call: partial sums stay exact in every accumulator type.
inline constexpr std::int64_t register_steps_max = 1 << 20;

/// Rows of a packed at once and groups of k worked at once: the packed block of a stays in the
/// second-level cache, one column panel of b in the first.
inline constexpr std::int64_t block_panels = 8;
inline constexpr std::int64_t block_groups = 192;

/// One way to do arithmetic of one precision with one instruction set.
struct Kernel {
  const char* name;  // "avx512"
  Element element;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t group;
  std::int64_t operations_per_step;
  /// Runs fused dot products of ones on registers alone, `steps` (1 to register_steps_max) times on
  /// every accumulator; the exact sum over all lanes is steps * operations_per_step / 2.
  double (*run_registers)(std::int64_t steps);
  void (*multiply)(const GemmTask& task);
};

constexpr std::int64_t operand_bytes(Element element) {
  switch (element) {
    case Element::f64:
      return 8;
    case Element::f32:
      return 4;
    case Element::bf16:
      return 2;
    case Element::i8:
      return 1;
  }
  return 0;
}

/// Bytes of scratch memory that multiply needs for matrices with n columns.
constexpr std::int64_t scratch_bytes(const Kernel& kernel, std::int64_t n) {
  const std::int64_t lanes = block_groups * kernel.group * operand_bytes(kernel.element);
  return lanes * (block_panels * kernel.rows + n);
}

// One per translation unit; see dispatch.cc for what each needs of the processor.
extern const Kernel kPortableF64;
extern const Kernel kPortableF32;
extern const Kernel kAvx2F64;
extern const Kernel kAvx2F32;
extern const Kernel kAvx2I8;
extern const Kernel kAvxVnniI8;
extern const Kernel kAvx512F64;
extern const Kernel kAvx512F32;
extern const Kernel kAvx512Bf16;
extern const Kernel kAvx512VnniI8;

}  // namespace intertie::measurement_probes
