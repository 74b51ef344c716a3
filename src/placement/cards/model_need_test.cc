// Names, rates and both.
#include "intertie/placement/cards/model_need.h"

#include <gtest/gtest.h>

namespace intertie::placement::cards {
namespace {

using core::Precision;

TEST(ModelNeed, NamesRatesAndBoth) {
  const ModelTable table = {"A", "B", "C", "D"};
  const std::vector<ModelRates> measured = {
      {"A", {{Precision::fp16, 100}, {Precision::fp64, 5}}},
      {"B", {{Precision::fp16, 300}}},
      {"D", {{Precision::fp64, 500}}},
  };
  const auto find = [&](const ModelNeed& need) { return find_models(need, table, measured); };
  EXPECT_TRUE(find({})->is_any());
  EXPECT_EQ(find({{"C", "A"}, {}})->bits, 0b0101U);
  EXPECT_EQ(find({{}, core::Rate{Precision::fp16, 100}})->bits, 0b0011U);
  EXPECT_EQ(find({{}, core::Rate{Precision::fp16, 101}})->bits, 0b0010U);
  EXPECT_EQ(find({{}, core::Rate{Precision::fp64, 5}})->bits, 0b1001U);
  EXPECT_EQ(find({{"A", "C"}, core::Rate{Precision::fp16, 1}})->bits, 0b0001U);
  EXPECT_EQ(find({{"E"}, {}}).error().reason, core::Reason::not_found);
  EXPECT_EQ(find({{"C"}, core::Rate{Precision::fp16, 1}}).error().reason,
            core::Reason::rate_too_low);
  EXPECT_EQ(find({{}, core::Rate{Precision::fp16, 0}}).error().reason, core::Reason::out_of_range);
}

}  // namespace
}  // namespace intertie::placement::cards
