#include "arithmetic.h"

#include <bit>
#include <cassert>
#include <new>

namespace intertie::measurement_probes {

namespace {

constexpr std::align_val_t kAlignment{64};

std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Scatters (seed, place) over 64 bits: the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
std::uint64_t scatter(std::int64_t seed, std::int64_t place) {
  std::uint64_t x = static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15u +
                    static_cast<std::uint64_t>(place) + 1;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

int get_a(std::int64_t seed, std::int64_t place) {
  return static_cast<int>(scatter(seed, place) % 8);
}

int get_b(std::int64_t seed, std::int64_t place) {
  return static_cast<int>(scatter(~seed, place) % 7) - 3;
}

std::uint16_t to_bf16(int value) {
  return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(value)) >> 16);
}

template <class A, class B, class ToA, class ToB>
void fill(std::int64_t seed, const GemmTask& task, ToA to_a, ToB to_b) {
  auto* a = static_cast<A*>(const_cast<void*>(task.a));
  auto* b = static_cast<B*>(const_cast<void*>(task.b));
  for (std::int64_t i = 0; i < task.m * task.k; ++i) a[i] = to_a(get_a(seed, i));
  for (std::int64_t i = 0; i < task.k * task.n; ++i) b[i] = to_b(get_b(seed, i));
}

}  // namespace

void AlignedDelete::operator()(std::byte* bytes) const { ::operator delete[](bytes, kAlignment); }

AlignedBytes allocate_aligned(std::int64_t size) {
  assert(size > 0);
  return AlignedBytes(
      static_cast<std::byte*>(::operator new[](static_cast<std::size_t>(size), kAlignment)));
}

void fill_operands(Element element, std::int64_t seed, const GemmTask& task) {
  const auto as_double = [](int value) { return static_cast<double>(value); };
  const auto as_float = [](int value) { return static_cast<float>(value); };
  const auto as_unsigned = [](int value) { return static_cast<unsigned char>(value); };
  const auto as_signed = [](int value) { return static_cast<signed char>(value); };
  switch (element) {
    case Element::f64:
      return fill<double, double>(seed, task, as_double, as_double);
    case Element::f32:
      return fill<float, float>(seed, task, as_float, as_float);
    case Element::bf16:
      return fill<std::uint16_t, std::uint16_t>(seed, task, to_bf16, to_bf16);
    case Element::i8:
      return fill<unsigned char, signed char>(seed, task, as_unsigned, as_signed);
  }
}

std::int64_t compute_expected(std::int64_t seed, const GemmTask& task, std::int64_t row,
                              std::int64_t column) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < task.k; ++i) {
    sum += std::int64_t{get_a(seed, row * task.k + i)} * get_b(seed, i * task.n + column);
  }
  return sum;
}

double read_result(Element element, const GemmTask& task, std::int64_t row, std::int64_t column) {
  const std::int64_t place = row * task.n + column;
  switch (element) {
    case Element::f64:
      return static_cast<const double*>(task.c)[place];
    case Element::f32:
    case Element::bf16:
      return static_cast<const float*>(task.c)[place];
    case Element::i8:
      return static_cast<const std::int32_t*>(task.c)[place];
  }
  __builtin_unreachable();
}

RegisterLoad::RegisterLoad(const Kernel& kernel, int threads)
    : kernel_(kernel), wrong_(static_cast<std::size_t>(threads), 0) {}

void RegisterLoad::prepare(int) {}

std::int64_t RegisterLoad::run_chunk(int thread) {
  constexpr std::int64_t steps = register_steps_max / 16;
  const std::int64_t operations = steps * kernel_.operations_per_step;
  if (kernel_.run_registers(steps) != static_cast<double>(operations) / 2) {
    wrong_[static_cast<std::size_t>(thread)] = 1;
  }
  return operations;
}

bool RegisterLoad::is_correct(int thread) const {
  return wrong_[static_cast<std::size_t>(thread)] == 0;
}

GemmLoad::GemmLoad(const Kernel& kernel, std::int64_t size, int threads) : kernel_(kernel) {
  shape_.m = round_up(size, kernel.rows);
  shape_.n = round_up(size, kernel.columns);
  shape_.k = round_up(size, kernel.group);
  const std::int64_t bytes = operand_bytes(kernel.element);
  const std::int64_t result_bytes = kernel.element == Element::f64 ? 8 : 4;
  for (int thread = 0; thread < threads; ++thread) {
    operands_.push_back({allocate_aligned(shape_.m * shape_.k * bytes),
                         allocate_aligned(shape_.k * shape_.n * bytes),
                         allocate_aligned(shape_.m * shape_.n * result_bytes),
                         allocate_aligned(scratch_bytes(kernel, shape_.n))});
  }
}

void GemmLoad::prepare(int thread) {
  Operands& own = operands_[static_cast<std::size_t>(thread)];
  GemmTask task = shape_;
  task.a = own.a.get();
  task.b = own.b.get();
  fill_operands(kernel_.element, thread, task);
}

std::int64_t GemmLoad::run_chunk(int thread) {
  Operands& own = operands_[static_cast<std::size_t>(thread)];
  GemmTask task = shape_;
  task.a = own.a.get();
  task.b = own.b.get();
  task.c = own.c.get();
  task.scratch = own.scratch.get();
  kernel_.multiply(task);
  return 2 * shape_.m * shape_.n * shape_.k;
}

bool GemmLoad::is_correct(int thread) const {
  GemmTask task = shape_;
  task.c = operands_[static_cast<std::size_t>(thread)].c.get();
  constexpr std::int64_t samples = 64;
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    const std::int64_t row = task.m * sample / samples;
    const std::int64_t column =
        static_cast<std::int64_t>(scatter(thread, sample) % static_cast<std::uint64_t>(task.n));
    const auto expected = static_cast<double>(compute_expected(thread, task, row, column));
    if (read_result(kernel_.element, task, row, column) != expected) return false;
  }
  return true;
}

}  // namespace intertie::measurement_probes
