// The bodies of the site channel as JSON (docs/formats/site-channel.md); unknown fields are
// ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/rate.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/identity/record.h"
#include "intertie/topology/pool.h"

namespace intertie::api {

/// Claims of a join token.
struct JoinClaims {
  std::string kind;       // "join"
  std::string operator_;  // The principal who is paid.
  std::string nonce;      // Works once.
  core::Time exp;
  std::string hub;          // The hub's identifier.
  std::string address;      // Of its site listener.
  std::string fingerprint;  // Of its certificate there.
};
BOOST_DESCRIBE_STRUCT(JoinClaims, (), (kind, operator_, nonce, exp, hub, address, fingerprint))

struct JoinKeys {
  std::string sign;  // "ed25519:..."
  std::string tls;   // The key of the certificate that the site joins with.
  std::string next;  // crypto::compute_key_digest of its next signing key.
  std::string seal;  // "x25519:..."; optional: without it the site takes no jobs with secrets.
};
BOOST_DESCRIBE_STRUCT(JoinKeys, (), (sign, tls, next, seal))

struct JoinRequest {
  std::string token;
  std::string name;
  std::string region;  // Empty: the hub's.
  JoinKeys keys;
  std::vector<topology::Pool> pools;
  std::string record;  // The hub's proposal with the site's signature; empty when asking for one.
  std::string place = {};  // What the site says of itself in its record (identity/record.h).
  std::optional<core::Time> commissioned = {};
  std::vector<core::Rate> claimed = {};
  std::vector<identity::Alias> aka = {};
};
BOOST_DESCRIBE_STRUCT(JoinRequest, (),
                      (token, name, region, keys, pools, record, place, commissioned, claimed, aka))

/// What the site is to countersign: version 1 of its record, signed by the hub.
struct JoinProposal {
  std::string record;
  std::string hub;
  std::string hub_sign_key;
};
BOOST_DESCRIBE_STRUCT(JoinProposal, (), (record, hub, hub_sign_key))

struct JoinAnswer {
  std::string site;  // The identifier.
  std::uint32_t handle = 0;
  std::vector<std::uint32_t> pools;  // Handles, in the order offered.
  std::string record;                // The signed registration record.
  std::string hub;
  std::string hub_sign_key;
};
BOOST_DESCRIBE_STRUCT(JoinAnswer, (), (site, handle, pools, record, hub, hub_sign_key))

/// The next version of the site's record, signed with its old key and its new one, and the number
/// of its last row: all of its rows up to there may be signed with the old key.
struct KeysRequest {
  std::string record;
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(KeysRequest, (), (record, rows))

/// The same version with the hub's signature too.
struct KeysAnswer {
  std::string record;
};
BOOST_DESCRIBE_STRUCT(KeysAnswer, (), (record))

/// The version of the site's record in force, and the status of the next one, if the site is to
/// sign it now.
struct RecordDue {
  std::string record;
  std::optional<identity::RecordStatus> status;
};
BOOST_DESCRIBE_STRUCT(RecordDue, (), (record, status))

/// The next version of the site's record, with the same keys, signed by the site; and the number of
/// its last row, which only a retirement needs. Answered with KeysAnswer.
struct AmendRequest {
  std::string record;
  std::uint64_t rows = 0;
};
BOOST_DESCRIBE_STRUCT(AmendRequest, (), (record, rows))

/// Rows of the site's outbox, and what it has of the hub's.
struct RowsRequest {
  std::string incarnation;
  std::uint64_t first = 0;            // Number of the first payload.
  std::vector<std::string> payloads;  // base64url
  std::uint64_t acknowledged = 0;
};
BOOST_DESCRIBE_STRUCT(RowsRequest, (), (incarnation, first, payloads, acknowledged))

struct RowsAnswer {
  std::uint64_t received = 0;
};
BOOST_DESCRIBE_STRUCT(RowsAnswer, (), (received))

/// Which attempt's secrets the site asks for; it must be the job's current one, at this site.
struct SecretsRequest {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
};
BOOST_DESCRIBE_STRUCT(SecretsRequest, (), (job, attempt))

/// Name to box, sealed to the site's key for this attempt alone (hub/job_secret.h).
struct SecretsAnswer {
  std::map<std::string, std::string> boxes;
};
BOOST_DESCRIBE_STRUCT(SecretsAnswer, (), (boxes))

/// Data of the stream's event "row".
struct RowData {
  std::uint64_t number = 0;
  std::string payload;     // base64url
  std::string attachment;  // base64url; empty: none.
};
BOOST_DESCRIBE_STRUCT(RowData, (), (number, payload, attachment))

/// Data of the stream's event "ask".
struct AskData {
  std::uint64_t id = 0;
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t rank = 0;
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
BOOST_DESCRIBE_STRUCT(AskData, (), (id, job, attempt, rank, file, offset, length))

struct AskError {
  core::Reason reason = core::Reason::internal;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(AskError, (), (reason, detail))

/// The site's answer to an ask.
struct AskAnswer {
  std::uint64_t size = 0;  // Of the file now.
  std::string bytes;       // base64url
  std::optional<AskError> error;
};
BOOST_DESCRIBE_STRUCT(AskAnswer, (), (size, bytes, error))

}  // namespace intertie::api
