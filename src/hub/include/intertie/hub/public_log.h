// The public log: which facts of the hub's log everybody may see and check
// (docs/formats/public-log.md; ARCHITECTURE.md, idea 9).
//
// Each public event becomes one leaf, in the order of the hub's log. A leaf follows from the
// event's head alone, so the tree can be rebuilt from heads, also when bodies were erased.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/time.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/merkle.h"
#include "intertie/crypto/signature.h"
#include "intertie/hub/events.h"
#include "intertie/storage/record.h"

namespace intertie::hub {

struct State;

/// What a leaf says. Only settlements are commitments: who was paid what stays private.
enum class LeafKind : std::uint8_t {
  hub,           // The first leaf: which hub, and the key that signs its heads.
  registration,  // Version 1 of a site's record.
  rotation,      // A version with another key.
  revocation,    // A last version.
  measurement,   // A statement that was accepted.
  settlement,    // A usage record that was charged.
  line,          // A version of a line's record.
  amendment,     // A version of a site's record with the same keys.
};
BOOST_DESCRIBE_ENUM(LeafKind, hub, registration, rotation, revocation, measurement, settlement,
                    line, amendment)

/// The bytes of a leaf are the JSON of this struct.
struct PublicLeaf {
  LeafKind kind = LeafKind::hub;
  core::Time time;       // Of the record in the hub's log.
  std::string subject;   // Identifier of the hub, site or line; "" for a settlement.
  std::string digest;    // SHA-256 of the signed envelope as sent; "" for the hub.
  std::string key;       // Of the hub: what signs its heads, "ed25519:...".
  std::int64_t seq = 0;  // Of a record: its version; otherwise 0.

  static constexpr std::string_view required_fields[] = {"kind", "time"};
  friend bool operator==(const PublicLeaf&, const PublicLeaf&) = default;
};
BOOST_DESCRIBE_STRUCT(PublicLeaf, (), (kind, time, subject, digest, key, seq))

/// The leaf that an event becomes, if it is public. `state` is that before the event. Pure.
std::optional<PublicLeaf> find_public_leaf(const State& state, const Event& event, core::Time time);
/// The bytes that are hashed.
std::string encode_leaf(const PublicLeaf& leaf);

/// The public log as the state keeps it: enough for its head and for appending.
struct PublicLog {
  crypto::MerkleFrontier frontier;
  core::Time time;  // Of the last leaf.

  friend bool operator==(const PublicLog&, const PublicLog&) = default;
};

/// A row of Table::public_leaves.
struct IndexedLeaf {
  std::uint64_t log_index = 0;  // Whose body is the envelope.
  bool is_open = false;         // The envelope itself is public too.
  std::string leaf;             // The bytes that are hashed.
};
BOOST_DESCRIBE_STRUCT(IndexedLeaf, (), (log_index, is_open, leaf))

inline constexpr std::string_view kTreeHeadType = "application/vnd.intertie.tree-head+json";

/// The payload of a signed head. Its time is that of the last leaf, and signing is deterministic: a
/// hub has one head for each size, whoever asks and however often it was restarted.
struct PublicHead {
  std::string hub;  // Identifier.
  std::string alg;  // Of the tree's hashes: kTreeAlg.
  std::uint64_t size = 0;
  std::string root;  // "sha256:<hex>"
  core::Time time;

  static constexpr std::string_view required_fields[] = {"hub", "alg", "size", "root", "time"};
  friend bool operator==(const PublicHead&, const PublicHead&) = default;
};
BOOST_DESCRIBE_STRUCT(PublicHead, (), (hub, alg, size, root, time))

inline constexpr std::string_view kTreeAlg = "rfc9162-sha256";

PublicHead make_public_head(const State& state);

/// Verifies a signed head: bad_signature; bad_field for another algorithm or a root that is none.
core::Result<PublicHead> open_public_head(std::string_view envelope, const crypto::PublicKey& key);

}  // namespace intertie::hub
