// The signed record of a line between regions (docs/formats/line.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"
#include "intertie/topology/region_lines.h"

namespace intertie::hub {

inline constexpr std::string_view kLineRecordType = "application/vnd.intertie.line+json";

inline constexpr std::string_view kLineActive = "active";
inline constexpr std::string_view kLineRetired = "retired";

/// The payload of the envelope. `seq` counts the versions of one line from 1.
struct LineRecord {
  std::int64_t seq = 0;
  topology::RegionLine line;
  core::Time issued;
  std::string status{kLineActive};  // Or kLineRetired: it carries nothing any more.

  static constexpr std::string_view required_fields[] = {"seq", "line"};
  friend bool operator==(const LineRecord&, const LineRecord&) = default;
};
BOOST_DESCRIBE_STRUCT(LineRecord, (), (seq, line, issued, status))

/// Verifies the owner's signature, topology::check_line and the status. Refuses with what
/// identity::open_envelope, the codec and check_line refuse, and bad_field. 0.1 ms.
core::Result<LineRecord> open_line_record(std::string_view envelope,
                                          const crypto::PublicKey& owner_key);

/// The identifier of a hub's line number `number` (from 0), in its registry's own block; "FROM-TO"
/// where the region's code is no registry's.
std::string make_line_identifier(const std::string& from, const std::string& to,
                                 std::uint32_t number);

}  // namespace intertie::hub
