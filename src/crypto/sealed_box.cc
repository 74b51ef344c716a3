// Sealed boxes by libsodium.
#include "intertie/crypto/sealed_box.h"

#include <sodium.h>

#include <cassert>
#include <utility>

#include "key_text.h"

namespace intertie::crypto {
namespace {

constexpr std::string_view kX25519 = "x25519";
static_assert(SealPublicKey::kLength == crypto_box_PUBLICKEYBYTES);
static_assert(SealKeyPair::kSeedLength == crypto_box_SEEDBYTES);
static_assert(kSealedBoxOverhead == crypto_box_SEALBYTES);

}  // namespace

std::string to_text(const SealPublicKey& key) { return join_algorithm(kX25519, key.bytes); }

core::Result<SealPublicKey> parse_seal_public_key(std::string_view text) {
  return parse_fixed<SealPublicKey>("sealing key", kX25519, text);
}

SealKeyPair SealKeyPair::generate() {
  const Secret seed(random_bytes(kSeedLength));
  return from_seed(seed.reveal());
}

SealKeyPair SealKeyPair::from_seed(ByteView seed) {
  assert(seed.size() == kSeedLength);
  ByteString private_key(crypto_box_SECRETKEYBYTES);
  SealKeyPair pair;
  crypto_box_seed_keypair(pair.public_key_.bytes.data(), private_key.data(), seed.data());
  pair.private_key_ = Secret(std::move(private_key));
  return pair;
}

core::Result<SealKeyPair> SealKeyPair::from_private_key(ByteView private_key) {
  if (private_key.size() != crypto_box_SECRETKEYBYTES) {
    return {core::Reason::bad_key, "sealing key: expected 32 bytes"};
  }
  SealKeyPair pair;
  pair.private_key_ = Secret(ByteString(private_key.begin(), private_key.end()));
  crypto_scalarmult_base(pair.public_key_.bytes.data(), private_key.data());
  return pair;
}

core::Result<std::string> seal(ByteView content, const SealPublicKey& receiver) {
  ByteString box(content.size() + crypto_box_SEALBYTES);
  random_bytes(0);  // Makes sure that libsodium is initialised: sealing draws an ephemeral key.
  if (crypto_box_seal(box.data(), content.data(), content.size(), receiver.bytes.data()) != 0) {
    return {core::Reason::bad_key, "sealing key of small order"};
  }
  return join_algorithm(kSealedBox, box);
}

core::Result<Secret> open_sealed(std::string_view box, const SealKeyPair& receiver) {
  const auto bytes = split_algorithm("sealed box", kSealedBox, box);
  if (!bytes) return bytes.error();
  if (bytes->size() < crypto_box_SEALBYTES) {
    return {core::Reason::bad_syntax, "sealed box: too short"};
  }
  ByteString content(bytes->size() - crypto_box_SEALBYTES);
  if (crypto_box_seal_open(content.data(), bytes->data(), bytes->size(),
                           receiver.public_key().bytes.data(),
                           receiver.reveal_private_key().data()) != 0) {
    return {core::Reason::bad_key, "sealed box: changed, or sealed to another key"};
  }
  return Secret(std::move(content));
}

}  // namespace intertie::crypto

namespace intertie::codec {

core::Result<crypto::SealPublicKey> Text<crypto::SealPublicKey>::from_text(std::string_view text) {
  return crypto::parse_seal_public_key(text);
}

std::string Text<crypto::SealPublicKey>::to_binary(const crypto::SealPublicKey& value) {
  return crypto::write_fixed_binary(value);
}

core::Result<crypto::SealPublicKey> Text<crypto::SealPublicKey>::from_binary(
    std::string_view bytes) {
  return crypto::read_fixed_binary<crypto::SealPublicKey>(bytes);
}

}  // namespace intertie::codec
