// Every kernel this processor can run computes what integer arithmetic computes.
#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

#include "arithmetic.h"
#include "kernels/dispatch.h"
#include "triad.h"
#include "triad_kernel.h"

namespace intertie::measurement_probes {
namespace {

/// Operands, result and scratch memory of one product; the result starts as garbage.
struct Product {
  Product(const Kernel& kernel, std::int64_t m, std::int64_t n, std::int64_t k)
      : a(allocate_aligned(m * k * 8)),
        b(allocate_aligned(k * n * 8)),
        c(allocate_aligned(m * n * 8)),
        scratch(allocate_aligned(scratch_bytes(kernel, n))),
        task{a.get(), b.get(), c.get(), m, n, k, scratch.get()} {
    std::memset(c.get(), 0x5a, static_cast<std::size_t>(m * n * 8));
    fill_operands(kernel.element, 7, task);
  }
  AlignedBytes a;
  AlignedBytes b;
  AlignedBytes c;
  AlignedBytes scratch;
  GemmTask task;
};

class Kernels : public testing::TestWithParam<const Kernel*> {};

TEST_P(Kernels, ProductEqualsIntegerArithmetic) {
  const Kernel& kernel = *GetParam();
  const std::int64_t depth_block = block_groups * kernel.group;
  const std::int64_t row_block = block_panels * kernel.rows;
  // One tile; one short of and one past each block; several blocks with a rest.
  for (const std::int64_t k : {kernel.group, depth_block, depth_block + kernel.group,
                               2 * depth_block + 5 * kernel.group}) {
    for (const std::int64_t m : {kernel.rows, row_block + kernel.rows}) {
      const std::int64_t n = 3 * kernel.columns;
      Product product(kernel, m, n, k);
      kernel.multiply(product.task);
      for (std::int64_t row = 0; row < m; ++row) {
        for (std::int64_t column = 0; column < n; ++column) {
          ASSERT_EQ(read_result(kernel.element, product.task, row, column),
                    static_cast<double>(compute_expected(7, product.task, row, column)))
              << kernel.name << ' ' << m << 'x' << n << 'x' << k << " at " << row << ',' << column;
        }
      }
    }
  }
}

TEST_P(Kernels, RegisterLoopAddsExactlyWhatItCounts) {
  const Kernel& kernel = *GetParam();
  for (const std::int64_t steps : {std::int64_t{1}, std::int64_t{1000}, register_steps_max}) {
    EXPECT_EQ(kernel.run_registers(steps),
              static_cast<double>(steps * kernel.operations_per_step) / 2);
  }
}

TEST_P(Kernels, ShapeIsWhatItsElementsNeed) {
  const Kernel& kernel = *GetParam();
  const std::int64_t lane = kernel.element == Element::f64 ? 8 : 4;
  EXPECT_EQ(kernel.group * operand_bytes(kernel.element), lane);
  EXPECT_EQ(kernel.operations_per_step, 2 * kernel.rows * kernel.columns * kernel.group);
}

TEST_P(Kernels, WrongResultsAreNoticed) {
  const Kernel& kernel = *GetParam();
  GemmLoad load(kernel, 64, 1);
  load.prepare(0);
  load.run_chunk(0);
  EXPECT_TRUE(load.is_correct(0));
  // Operands of another seed in the same load: the results no longer fit thread 0.
  GemmLoad other(kernel, 64, 2);
  other.prepare(0);
  other.prepare(1);
  other.run_chunk(0);
  other.run_chunk(1);
  EXPECT_TRUE(other.is_correct(1));

  Kernel broken = kernel;
  broken.multiply = [](const GemmTask& task) {
    std::memset(task.c, 0, static_cast<std::size_t>(task.m * task.n * 4));
  };
  broken.run_registers = [](std::int64_t) { return 1.0; };
  GemmLoad wrong(broken, 64, 1);
  wrong.prepare(0);
  wrong.run_chunk(0);
  EXPECT_FALSE(wrong.is_correct(0));
  RegisterLoad wrong_registers(broken, 1);
  wrong_registers.run_chunk(0);
  EXPECT_FALSE(wrong_registers.is_correct(0));
}

std::string make_name(const testing::TestParamInfo<const Kernel*>& info) {
  std::string name = info.param->name;
  name += '_';
  name += core::precision_name(*measurement::find_precision(get_measure(info.param->element)));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Supported, Kernels, testing::ValuesIn(find_supported_kernels()),
                         make_name);

TEST(Dispatch, ChoosesOneKernelForEachPrecision) {
  std::vector<measurement::Measure> measures;
  for (const Kernel* kernel : choose_kernels()) measures.push_back(get_measure(kernel->element));
  EXPECT_TRUE(std::is_sorted(measures.begin(), measures.end()));
  EXPECT_EQ(std::adjacent_find(measures.begin(), measures.end()), measures.end());
  ASSERT_GE(measures.size(), 2u);
  EXPECT_EQ(measures[0], measurement::Measure::fp64);
  EXPECT_EQ(measures[1], measurement::Measure::fp32);
}

TEST(Triad, ComputesEveryElement) {
  constexpr std::int64_t count = 1003;
  std::vector<double> a(count, -1);
  std::vector<double> b(count);
  std::vector<double> c(count);
  for (std::size_t i = 0; i < count; ++i) {
    b[i] = static_cast<double>(i);
    c[i] = static_cast<double>(3 * i);
  }
  run_triad(a.data(), b.data(), c.data(), 2.5, count);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(a[i], static_cast<double>(i) * 8.5);
}

TEST(Triad, ArraysOutgrowTheCachesWithinMemory) {
  constexpr std::int64_t mebi = 1 << 20;
  EXPECT_EQ(compute_triad_bytes(32 * mebi, 24'000 * mebi, false), 128 * mebi);
  EXPECT_EQ(compute_triad_bytes(30 * mebi, 24'000 * mebi, true), 40 * mebi);
  EXPECT_EQ(compute_triad_bytes(0, 24'000 * mebi, false), 32 * mebi);
  EXPECT_EQ(compute_triad_bytes(512 * mebi, 8'000 * mebi, false), 500 * mebi);
  EXPECT_EQ(compute_triad_bytes(32 * mebi, 64 * mebi, false), 8 * mebi);
}

}  // namespace
}  // namespace intertie::measurement_probes
