// The bounds of posted prices.
#include "intertie/market/price.h"

#include <string>

namespace intertie::market {

core::Result<void> check_price_table(const PriceTable& price) {
  const struct {
    core::Money value;
    const char* field;
  } prices[] = {{price.per_cpu_hour, "price.per_cpu_hour"},
                {price.per_gib_hour, "price.per_gib_hour"},
                {price.per_device_hour, "price.per_device_hour"}};
  for (const auto& [value, field] : prices) {
    if (value < core::Money{} || value > price_per_hour_max) {
      return {core::Reason::out_of_range, std::string(field) + ": 0 to 1000000 an hour"};
    }
  }
  if (price.minimum < core::Duration{} || price.minimum > core::hours(1)) {
    return {core::Reason::out_of_range, "price.minimum: 0 to 1h"};
  }
  return {};
}

}  // namespace intertie::market
