// Sealing and opening envelopes.
#include "intertie/identity/envelope.h"

#include <algorithm>
#include <set>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

namespace intertie::identity {
namespace {

constexpr std::string_view kDomain = "intertie-envelope/1";

core::Error refuse_signature(std::string detail) {
  return {core::Reason::bad_signature, "envelope: " + std::move(detail)};
}

core::Result<Envelope> decode_envelope(std::string_view text) {
  if (text.size() > core::limits::envelope_bytes_max) {
    return {core::Reason::too_large, "envelope: above 512 KiB"};
  }
  auto envelope = codec::from_json<Envelope>(text, codec::Boundary::tolerant);
  if (envelope && envelope->signatures.size() > core::limits::envelope_signatures_max) {
    return {core::Reason::too_large, "signatures: more than 16"};
  }
  return envelope;
}

core::Result<std::string> decode_payload(const Envelope& envelope) {
  const auto payload = crypto::decode_base64url(envelope.payload);
  if (!payload) return {payload.error().reason, "payload: " + payload.error().detail};
  if (payload->size() > core::limits::envelope_payload_bytes_max) {
    return {core::Reason::too_large, "payload: above 180 KiB"};
  }
  return std::string(crypto::as_text(*payload));
}

core::Result<void> check_type(const Envelope& envelope, std::string_view expected) {
  if (envelope.payload_type == expected) return {};
  return {core::Reason::bad_field, "payload_type: expected " + std::string(expected)};
}

EnvelopeSignature sign(std::string_view type, std::string_view payload,
                       const crypto::KeyPair& key) {
  const crypto::Signature signature = key.sign(encode_for_signing(type, payload));
  return {std::string(crypto::kEd25519), to_text(crypto::compute_key_digest(key.public_key())),
          crypto::encode_base64url(signature.bytes)};
}

bool verify(const crypto::PublicKey& key, std::string_view message, std::string_view text) {
  const auto bytes = crypto::decode_base64url(text);
  if (!bytes || bytes->size() != crypto::Signature::kLength) return false;
  crypto::Signature signature;
  std::copy(bytes->begin(), bytes->end(), signature.bytes.begin());
  return crypto::verify_signature(key, message, signature);
}

}  // namespace

std::string encode_for_signing(std::string_view payload_type, std::string_view payload) {
  std::string text(kDomain);
  for (const std::string_view part : {payload_type, payload}) {
    text += " " + std::to_string(part.size()) + " ";
    text += part;
  }
  return text;
}

core::Result<std::string> seal_envelope(std::string_view payload_type, std::string_view payload,
                                        const crypto::KeyPair& key) {
  if (payload.size() > core::limits::envelope_payload_bytes_max) {
    return {core::Reason::too_large, "payload: above 180 KiB"};
  }
  Envelope envelope;
  envelope.payload_type = payload_type;
  envelope.payload = crypto::encode_base64url(crypto::as_bytes(payload));
  envelope.signatures.push_back(sign(payload_type, payload, key));
  return codec::to_json(envelope);
}

core::Result<std::string> add_signature(std::string_view envelope, const crypto::KeyPair& key) {
  auto decoded = decode_envelope(envelope);
  if (!decoded) return decoded.error();
  const auto payload = decode_payload(*decoded);
  if (!payload) return payload.error();
  EnvelopeSignature added = sign(decoded->payload_type, *payload, key);
  for (const EnvelopeSignature& signature : decoded->signatures) {
    if (signature.key_id == added.key_id) {
      return {core::Reason::already_exists, "signatures: this key has signed already"};
    }
  }
  if (decoded->signatures.size() >= core::limits::envelope_signatures_max) {
    return {core::Reason::too_large, "signatures: more than 16"};
  }
  decoded->signatures.push_back(std::move(added));
  return codec::to_json(*decoded);
}

core::Result<OpenedEnvelope> open_envelope(std::string_view envelope,
                                           std::string_view expected_type,
                                           const KeyLookup& find_key) {
  const auto decoded = decode_envelope(envelope);
  if (!decoded) return decoded.error();
  if (auto right = check_type(*decoded, expected_type); !right) return right.error();
  auto payload = decode_payload(*decoded);
  if (!payload) return payload.error();

  const std::string message = encode_for_signing(expected_type, *payload);
  OpenedEnvelope opened;
  std::set<std::string_view> seen;  // Otherwise one key could pass for two signers.
  for (const EnvelopeSignature& signature : decoded->signatures) {
    if (signature.alg != crypto::kEd25519) continue;
    const auto key_id = crypto::parse_digest(signature.key_id);
    if (!key_id) continue;
    const std::optional<crypto::PublicKey> key = find_key(*key_id);
    if (!key) continue;
    if (!seen.insert(signature.key_id).second) return refuse_signature("one key signed twice");
    // The lookup may be careless; the id must be this key's.
    if (crypto::compute_key_digest(*key) != *key_id ||
        !verify(*key, message, signature.signature)) {
      return refuse_signature("the signature by key " + signature.key_id + " does not verify");
    }
    opened.signers.push_back(*key);
  }
  if (opened.signers.empty()) return refuse_signature("no signature by a known key");
  opened.payload = *std::move(payload);
  return opened;
}

core::Result<std::string> read_unverified_payload(std::string_view envelope,
                                                  std::string_view expected_type) {
  const auto decoded = decode_envelope(envelope);
  if (!decoded) return decoded.error();
  if (auto right = check_type(*decoded, expected_type); !right) return right.error();
  return decode_payload(*decoded);
}

}  // namespace intertie::identity
