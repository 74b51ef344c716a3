// Times, money and rates in the words people use. Exact values stand in JSON and CSV.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::cli {

/// "5s ago", "12m ago", "3h ago", "2d ago", "in 10m"; "now" within a second. Pure.
std::string relative_time(core::Time time, core::Time now);

/// One unit, as relative_time counts: "721us", "1.0ms", "850ms", "1.5s", "12s", "3m", "5h", "2d".
std::string short_duration(core::Duration duration);

/// "0.25 CNY"; at least two digits after the point, at most six: never rounded.
std::string money_text(core::Money amount, std::string_view currency);

/// "1250/s", "0.9/s". `count` is below 9 * 10^15.
std::string per_second_text(std::int64_t count, core::Duration elapsed);

/// "12.3 GB/s", "1.25 Tops/s": three digits and an SI prefix, rounded to nearest.
std::string short_rate(std::int64_t per_second, std::string_view unit);

/// "1.5 GiB", rounded to a tenth.
std::string short_bytes(core::Bytes bytes);

/// The n-th part of a bar of `columns` columns: "[=====>    ]".
std::string render_bar(std::uint64_t done, std::uint64_t all, std::size_t columns);

}  // namespace intertie::cli
