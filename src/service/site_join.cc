#include "site_join.h"

#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/signature.h"
#include "intertie/crypto/token.h"
#include "intertie/hub/site_record.h"
#include "intertie/identity/envelope.h"

#include "site_hub_client.h"

namespace intertie::service {
namespace {

core::Error make_refusal(const char* what) {
  return {core::Reason::bad_token, std::string("join token: ") + what};
}

// Joins that meet at the hub may have been given the same identifier: the later one asks again.
constexpr int kTriesMax = 8;

// That the record is signed by both and says what this site asked for.
core::Result<void> check_joined_record(const std::string& envelope, const std::string& hub_sign_key,
                                       const api::JoinRequest& request) {
  const auto hub_key = crypto::parse_public_key(hub_sign_key);
  if (!hub_key) return hub_key.error();
  const auto record = hub::open_site_record(envelope, *hub_key);
  if (!record) return record.error();
  const auto named = hub::read_site_keys(record->record);
  if (!named) return named.error();
  const api::JoinKeys& keys = request.keys;
  const auto& next = record->record.next_key_hash;
  if (record->record.place != request.place ||
      record->record.commissioned != request.commissioned ||
      record->record.claimed != request.claimed || record->record.aka != request.aka) {
    return {core::Reason::bad_field,
            "the record that the hub proposes: not what this site says of itself (an older hub "
            "leaves place, commissioned, claimed and aka out)"};
  }
  if (named->sign == keys.sign && named->tls == keys.tls && named->seal == keys.seal && next &&
      crypto::to_text(*next) == keys.next) {
    return {};
  }
  return {core::Reason::bad_field, "the record that the hub proposes: other keys than this site's"};
}

// One round: the hub proposes, this site verifies and countersigns, the hub registers.
core::Result<api::JoinAnswer> join_once(net::HttpClient& client, api::JoinRequest request,
                                        const SiteKeys& keys, const std::string& hub) {
  request.record.clear();
  const auto proposed = post_json(client, "/site/v1/join:propose", codec::to_json(request));
  if (!proposed) return proposed.error();
  const auto proposal = codec::from_json<api::JoinProposal>(*proposed, codec::Boundary::tolerant);
  if (!proposal) return proposal.error();
  if (proposal->hub != hub) return {core::Reason::bad_token, "join token: made by another hub"};
  auto both = identity::add_signature(proposal->record, keys.sign);
  if (!both) return both.error();
  if (auto right = check_joined_record(*both, proposal->hub_sign_key, request); !right) {
    return right.error();
  }
  request.record = std::move(*both);
  const auto text = post_json(client, "/site/v1/join", codec::to_json(request));
  if (!text) return text.error();
  auto answer = codec::from_json<api::JoinAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer;
  if (answer->site.empty() || answer->pools.size() != request.pools.size() ||
      answer->hub_sign_key != proposal->hub_sign_key) {
    return {core::Reason::bad_field, "the hub's answer to the join: site, pools or key"};
  }
  if (auto right = check_joined_record(answer->record, answer->hub_sign_key, request); !right) {
    return right.error();
  }
  return answer;
}

core::Result<api::JoinAnswer> join_with_record(net::HttpClient& client,
                                               const api::JoinRequest& request,
                                               const SiteKeys& keys, const std::string& hub) {
  for (int tries = 1;; ++tries) {
    auto answer = join_once(client, request, keys, hub);
    const bool is_taken = !answer && answer.error().reason == core::Reason::already_exists &&
                          answer.error().detail.starts_with("identifier");
    if (!is_taken || tries == kTriesMax) return answer;
  }
}

}  // namespace

core::Result<api::JoinClaims> read_join_claims(std::string_view token) {
  if (token.size() > core::limits::token_bytes_max) return make_refusal("too long");
  if (!token.starts_with(crypto::kTokenHeader)) return make_refusal("not a v4.public token");
  token.remove_prefix(crypto::kTokenHeader.size());
  // v4.public: base64url(payload || 64 bytes of signature), then an optional footer after a dot.
  const auto bytes = crypto::decode_base64url(token.substr(0, token.find('.')));
  if (!bytes || bytes->size() < crypto::Signature::kLength) return make_refusal("cut off");
  const crypto::ByteView payload(bytes->data(), bytes->size() - crypto::Signature::kLength);
  auto claims =
      codec::from_json<api::JoinClaims>(crypto::as_text(payload), codec::Boundary::tolerant);
  if (!claims || claims->kind != "join") return make_refusal("made for something else");
  if (claims->address.empty() || claims->fingerprint.empty()) {
    return make_refusal("it does not say where the hub is");
  }
  if (claims->address.find("://") == std::string::npos) {
    claims->address.insert(0, "https://");
  }
  return claims;
}

core::Result<SiteIdentity> join_hub(api::JoinRequest request, const SiteKeys& keys) {
  const auto claims = read_join_claims(request.token);
  if (!claims) return claims.error();
  const auto clients = SiteHubClients::create({claims->address, claims->fingerprint}, keys);
  if (!clients) return clients.error();
  request.keys.sign = crypto::to_text(keys.sign.public_key());
  request.keys.tls = crypto::to_text(keys.tls.public_key());
  request.keys.seal = crypto::to_text(keys.seal.public_key());
  request.keys.next = crypto::to_text(crypto::compute_key_digest(keys.next.public_key()));
  net::HttpClient client = clients->make_client(core::limits::request_timeout);
  const auto answer = join_with_record(client, request, keys, claims->hub);
  if (!answer) return answer.error();
  SiteIdentity identity;
  identity.site = answer->site;
  identity.handle = answer->handle;
  identity.record = answer->record;
  identity.hub = answer->hub;
  identity.hub_sign_key = answer->hub_sign_key;
  identity.hub_address = claims->address;
  identity.hub_fingerprint = claims->fingerprint;
  for (const topology::Pool& pool : request.pools) identity.pools.push_back(pool.name);
  return identity;
}

}  // namespace intertie::service
