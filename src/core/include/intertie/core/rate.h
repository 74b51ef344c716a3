// Computing rates: operations per second, always with their precision.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::core {

/// Number formats a rate can refer to. Rates of different precisions are never added or compared.
/// The numeric values stand in logs: append only.
enum class Precision : std::uint8_t { fp64, fp32, tf32, bf16, fp16, fp8, int8 };

inline constexpr int kPrecisionCount = 7;

/// "FP64", "BF16", ... O(1).
std::string_view precision_name(Precision precision);

/// Reads a name in any case. Refuses with bad_field.
Result<Precision> parse_precision(std::string_view name);

/// Operations per second (a fused multiply-add counts as two).
struct Rate {
  Precision precision = Precision::fp64;
  std::int64_t ops_per_second = 0;

  friend constexpr bool operator==(Rate, Rate) = default;
};

/// Reads "2 TFLOPS fp32", "100GFLOPS bf16", "5e12 int8" style texts: number, optional SI prefix
/// with FLOPS or OPS, and the precision. Refuses with bad_field.
Result<Rate> parse_rate(std::string_view text);

/// "1.25 TFLOP/s FP32". Deterministic, locale-free.
std::string to_text(Rate rate);

/// What kind of work a pool is good for (docs/measurement: the class rule). The numeric
/// values stand in logs: append only.
enum class ComputeClass : std::uint8_t { basic, intelligent, super };

std::string_view compute_class_name(ComputeClass compute_class);
Result<ComputeClass> parse_compute_class(std::string_view name);

}  // namespace intertie::core
