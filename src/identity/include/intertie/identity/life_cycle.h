// The statuses of a registration record and the arrows between them.
//
//   reserved -> registered -> measured -> active <-> suspended
//   measured, active -> stale (a measurement or beacon expired) -> measured, active
//   registered, measured, active, suspended, stale -> transferring -> back where it came from
//   any but a final one -> retired (transferring first comes back) or revoked; both are final
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/result.h"

namespace intertie::identity {

enum class RecordStatus : std::uint8_t {
  reserved,      // The identifier is set aside.
  registered,    // Claimed only.
  measured,      // A valid measurement exists; may be listed.
  active,        // May sell.
  suspended,     // Locked by registry or holder.
  stale,         // Its measurement or beacon has expired.
  transferring,  // Moving to another registry or holder.
  retired,       // Final; answered with a tombstone, which may name a successor.
  revoked,       // Final; key lost, false claim or order.
};
BOOST_DESCRIBE_ENUM(RecordStatus, reserved, registered, measured, active, suspended, stale,
                    transferring, retired, revoked)

inline constexpr int kRecordStatusCount = 9;

/// "reserved", ... O(1).
std::string_view status_name(RecordStatus status);

/// The status of RDAP (RFC 9083 section 10.2.2) that says the same, for resolvers: "pending
/// create".
std::string_view rdap_status_name(RecordStatus status);

/// The statuses that an arrow leads to, in the order of the enum. Empty for final ones.
std::span<const RecordStatus> allowed_transitions(RecordStatus from);

/// Whether the arrow exists. illegal_transition otherwise; the detail lists the allowed ones. A
/// status is not an arrow to itself. (That `transferring` leads back to where it came from needs
/// the record: check_successor.)
core::Result<void> check_transition(RecordStatus from, RecordStatus to);

/// Only an active record may sell capacity.
bool may_sell(RecordStatus status);
/// Measured and active ones may be shown to buyers.
bool may_be_listed(RecordStatus status);
/// Retired and revoked: nothing leads out, and the identifier is never used again.
bool is_final(RecordStatus status);

}  // namespace intertie::identity
