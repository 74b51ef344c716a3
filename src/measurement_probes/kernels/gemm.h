// The register loop and the blocked matrix product, written once for all instruction sets.
//
// An Op describes one instruction set and precision:
//   Operand, Result      element types of a and b (equal size) and of c
//   kRows, kGroup        rows of a micro tile; operands that one lane of a dot product takes
//   kLanes               result elements in one Vector
//   Vector, Packed       accumulators, and kLanes groups of operands
//   zero, load, broadcast(one group), dot(accumulator, a, b), load_result, store_result, add
// The product is blocked as in Goto and van de Geijn, "Anatomy of High-Performance Matrix
// Multiplication" (2008), with both operands packed.
//
// Everything has internal linkage on purpose: each translation unit needs its own machine code.
#pragma once

#include <cstdint>

#include "kernels/kernel.h"

namespace intertie::measurement_probes {
namespace {

constexpr int kTileVectors = 2;

/// f(0), f(1), ... with constant arguments, so that arrays indexed by them live in registers.
template <int count, class F>
[[gnu::always_inline]] inline void unrolled(F f) {
  if constexpr (count > 0) {
    unrolled<count - 1>(f);
    f(count - 1);
  }
}

/// Makes the compiler take `value` for a new one, so that products of it are neither taken out of a
/// loop nor computed once for several sums. No instruction.
template <class T>
[[gnu::always_inline]] inline void hide(T& value) {
#if defined(__AVX512F__)
  asm volatile("" : "+v"(value));
#elif defined(__x86_64__)
  asm volatile("" : "+x"(value));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+m"(value));
#endif
}

template <class Op>
struct Gemm {
  using Operand = typename Op::Operand;
  using Result = typename Op::Result;
  using Vector = typename Op::Vector;
  using Packed = typename Op::Packed;
  static constexpr int kAccumulators = Op::kRows * kTileVectors;
  static constexpr std::int64_t kColumns = Op::kLanes * kTileVectors;
  static constexpr std::int64_t kOperationsPerStep =
      std::int64_t{2} * kAccumulators * Op::kLanes * Op::kGroup;

  static double run_registers(std::int64_t steps) {
    Operand ones[Op::kGroup];
    for (Operand& one : ones) one = Op::kOne;
    Packed a = Op::broadcast(ones);
    const Packed b = Op::broadcast(ones);
    Vector sums[kAccumulators];
    unrolled<kAccumulators>([&](int i) __attribute__((always_inline)) { sums[i] = Op::zero(); });
    for (std::int64_t step = 0; step < steps; ++step) {
      unrolled<kAccumulators>([&](int i) __attribute__((always_inline)) {
        hide(a);
        sums[i] = Op::dot(sums[i], a, b);
      });
    }
    double total = 0;
    unrolled<kAccumulators>([&](int i) __attribute__((always_inline)) {
      alignas(64) Result lanes[Op::kLanes];
      Op::store_result(lanes, sums[i]);
      for (const Result lane : lanes) total += static_cast<double>(lane);
    });
    return total;
  }

  /// Panels of kRows rows; in a panel, group after group, the rows' operands side by side.
  static void pack_a(const Operand* a, std::int64_t stride, std::int64_t rows, std::int64_t depth,
                     Operand* out) {
    for (std::int64_t row = 0; row < rows; row += Op::kRows) {
      for (std::int64_t inner = 0; inner < depth; inner += Op::kGroup) {
        for (std::int64_t r = 0; r < Op::kRows; ++r) {
          for (std::int64_t j = 0; j < Op::kGroup; ++j) {
            *out++ = a[(row + r) * stride + inner + j];
          }
        }
      }
    }
  }

  /// Panels of kColumns columns; in a panel, group after group, the columns' operands side by side.
  static void pack_b(const Operand* b, std::int64_t stride, std::int64_t depth, Operand* out) {
    for (std::int64_t column = 0; column < stride; column += kColumns) {
      for (std::int64_t inner = 0; inner < depth; inner += Op::kGroup) {
        const Operand* from = b + inner * stride + column;
        for (std::int64_t c = 0; c < kColumns; ++c) {
          for (std::int64_t j = 0; j < Op::kGroup; ++j) {
            out[c * Op::kGroup + j] = from[j * stride + c];
          }
        }
        out += kColumns * Op::kGroup;
      }
    }
  }

  /// One kRows x kColumns tile of c from one panel of each operand.
  static void multiply_tile(const Operand* a, const Operand* b, std::int64_t groups, Result* c,
                            std::int64_t stride, bool is_first) {
    Vector sums[kAccumulators];
    unrolled<kAccumulators>([&](int i) __attribute__((always_inline)) { sums[i] = Op::zero(); });
    for (std::int64_t group = 0; group < groups; ++group) {
      const Packed b0 = Op::load(b);
      const Packed b1 = Op::load(b + Op::kLanes * Op::kGroup);
      unrolled<Op::kRows>([&](int row) __attribute__((always_inline)) {
        const Packed lane = Op::broadcast(a + row * Op::kGroup);
        sums[2 * row] = Op::dot(sums[2 * row], lane, b0);
        sums[2 * row + 1] = Op::dot(sums[2 * row + 1], lane, b1);
      });
      a += Op::kRows * Op::kGroup;
      b += kColumns * Op::kGroup;
    }
    unrolled<kAccumulators>([&](int i) __attribute__((always_inline)) {
      Result* place = c + (i / 2) * stride + (i % 2) * Op::kLanes;
      Op::store_result(place, is_first ? sums[i] : Op::add(Op::load_result(place), sums[i]));
    });
  }

  static void multiply(const GemmTask& task) {
    const auto* a = static_cast<const Operand*>(task.a);
    const auto* b = static_cast<const Operand*>(task.b);
    auto* c = static_cast<Result*>(task.c);
    constexpr std::int64_t depth_max = block_groups * Op::kGroup;
    constexpr std::int64_t rows_max = block_panels * Op::kRows;
    auto* a_packed = static_cast<Operand*>(task.scratch);
    Operand* b_packed = a_packed + rows_max * depth_max;
    for (std::int64_t inner = 0; inner < task.k; inner += depth_max) {
      const std::int64_t left = task.k - inner;
      const std::int64_t depth = left < depth_max ? left : depth_max;
      pack_b(b + inner * task.n, task.n, depth, b_packed);
      for (std::int64_t row = 0; row < task.m; row += rows_max) {
        const std::int64_t rows = task.m - row < rows_max ? task.m - row : rows_max;
        pack_a(a + row * task.k + inner, task.k, rows, depth, a_packed);
        for (std::int64_t column = 0; column < task.n; column += kColumns) {
          for (std::int64_t r = 0; r < rows; r += Op::kRows) {
            multiply_tile(a_packed + r * depth, b_packed + column * depth, depth / Op::kGroup,
                          c + (row + r) * task.n + column, task.n, inner == 0);
          }
        }
      }
    }
  }

  static constexpr Kernel make_kernel(const char* name, Element element) {
    return Kernel{name,           element,  Op::kRows, kColumns, Op::kGroup, kOperationsPerStep,
                  &run_registers, &multiply};
  }
};

}  // namespace
}  // namespace intertie::measurement_probes
