// What the routes of lines between regions take and answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"

namespace intertie::api {

/// Body of POST /v1/lines: a line from this hub's region. The same again changes its figures.
struct LineRequest {
  std::string to;  // Region code.
  std::int64_t bandwidth_bits_per_second = 0;
  std::int64_t latency_ms = 0;  // One way.
  core::Money price_per_gigabyte_micros;

  static constexpr std::string_view required_fields[] = {"to", "bandwidth_bits_per_second"};
};
BOOST_DESCRIBE_STRUCT(LineRequest, (),
                      (to, bandwidth_bits_per_second, latency_ms, price_per_gigabyte_micros))

struct LineView {
  std::string id;  // Empty, as `owner` and the figures down to the price: nobody has registered it.
  std::string from;
  std::string to;
  std::string owner;    // The hub that registered it: the sending region's.
  bool is_own = false;  // This hub's: it keeps to the bandwidth.
  std::int64_t bandwidth_bits_per_second = 0;
  std::int64_t latency_ms = 0;
  core::Money price_per_gigabyte_micros;
  std::int64_t measured_bits_per_second = 0;  // Achieved lately; 0: not measured, or too long ago.
  std::optional<core::Time> measured_at;      // When; only with a rate.
  std::optional<std::int64_t> measured_latency_us;  // One way.
  std::int64_t sent_bytes = 0;  // Of datasets, by this hub since it started; 0 if not its own line.
  std::int64_t reserved_bits_per_second = 0;  // Now, by transfers; 0 if not its own line.
  std::string status;                         // "active", "retired"; "": nobody has registered it.
};
BOOST_DESCRIBE_STRUCT(LineView, (),
                      (id, from, to, owner, is_own, bandwidth_bits_per_second, latency_ms,
                       price_per_gigabyte_micros, measured_bits_per_second, measured_at,
                       measured_latency_us, sent_bytes, reserved_bits_per_second, status))

struct LineList {
  std::vector<LineView> lines;  // By sending, then by receiving region.
};
BOOST_DESCRIBE_STRUCT(LineList, (), (lines))

}  // namespace intertie::api
