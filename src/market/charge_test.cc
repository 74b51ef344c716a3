// Charges against an independent big-integer oracle.
#include "intertie/market/charge.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::market {
namespace {

using core::Duration;
using core::Money;
using core::Reason;

/// A natural number of any size, base 2^16, lowest digit first. Slow and plain on purpose.
struct Natural {
  std::vector<std::uint32_t> digits;

  explicit Natural(std::int64_t value) {
    for (auto rest = static_cast<std::uint64_t>(value); rest > 0; rest >>= 16) {
      digits.push_back(static_cast<std::uint32_t>(rest & 0xFFFF));
    }
  }
  friend Natural operator*(const Natural& a, const Natural& b) {
    Natural product(0);
    product.digits.assign(a.digits.size() + b.digits.size() + 1, 0);
    for (std::size_t i = 0; i < a.digits.size(); ++i) {
      std::uint32_t carry = 0;
      for (std::size_t j = 0; j < b.digits.size() || carry > 0; ++j) {
        const std::uint32_t digit = j < b.digits.size() ? b.digits[j] : 0;
        const std::uint64_t sum =
            product.digits[i + j] + std::uint64_t{a.digits[i]} * digit + carry;
        product.digits[i + j] = static_cast<std::uint32_t>(sum & 0xFFFF);
        carry = static_cast<std::uint32_t>(sum >> 16);
      }
    }
    return product;
  }
  friend Natural operator+(const Natural& a, const Natural& b) {
    Natural sum(0);
    std::uint32_t carry = 0;
    for (std::size_t i = 0; i < std::max(a.digits.size(), b.digits.size()) + 1; ++i) {
      carry += (i < a.digits.size() ? a.digits[i] : 0) + (i < b.digits.size() ? b.digits[i] : 0);
      sum.digits.push_back(carry & 0xFFFF);
      carry >>= 16;
    }
    return sum;
  }
  friend bool operator<=(const Natural& a, const Natural& b) {
    for (std::size_t i = std::max(a.digits.size(), b.digits.size()); i-- > 0;) {
      const std::uint32_t left = i < a.digits.size() ? a.digits[i] : 0;
      const std::uint32_t right = i < b.digits.size() ? b.digits[i] : 0;
      if (left != right) return left < right;
    }
    return true;
  }
};

/// price of one hour * 1000 * 2^30, exactly.
Natural compute_scaled_price(const ReservedAmounts& amounts, const PriceTable& price) {
  const Natural gib(1LL << 30);
  const Natural thousand(1'000);
  return Natural(amounts.cpus.count) * Natural(price.per_cpu_hour.count) * gib +
         Natural(amounts.memory.count) * Natural(price.per_gib_hour.count) * thousand +
         Natural(amounts.devices) * Natural(price.per_device_hour.count) * thousand * gib;
}

const Natural kScale = Natural(1'000) * Natural(1LL << 30);
const Natural kHourScale = kScale * Natural(3'600'000'000);

/// True if `charge` is floor(price * time / 1 h).
bool is_floor(std::int64_t charge, const Natural& scaled_price, Duration time) {
  const Natural exact = scaled_price * Natural(time.count);
  return Natural(charge) * kHourScale <= exact &&
         !(Natural(charge) * kHourScale + kHourScale <= exact);
}

TEST(Natural, IsAnOracleToTrust) {
  const Natural a(INT64_MAX);
  EXPECT_TRUE(Natural(6) * Natural(7) <= Natural(42) && Natural(42) <= Natural(6) * Natural(7));
  EXPECT_TRUE(a + Natural(1) <= Natural(1LL << 32) * Natural(1LL << 31));
  EXPECT_FALSE(a * a <= a);
  EXPECT_FALSE(a + Natural(1) <= a);
}

TEST(Charge, FiguresByHand) {
  const PriceTable price{Money{2'000'000}, Money{500'000}, Money{3'000'000}, {}};
  const ReservedAmounts amounts{{1'500}, {1LL << 31}, 2};
  // An hour: 1.5 * 2 + 2 * 0.5 + 2 * 3 = 10 currency units.
  EXPECT_EQ(*compute_charge(amounts, price, {}, core::hours(1)), Money{10'000'000});
  EXPECT_EQ(*compute_charge(amounts, price, {}, core::minutes(6)), Money{1'000'000});
  EXPECT_EQ(*compute_charge(amounts, price, core::hours(1), core::hours(3)), Money{20'000'000});
  EXPECT_EQ(*compute_charge(amounts, price, core::hours(1), core::hours(1)), Money{});
  EXPECT_EQ(*compute_charge({}, price, {}, core::hours(9)), Money{});
  EXPECT_EQ(*compute_maximum_charge(amounts, price, core::hours(2)), Money{20'000'000});
  EXPECT_EQ(*compute_hourly_price(amounts, price), Money{10'000'000});
}

TEST(Charge, RoundsDownByLessThanAMicro) {
  const PriceTable price{Money{1}, {}, {}, {}};
  EXPECT_EQ(*compute_charge({{1'000}, {}, 0}, price, {}, core::hours(1) - Duration{1}), Money{0});
  EXPECT_EQ(*compute_charge({{1'000}, {}, 0}, price, {}, core::hours(1)), Money{1});
  EXPECT_EQ(*compute_charge({{999}, {}, 0}, price, {}, core::hours(1)), Money{0});
  EXPECT_EQ(*compute_hourly_price({{999}, {}, 0}, price), Money{1});
  // Two halves of a micro, one from cores and one from memory, make a micro.
  const PriceTable both{Money{1}, Money{1}, {}, {}};
  EXPECT_EQ(*compute_charge({{500}, {1 << 29}, 0}, both, {}, core::hours(1)), Money{1});
  EXPECT_EQ(*compute_hourly_price({{500}, {1 << 29}, 0}, both), Money{1});
}

TEST(Charge, AnAttemptThatStartsPaysTheMinimum) {
  const PriceTable price{Money{3'600'000}, {}, {}, core::seconds(60)};
  const ReservedAmounts core_{{1'000}, {}, 0};  // 1000 micros a second.
  EXPECT_EQ(*compute_charge(core_, price, {}, {}), Money{0});
  EXPECT_EQ(*compute_charge(core_, price, {}, Duration{1}), Money{60'000});
  EXPECT_EQ(*compute_charge(core_, price, Duration{1}, core::seconds(60)), Money{0});
  EXPECT_EQ(*compute_charge(core_, price, core::seconds(30), core::seconds(61)), Money{1'000});
}

TEST(Charge, RefusesWhatMakesNoSense) {
  const PriceTable price{Money{1}, Money{1}, Money{1}, {}};
  const auto reason = [](const core::Result<Money>& result) { return result.error().reason; };
  const auto hour = core::hours(1);
  EXPECT_EQ(reason(compute_charge({{-1}, {}, 0}, price, {}, hour)), Reason::out_of_range);
  EXPECT_EQ(reason(compute_charge({{}, {-1}, 0}, price, {}, hour)), Reason::out_of_range);
  EXPECT_EQ(reason(compute_charge({{}, {}, -1}, price, {}, hour)), Reason::out_of_range);
  EXPECT_EQ(reason(compute_charge({}, price, hour, hour - Duration{1})), Reason::out_of_range);
  EXPECT_EQ(reason(compute_charge({}, price, Duration{-1}, hour)), Reason::out_of_range);
  EXPECT_EQ(reason(compute_hourly_price({{-1}, {}, 0}, price)), Reason::out_of_range);
  for (int field = 0; field < 4; ++field) {
    PriceTable bad = price;
    (field == 0   ? bad.per_cpu_hour.count
     : field == 1 ? bad.per_gib_hour.count
     : field == 2 ? bad.per_device_hour.count
                  : bad.minimum.count) = -1;
    EXPECT_EQ(reason(compute_charge({}, bad, {}, hour)), Reason::out_of_range);
  }
}

TEST(Charge, NeverWrapsAtTheEndsOfTheRange) {
  constexpr std::int64_t max = INT64_MAX;
  const PriceTable dear{Money{max}, Money{max}, Money{max}, {}};
  const auto beyond = compute_charge({{max}, {max}, max}, dear, {}, Duration{max});
  EXPECT_EQ(beyond.error().reason, Reason::amount_overflow);
  EXPECT_EQ(compute_hourly_price({{max}, {max}, max}, dear).error().reason,
            Reason::amount_overflow);
  // Exactly the largest amount, and one micro more.
  const PriceTable one{{}, {}, Money{1}, {}};
  EXPECT_EQ(*compute_charge({{}, {}, max}, one, {}, core::hours(1)), Money{max});
  EXPECT_EQ(compute_charge({{}, {}, max}, one, {}, core::hours(1) + Duration{1}).error().reason,
            Reason::amount_overflow);
  EXPECT_EQ(*compute_hourly_price({{}, {}, max}, one), Money{max});
}

ReservedAmounts draw_amounts(core::Random& random) {
  return {{random.between(0, std::int64_t{1} << random.below(50))},
          {random.between(0, std::int64_t{1} << random.below(50))},
          random.between(0, std::int64_t{1} << random.below(20))};
}

TEST(Charge, EqualsTheExactFloor) {
  core::Random random(1);
  int counted = 0;
  for (int round = 0; round < 3'000; ++round) {
    SCOPED_TRACE(round);
    const PriceTable price{Money{random.between(0, std::int64_t{1} << random.below(40))},
                           Money{random.between(0, std::int64_t{1} << random.below(40))},
                           Money{random.between(0, std::int64_t{1} << random.below(40))},
                           {}};
    const ReservedAmounts amounts = draw_amounts(random);
    const Duration time{random.between(0, std::int64_t{1} << random.below(45))};
    const Natural scaled = compute_scaled_price(amounts, price);
    const auto charge = compute_charge(amounts, price, {}, time);
    if (charge) {
      ++counted;
      ASSERT_TRUE(is_floor(charge->count, scaled, time));
    } else {
      ASSERT_EQ(charge.error().reason, Reason::amount_overflow);
      ASSERT_FALSE(scaled * Natural(time.count) <= Natural(INT64_MAX) * kHourScale);
    }
    if (const auto hourly = compute_hourly_price(amounts, price)) {
      ASSERT_TRUE(scaled <= Natural(hourly->count) * kScale);
      if (hourly->count > 0) {
        ASSERT_FALSE(scaled <= Natural(hourly->count - 1) * kScale);
      }
    }
  }
  EXPECT_GT(counted, 1'500);
}

TEST(Charge, CuttingIntoIntervalsNeverChangesTheTotal) {
  core::Random random(2);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const PriceTable price{Money{random.between(0, 5'000'000)}, Money{random.between(0, 900)},
                           Money{random.between(0, 90'000'000)},
                           Duration{random.between(0, 120'000'000)}};
    const ReservedAmounts amounts{
        {random.between(1, 64'000)}, {random.between(0, 1LL << 38)}, random.between(0, 8)};
    Duration at;
    Money total;
    for (int cut = 0; cut < 40; ++cut) {
      const Duration next = at + Duration{random.between(0, std::int64_t{1} << random.below(32))};
      const auto charge = compute_charge(amounts, price, at, next);
      ASSERT_GE(charge->count, 0);
      total += *charge;
      at = next;
    }
    ASSERT_EQ(total, *compute_maximum_charge(amounts, price, at));
  }
}

TEST(CheckPriceTable, NamesTheField) {
  EXPECT_TRUE(check_price_table({}));
  EXPECT_TRUE(check_price_table(
      {price_per_hour_max, price_per_hour_max, price_per_hour_max, core::hours(1)}));
  const Money above = price_per_hour_max + Money{1};
  EXPECT_NE(check_price_table({above, {}, {}, {}}).error().detail.find("cpu"), std::string::npos);
  EXPECT_NE(check_price_table({{}, above, {}, {}}).error().detail.find("gib"), std::string::npos);
  EXPECT_NE(check_price_table({{}, {}, Money{-1}, {}}).error().detail.find("device"),
            std::string::npos);
  EXPECT_EQ(check_price_table({{}, {}, {}, core::hours(1) + Duration{1}}).error().reason,
            Reason::out_of_range);
  EXPECT_EQ(check_price_table({{}, {}, {}, Duration{-1}}).error().reason, Reason::out_of_range);
}

}  // namespace
}  // namespace intertie::market
