// Leave to read a dataset of another region: the home hub of a user signs it for the hub that
// fetches the data, and the hub that holds the data verifies it (docs/formats/data-grant.md).
//
// Across regions a user is REGION/NAME. A hub speaks for the users of its own region alone: a grant
// for "22/alice" counts if the hub of region 22 has signed it, whoever shows it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"

namespace intertie::transfer {

/// The payload type of a grant's envelope.
inline constexpr std::string_view kGrantType = "application/vnd.intertie.data-grant+json";

struct DataGrant {
  std::string dataset;      // "data:<hex>"
  std::string reader;       // For whom: REGION/NAME, of the region that signs.
  std::string audience;     // Identifier of the hub that may use it.
  std::uint64_t offer = 0;  // Of the home hub, what it is for; 0: a job that runs at home.
  core::Time expires;

  friend bool operator==(const DataGrant&, const DataGrant&) = default;
};
BOOST_DESCRIBE_STRUCT(DataGrant, (), (dataset, reader, audience, offer, expires))

/// What is asked for with a grant, by whom, when.
struct GrantUse {
  std::string dataset;   // "data:<hex>"
  std::string audience;  // Identifier of the hub that asks, from its certificate.
  core::Time now;
};

/// The key with which the hub of a region signs, or nothing: no such peer.
using RegionKeyLookup = std::function<std::optional<crypto::PublicKey>(const std::string& region)>;

/// Verifies who signed. bad_signature: not the hub of the reader's region, or that is no peer;
/// bad_syntax and the like: not a grant. 70 us.
core::Result<DataGrant> open_grant(std::string_view envelope, const RegionKeyLookup& find_key);

/// That the grant is for this use: denied (another dataset, another hub), token_expired. Pure.
core::Result<void> check_grant(const DataGrant& grant, const GrantUse& use);

/// A user of a region.
struct RegionUser {
  std::string region;
  std::string name;
  friend bool operator==(const RegionUser&, const RegionUser&) = default;
};

/// "22/alice".
std::string to_text(const RegionUser& user);
/// bad_field: not two characters, a slash, and a name without one.
core::Result<RegionUser> parse_region_user(std::string_view text);

/// What the hub of `region` calls a user whom the hub of `from` calls `name`: "alice" of 22 is
/// "22/alice" to 52, and "52/carol" of 22 is "carol" there. Pure.
std::string translate_user(std::string_view name, std::string_view from, std::string_view region);

}  // namespace intertie::transfer
