// Signed envelopes: a payload's bytes exactly as sent, its type, and signatures by several keys.
//
// As JSON, fields in this order, base64url without padding (RFC 4648 section 5):
//   {"payload_type":"application/vnd.intertie.record+json","payload":"<base64url>",
//    "signatures":[{"alg":"ed25519","key_id":"sha256:<hex>","signature":"<base64url>"}]}
// Each signature is over the pre-authentication encoding of type and payload, in the manner of
// DSSE v1 (Dead Simple Signing Envelope, github.com/secure-systems-lab/dsse, protocol.md) under a
// domain of our own, so that neither envelope can be taken for the other:
//   "intertie-envelope/1" SP LEN(type) SP type SP LEN(payload) SP payload
// with SP one space and LEN the decimal number of bytes. The payload is never re-encoded: what
// was signed is what was sent.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/signature.h"

namespace intertie::identity {

/// One signature of an envelope. Algorithms this program does not know are carried along.
struct EnvelopeSignature {
  std::string alg;        // "ed25519"
  std::string key_id;     // crypto::compute_key_digest of the key, as text.
  std::string signature;  // The raw signature, base64url.

  static constexpr std::string_view required_fields[] = {"alg", "key_id", "signature"};
  friend bool operator==(const EnvelopeSignature&, const EnvelopeSignature&) = default;
};
BOOST_DESCRIBE_STRUCT(EnvelopeSignature, (), (alg, key_id, signature))

struct Envelope {
  std::string payload_type;
  std::string payload;  // base64url
  std::vector<EnvelopeSignature> signatures;

  static constexpr std::string_view required_fields[] = {"payload_type", "payload", "signatures"};
  friend bool operator==(const Envelope&, const Envelope&) = default;
};
BOOST_DESCRIBE_STRUCT(Envelope, (), (payload_type, payload, signatures))

/// The bytes that are signed (see the top of this file).
std::string encode_for_signing(std::string_view payload_type, std::string_view payload);

/// Signs a payload with one key; add_signature countersigns with another. too_large above
/// limits::envelope_payload_bytes_max.
core::Result<std::string> seal_envelope(std::string_view payload_type, std::string_view payload,
                                        const crypto::KeyPair& key);

/// Adds a signature without looking at the others. already_exists if the key has signed already;
/// bad_syntax and the like if the text is not an envelope.
core::Result<std::string> add_signature(std::string_view envelope, const crypto::KeyPair& key);

/// Who may have signed: the key with this id, or nothing.
using KeyLookup = std::function<std::optional<crypto::PublicKey>(const crypto::Digest& key_id)>;

/// A payload that was signed by every key in `signers`.
struct OpenedEnvelope {
  std::string payload;
  std::vector<crypto::PublicKey> signers;  // In the order of the signatures; at least one.
};

/// Verifies an envelope. Signatures with an unknown algorithm or by keys that `find_key` does not
/// know are ignored, but one known one must be there, and every known one must verify. Refuses with
/// bad_signature (none known, a wrong one, one key twice), bad_field (another payload type),
/// too_large, bad_syntax, missing_field. 70 us a signature.
core::Result<OpenedEnvelope> open_envelope(std::string_view envelope,
                                           std::string_view expected_type,
                                           const KeyLookup& find_key);

/// The payload of an envelope that has NOT been verified: good only for finding out whose keys to
/// verify it with.
core::Result<std::string> read_unverified_payload(std::string_view envelope,
                                                  std::string_view expected_type);

}  // namespace intertie::identity
