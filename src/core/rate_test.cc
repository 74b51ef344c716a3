#include "intertie/core/rate.h"

#include <gtest/gtest.h>

namespace intertie::core {
namespace {

TEST(Precision, NamesAreReadBackInAnyCase) {
  for (int index = 0; index < kPrecisionCount; ++index) {
    const auto precision = static_cast<Precision>(index);
    EXPECT_EQ(*parse_precision(precision_name(precision)), precision);
  }
  EXPECT_EQ(*parse_precision("bf16"), Precision::bf16);
  EXPECT_EQ(*parse_precision("Int8"), Precision::int8);
  EXPECT_EQ(parse_precision("fp63").error().reason, Reason::bad_field);
  EXPECT_EQ(parse_precision("").error().reason, Reason::bad_field);
}

TEST(ComputeClass, NamesAreReadBack) {
  for (const auto compute_class :
       {ComputeClass::basic, ComputeClass::intelligent, ComputeClass::super}) {
    EXPECT_EQ(*parse_compute_class(compute_class_name(compute_class)), compute_class);
  }
  EXPECT_EQ(parse_compute_class("Basic").error().reason, Reason::bad_field);
}

TEST(ParseRate, TakesTheUsualForms) {
  const auto rate = [](Precision precision, std::int64_t operations) {
    return Rate{precision, operations};
  };
  EXPECT_EQ(*parse_rate("2 TFLOPS fp32"), rate(Precision::fp32, 2'000'000'000'000));
  EXPECT_EQ(*parse_rate("100GFLOPS bf16"), rate(Precision::bf16, 100'000'000'000));
  EXPECT_EQ(*parse_rate("5e12 int8"), rate(Precision::int8, 5'000'000'000'000));
  EXPECT_EQ(*parse_rate("1.25 TFLOP/s FP32"), rate(Precision::fp32, 1'250'000'000'000));
  EXPECT_EQ(*parse_rate("3 TOPS int8"), rate(Precision::int8, 3'000'000'000'000));
  EXPECT_EQ(*parse_rate("2EFLOPS fp8"), rate(Precision::fp8, 2'000'000'000'000'000'000));
  EXPECT_EQ(*parse_rate("1.5e+3 kflops fp64"), rate(Precision::fp64, 1'500'000));
  EXPECT_EQ(*parse_rate("7 fp16"), rate(Precision::fp16, 7));
  EXPECT_EQ(*parse_rate("7 FLOPS TF32"), rate(Precision::tf32, 7));
}

TEST(ParseRate, RefusesWhatHasNoPrecisionOrNoNumber) {
  for (const char* text : {"", "2 TFLOPS", "fp32", "2", "2 Tbytes fp32", "-1 TFLOPS fp32",
                           "2 TFLOPS fp32 x", "2 mFLOPS fp32", "2 T fp32", "1 e fp32"}) {
    ASSERT_FALSE(parse_rate(text)) << text;
    EXPECT_EQ(parse_rate(text).error().reason, Reason::bad_field) << text;
  }
  for (const char* text :
       {"0.5 fp32", "10 EFLOPS fp32", "1e19 fp32", "1e18 EFLOPS fp32", "1e999999999999 fp32"}) {
    ASSERT_FALSE(parse_rate(text)) << text;
    EXPECT_EQ(parse_rate(text).error().reason, Reason::out_of_range) << text;
  }
}

TEST(RateToText, ChoosesThePrefix) {
  EXPECT_EQ(to_text(Rate{Precision::fp32, 1'250'000'000'000}), "1.25 TFLOP/s FP32");
  EXPECT_EQ(to_text(Rate{Precision::int8, 3'000'000}), "3 MOP/s INT8");
  EXPECT_EQ(to_text(Rate{Precision::fp64, 0}), "0 FLOP/s FP64");
  EXPECT_EQ(to_text(Rate{Precision::fp64, 999}), "999 FLOP/s FP64");
  EXPECT_EQ(to_text(Rate{Precision::fp64, 999'999'999}), "1 GFLOP/s FP64");
  EXPECT_EQ(to_text(Rate{Precision::fp64, INT64_MAX}), "9.22 EFLOP/s FP64");
}

}  // namespace
}  // namespace intertie::core
