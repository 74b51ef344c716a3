// Ed25519 by libsodium: keys, signing, verification and their texts.
#include "intertie/crypto/signature.h"

#include <sodium.h>

#include <cassert>
#include <utility>

#include "key_text.h"

namespace intertie::crypto {

static_assert(PublicKey::kLength == crypto_sign_PUBLICKEYBYTES);
static_assert(Signature::kLength == crypto_sign_BYTES);
static_assert(KeyPair::kSeedLength == crypto_sign_SEEDBYTES);

std::string to_text(const PublicKey& key) { return join_algorithm(kEd25519, key.bytes); }

std::string to_text(const Signature& signature) {
  return join_algorithm(kEd25519, signature.bytes);
}

core::Result<PublicKey> parse_public_key(std::string_view text) {
  return parse_fixed<PublicKey>("public key", kEd25519, text);
}

core::Result<Signature> parse_signature(std::string_view text) {
  return parse_fixed<Signature>("signature", kEd25519, text);
}

Digest compute_key_digest(const PublicKey& key) { return compute_sha256(to_text(key)); }

KeyPair KeyPair::generate() {
  const Secret seed(random_bytes(kSeedLength));
  return from_seed(seed.reveal());
}

KeyPair KeyPair::from_seed(ByteView seed) {
  assert(seed.size() == kSeedLength);
  ByteString private_key(crypto_sign_SECRETKEYBYTES);
  KeyPair pair;
  crypto_sign_seed_keypair(pair.public_key_.bytes.data(), private_key.data(), seed.data());
  pair.private_key_ = Secret(std::move(private_key));
  return pair;
}

Signature KeyPair::sign(ByteView message) const {
  assert(private_key_.size() == crypto_sign_SECRETKEYBYTES);  // Moved-from otherwise.
  Signature signature;
  crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                       private_key_.reveal().data());
  return signature;
}

Signature KeyPair::sign(std::string_view message) const { return sign(as_bytes(message)); }

bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                     key.bytes.data()) == 0;
}

bool verify_signature(const PublicKey& key, std::string_view message, const Signature& signature) {
  return verify_signature(key, as_bytes(message), signature);
}

}  // namespace intertie::crypto

namespace intertie::codec {

core::Result<crypto::PublicKey> Text<crypto::PublicKey>::from_text(std::string_view text) {
  return crypto::parse_public_key(text);
}

std::string Text<crypto::PublicKey>::to_binary(const crypto::PublicKey& value) {
  return crypto::write_fixed_binary(value);
}

core::Result<crypto::PublicKey> Text<crypto::PublicKey>::from_binary(std::string_view bytes) {
  return crypto::read_fixed_binary<crypto::PublicKey>(bytes);
}

core::Result<crypto::Signature> Text<crypto::Signature>::from_text(std::string_view text) {
  return crypto::parse_signature(text);
}

std::string Text<crypto::Signature>::to_binary(const crypto::Signature& value) {
  return crypto::write_fixed_binary(value);
}

core::Result<crypto::Signature> Text<crypto::Signature>::from_binary(std::string_view bytes) {
  return crypto::read_fixed_binary<crypto::Signature>(bytes);
}

}  // namespace intertie::codec
