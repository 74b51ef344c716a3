// Lines between regions: as their owners registered them, and what was measured of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::topology {

/// A capacity-limited path on which data goes from one region to another. The sending region's hub
/// owns it.
struct RegionLine {
  std::string identifier;  // Registered identifier as text.
  std::string owner;       // Identifier of the sending region's hub.
  std::string from;        // Region codes; different.
  std::string to;
  std::int64_t bandwidth_bits_per_second = 0;  // Above 0.
  std::int64_t latency_ms = 0;                 // One way.
  core::Money price_per_gigabyte;              // Of 10^9 bytes; 0 or more.

  friend bool operator==(const RegionLine&, const RegionLine&) = default;
};
BOOST_DESCRIBE_STRUCT(RegionLine, (),
                      (identifier, owner, from, to, bandwidth_bits_per_second, latency_ms,
                       price_per_gigabyte))

/// Refuses with out_of_range or bad_field and the field's name what no line can be. O(1).
core::Result<void> check_line(const RegionLine& line);

/// What has been measured of a line. Soft: it has an age.
struct LineMeasurement {
  std::int64_t bits_per_second = 0;     // Achieved while data was on its way; 0: not measured.
  core::Time rate_at;                   // When.
  std::optional<core::Duration> delay;  // One way.

  friend bool operator==(const LineMeasurement&, const LineMeasurement&) = default;
};

/// A measured rate counts before rate_at + line_rate_fresh.
bool is_rate_fresh(const LineMeasurement& measured, core::Time now);

/// What moving data over a line is taken to cost and need.
struct LineTerms {
  std::int64_t bits_per_second = 0;  // Above 0.
  std::int64_t latency_ms = 0;       // One way, rounded up.
  core::Money price_per_gigabyte;

  friend bool operator==(const LineTerms&, const LineTerms&) = default;
};

/// All lines that one hub knows of. A value; one thread at a time. Every member O(log lines).
class RegionLines {
 public:
  struct Row {
    std::optional<RegionLine> registered;  // Empty: only measured.
    LineMeasurement measured;
  };
  using Ends = std::pair<std::string, std::string>;  // From, to.

  /// Adds or replaces the registered figures. What was measured under other ones is forgotten.
  void put(const RegionLine& line);

  /// The line is retired: nothing is known of the way any more.
  void drop(const Ends& ends) { rows_.erase(ends); }

  void set_rate(const Ends& ends, std::int64_t bits_per_second, core::Time at);
  void set_delay(const Ends& ends, core::Duration one_way);

  /// The region that measured the lines into it is not heard any more. O(lines).
  void forget_measured_into(std::string_view to);

  /// nullptr: neither registered nor measured.
  const Row* find(const Ends& ends) const;

  /// What to reckon with: measured (a fresh rate, up to the registered one), else registered, else
  /// line_assumed_bits_per_second and line_assumed_latency_ms. Only a registered line has a price.
  LineTerms get_terms(const Ends& ends, core::Time now) const;

  /// By (from, to).
  const std::map<Ends, Row>& rows() const { return rows_; }

 private:
  std::map<Ends, Row> rows_;
};

}  // namespace intertie::topology
