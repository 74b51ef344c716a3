// Ed25519 signatures (RFC 8032) and the standard files their keys travel in.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/secret.h"

namespace intertie::crypto {

/// Name of the only signature algorithm so far, as it stands in texts and envelopes.
inline constexpr std::string_view kEd25519 = "ed25519";

/// Text form "ed25519:<base64url of 32 bytes>".
struct PublicKey {
  static constexpr std::size_t kLength = 32;

  std::array<std::uint8_t, kLength> bytes{};

  friend auto operator<=>(const PublicKey&, const PublicKey&) = default;
  friend std::size_t hash_value(const PublicKey& key) {
    std::size_t value = 0;
    std::memcpy(&value, key.bytes.data(), sizeof value);
    return value;
  }
};

/// Text form "ed25519:<base64url of 64 bytes>".
struct Signature {
  static constexpr std::size_t kLength = 64;

  std::array<std::uint8_t, kLength> bytes{};

  friend auto operator<=>(const Signature&, const Signature&) = default;
};

std::string to_text(const PublicKey& key);
std::string to_text(const Signature& signature);

/// Strict inverses of to_text. Refuse with bad_syntax, or not_supported for another algorithm.
core::Result<PublicKey> parse_public_key(std::string_view text);
core::Result<Signature> parse_signature(std::string_view text);

/// SHA-256 of the key's text form: the short name of a key (envelopes' key_id) and what
/// next_key_hash commits to. It covers the algorithm's name.
Digest compute_key_digest(const PublicKey& key);

/// A signing key. Move-only; the private half is wiped on destruction and has no text form except
/// the explicit exports below. Signing is deterministic and safe from several threads.
class KeyPair {
 public:
  static constexpr std::size_t kSeedLength = 32;

  /// From the operating system's generator.
  static KeyPair generate();
  /// The same seed gives the same key (RFC 8032 section 5.1.5). `seed` must have kSeedLength bytes.
  static KeyPair from_seed(ByteView seed);

  KeyPair(KeyPair&&) noexcept = default;
  KeyPair& operator=(KeyPair&&) noexcept = default;
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;

  const PublicKey& public_key() const { return public_key_; }
  /// About 25 us.
  Signature sign(ByteView message) const;
  Signature sign(std::string_view message) const;

  /// PKCS #8 (RFC 8410): "-----BEGIN PRIVATE KEY-----", and the same as DER.
  Secret export_private_pem() const;
  Secret export_private_der() const;

 private:
  KeyPair() = default;
  Secret private_key_;  // libsodium's form: seed then public key, 64 bytes.
  PublicKey public_key_;
};

/// True only for a valid signature; small-order keys and non-canonical encodings are refused.
/// About 70 us.
bool verify_signature(const PublicKey& key, ByteView message, const Signature& signature);
bool verify_signature(const PublicKey& key, std::string_view message, const Signature& signature);

/// PKCS #8 import. bad_key unless it is exactly one unencrypted Ed25519 key.
core::Result<KeyPair> import_private_pem(std::string_view pem);
core::Result<KeyPair> import_private_der(ByteView der);

/// SubjectPublicKeyInfo (RFC 8410). Imports refuse with bad_key.
std::string export_public_pem(const PublicKey& key);
ByteString export_public_der(const PublicKey& key);
core::Result<PublicKey> import_public_pem(std::string_view pem);
core::Result<PublicKey> import_public_der(ByteView der);

}  // namespace intertie::crypto

template <>
struct std::hash<intertie::crypto::PublicKey> {
  std::size_t operator()(const intertie::crypto::PublicKey& key) const { return hash_value(key); }
};

namespace intertie::codec {
template <class T>
struct Text;  // intertie/codec/text.h; only its name is needed here.
}  // namespace intertie::codec

/// How the codec writes it: the text form; in CBOR a byte 1 (Ed25519) and the 32 bytes.
template <>
struct intertie::codec::Text<intertie::crypto::PublicKey> {
  static constexpr std::string_view expected = "a public key: ed25519:<base64url>";
  static std::string to_text(const crypto::PublicKey& value) { return crypto::to_text(value); }
  static core::Result<crypto::PublicKey> from_text(std::string_view text);
  static std::string to_binary(const crypto::PublicKey& value);
  static core::Result<crypto::PublicKey> from_binary(std::string_view bytes);
};

/// How the codec writes it: the text form; in CBOR a byte 1 (Ed25519) and the 64 bytes.
template <>
struct intertie::codec::Text<intertie::crypto::Signature> {
  static constexpr std::string_view expected = "a signature: ed25519:<base64url>";
  static std::string to_text(const crypto::Signature& value) { return crypto::to_text(value); }
  static core::Result<crypto::Signature> from_text(std::string_view text);
  static std::string to_binary(const crypto::Signature& value);
  static core::Result<crypto::Signature> from_binary(std::string_view bytes);
};
