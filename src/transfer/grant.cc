// Grants.
#include "intertie/transfer/grant.h"

#include "intertie/codec/json.h"
#include "intertie/identity/envelope.h"
#include "intertie/transfer/dataset_name.h"

namespace intertie::transfer {
namespace {

constexpr std::size_t kRegionBytes = 2;

}  // namespace

std::string to_text(const RegionUser& user) { return user.region + "/" + user.name; }

core::Result<RegionUser> parse_region_user(std::string_view text) {
  const bool has_region =
      text.size() > kRegionBytes && text[kRegionBytes] == '/' && text.find('/') == kRegionBytes;
  if (!has_region || !check_dataset_name(text.substr(kRegionBytes + 1))) {
    return core::Error{core::Reason::bad_field, "a user of a region: REGION/NAME"};
  }
  return RegionUser{std::string(text.substr(0, kRegionBytes)),
                    std::string(text.substr(kRegionBytes + 1))};
}

std::string translate_user(std::string_view name, std::string_view from, std::string_view region) {
  RegionUser user{std::string(from), std::string(name)};
  if (auto parsed = parse_region_user(name)) user = std::move(*parsed);
  return user.region == region ? user.name : to_text(user);
}

core::Result<DataGrant> open_grant(std::string_view envelope, const RegionKeyLookup& find_key) {
  const auto claimed = identity::read_unverified_payload(envelope, kGrantType);
  if (!claimed) return claimed.error();
  auto grant = codec::from_json<DataGrant>(*claimed, codec::Boundary::tolerant);
  if (!grant) return grant.error();
  const auto reader = parse_region_user(grant->reader);
  if (!reader) return reader.error();
  const auto key = find_key(reader->region);
  if (!key) {
    return core::Error{core::Reason::bad_signature,
                       "no hub of region " + reader->region + " is known here, so none can grant"};
  }
  const crypto::Digest key_id = crypto::compute_key_digest(*key);
  const auto verified = identity::open_envelope(
      envelope, kGrantType,
      [&](const crypto::Digest& id) { return id == key_id ? std::optional(*key) : std::nullopt; });
  if (!verified) return verified.error();
  return grant;
}

core::Result<void> check_grant(const DataGrant& grant, const GrantUse& use) {
  if (grant.dataset != use.dataset) {
    return {core::Reason::denied, "the grant is for another dataset"};
  }
  if (grant.audience != use.audience) return {core::Reason::denied, "the grant is another hub's"};
  if (grant.expires <= use.now) return {core::Reason::token_expired, "the grant"};
  return {};
}

}  // namespace intertie::transfer
