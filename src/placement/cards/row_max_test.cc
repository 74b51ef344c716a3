// Both versions of the row's maximum against the definition.
#include "cards/row_max.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::placement::cards {
namespace {

TEST(RowMax, BothVersionsFindTheFirstLargest) {
  const FindRowMax fastest = choose_row_max(true);
  EXPECT_EQ(choose_row_max(false), find_row_max_portable);
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    std::vector<std::uint16_t> row(row_block * static_cast<std::size_t>(random.between(1, 20)), 0);
    const std::uint64_t bound = random.chance(1, 2) ? 4 : 65'536;
    for (std::uint16_t& value : row) {
      if (random.chance(1, 2)) value = static_cast<std::uint16_t>(random.below(bound));
    }
    const auto largest = std::ranges::max_element(row);
    const RowMax expected{*largest, static_cast<std::uint32_t>(largest - row.begin())};
    EXPECT_EQ(find_row_max_portable(row.data(), row.size()), expected);
    EXPECT_EQ(fastest(row.data(), row.size()), expected);
  }
}

}  // namespace
}  // namespace intertie::placement::cards
