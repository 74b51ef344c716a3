// What a registry says about one of its identifiers, signed (docs/formats/identity.md).
//
// Every hub is the registry of its region: it alone may say what an identifier with that code
// stands for, and that there is none. Whoever relays the answer cannot change it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/path.h"

namespace intertie::hub {

struct State;

inline constexpr std::string_view kIdentityType = "application/vnd.intertie.identity+json";

/// The payload of the envelope that the registry signs.
struct IdentityStatement {
  std::string id;             // Canonical; of a pool "SITE-ID/name".
  std::string registry;       // The hub that says so.
  bool is_known = false;      // Else the registry has never given it out.
  std::string type;           // "registry", "site", "pool", "line", ...: as the identifier says.
  std::string name;           // Empty below: unless known. Of a line: "FROM-TO".
  std::string status;         // "active", "revoked"; of a line: "active", "retired"
  std::string holder;         // Of a pool: its site. Of a site or a line: the registry.
  std::string record_digest;  // SHA-256 of the signed record that is sent along; "": none.
  core::Time time;            // When it was said.

  static constexpr std::string_view required_fields[] = {"id", "registry", "is_known", "time"};
  friend bool operator==(const IdentityStatement&, const IdentityStatement&) = default;
};
BOOST_DESCRIBE_STRUCT(IdentityStatement, (),
                      (id, registry, is_known, type, name, status, holder, record_digest, time))

/// A statement to be signed, and where the record lies that goes with it.
struct IdentityFacts {
  IdentityStatement statement;        // record_digest is filled in by who reads the record.
  std::optional<std::uint32_t> site;  // Whose record it is; nothing: the hub's own, or none.
  std::uint64_t record_index = 0;     // Log index of its version in force; 0: its registration.
  std::string record;                 // Of a line: the record itself. Else the above say where.
};

/// What this hub's state says about a path whose registry it is. O(sites + lines).
IdentityFacts find_identity(const State& state, const identity::Path& path, core::Time now);

/// Opens a statement that this key must have signed. bad_signature, bad_field, missing_field.
core::Result<IdentityStatement> open_identity_statement(std::string_view envelope,
                                                        const crypto::PublicKey& key);

}  // namespace intertie::hub
