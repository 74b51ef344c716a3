#include "site_join.h"

#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/signature.h"
#include "intertie/crypto/token.h"

#include "site_hub_client.h"

namespace intertie::service {
namespace {

core::Error make_refusal(const char* what) {
  return {core::Reason::bad_token, std::string("join token: ") + what};
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
  net::HttpClient client = clients->make_client(core::limits::request_timeout);
  const auto text = post_json(client, "/site/v1/join", codec::to_json(request));
  if (!text) return text.error();
  auto answer = codec::from_json<api::JoinAnswer>(*text, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  if (answer->site.empty() || answer->pools.size() != request.pools.size()) {
    return {core::Reason::bad_field, "the hub's answer to the join: site or pools"};
  }
  SiteIdentity identity;
  identity.site = std::move(answer->site);
  identity.handle = answer->handle;
  identity.record = std::move(answer->record);
  identity.hub = std::move(answer->hub);
  identity.hub_sign_key = std::move(answer->hub_sign_key);
  identity.hub_address = claims->address;
  identity.hub_fingerprint = claims->fingerprint;
  for (const topology::Pool& pool : request.pools) identity.pools.push_back(pool.name);
  return identity;
}

}  // namespace intertie::service
