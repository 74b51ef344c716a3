#include "peer_card.h"

#include "intertie/codec/json.h"
#include "intertie/crypto/signature.h"
#include "intertie/identity/envelope.h"

namespace intertie::api {

PeerCard make_peer_card(const Backend& backend, const hub::HubCreated& hub) {
  PeerCard card;
  card.id = hub.id;
  card.region = hub.region;
  card.name = hub.name;
  card.address = backend.site_address();
  card.sign_key = hub.sign_key;
  card.tls_key = backend.peer_tls_key();
  card.currency = hub.currency;
  card.made = backend.now();
  return card;
}

core::Result<PeerCard> open_peer_card(const std::string& envelope) {
  const auto claimed = identity::read_unverified_payload(envelope, kPeerCardType);
  if (!claimed) return claimed.error();
  auto card = codec::from_json<PeerCard>(*claimed, codec::Boundary::tolerant);
  if (!card) return card.error();
  const auto key = crypto::parse_public_key(card->sign_key);
  if (!key) return key.error();
  if (const auto tls = crypto::parse_public_key(card->tls_key); !tls) return tls.error();
  const crypto::Digest key_id = crypto::compute_key_digest(*key);
  const auto verified = identity::open_envelope(
      envelope, kPeerCardType,
      [&](const crypto::Digest& id) { return id == key_id ? std::optional(*key) : std::nullopt; });
  if (!verified) return verified.error();
  return card;
}

}  // namespace intertie::api
