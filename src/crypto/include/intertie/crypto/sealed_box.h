// Sealed boxes: anyone can write one to a public key, only its holder can read it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/secret.h"

namespace intertie::crypto {

/// libsodium's crypto_box_seal: an ephemeral X25519 key, XSalsa20-Poly1305, nonce =
/// BLAKE2b(ephemeral key || receiver's key). The box does not say who wrote it.
inline constexpr std::string_view kSealedBox = "x25519-xsalsa20-poly1305";
/// Bytes a box adds to its content.
inline constexpr std::size_t kSealedBoxOverhead = 48;

/// Text form "x25519:<base64url of 32 bytes>".
struct SealPublicKey {
  static constexpr std::size_t kLength = 32;

  std::array<std::uint8_t, kLength> bytes{};

  friend auto operator<=>(const SealPublicKey&, const SealPublicKey&) = default;
};

std::string to_text(const SealPublicKey& key);
core::Result<SealPublicKey> parse_seal_public_key(std::string_view text);

/// A key to open boxes with. Move-only; the private half is wiped on destruction, never printed.
class SealKeyPair {
 public:
  static constexpr std::size_t kSeedLength = 32;

  static SealKeyPair generate();
  /// The same seed gives the same key. `seed` must have kSeedLength bytes.
  static SealKeyPair from_seed(ByteView seed);

  SealKeyPair(SealKeyPair&&) noexcept = default;
  SealKeyPair& operator=(SealKeyPair&&) noexcept = default;
  SealKeyPair(const SealKeyPair&) = delete;
  SealKeyPair& operator=(const SealKeyPair&) = delete;

  const SealPublicKey& public_key() const { return public_key_; }
  /// The private key's 32 raw bytes, for its key file; restore with from_private_key.
  ByteView reveal_private_key() const { return private_key_.reveal(); }
  /// bad_key unless there are 32 bytes.
  static core::Result<SealKeyPair> from_private_key(ByteView private_key);

 private:
  SealKeyPair() = default;
  Secret private_key_;
  SealPublicKey public_key_;
};

/// A sealed box as text, "x25519-xsalsa20-poly1305:<base64url>". Two boxes of the same content
/// differ. bad_key if the receiver's key is of small order. Content of any length.
core::Result<std::string> seal(ByteView content, const SealPublicKey& receiver);

/// Opens a box. bad_syntax if it is not one, not_supported for another algorithm, bad_key if it
/// was changed or is for somebody else.
core::Result<Secret> open_sealed(std::string_view box, const SealKeyPair& receiver);

}  // namespace intertie::crypto

namespace intertie::codec {
template <class T>
struct Text;  // intertie/codec/text.h; only its name is needed here.
}  // namespace intertie::codec

/// How the codec writes it: the text form; in CBOR a byte 1 (X25519) and the 32 bytes.
template <>
struct intertie::codec::Text<intertie::crypto::SealPublicKey> {
  static constexpr std::string_view expected = "a sealing key: x25519:<base64url>";
  static std::string to_text(const crypto::SealPublicKey& value) { return crypto::to_text(value); }
  static core::Result<crypto::SealPublicKey> from_text(std::string_view text);
  static std::string to_binary(const crypto::SealPublicKey& value);
  static core::Result<crypto::SealPublicKey> from_binary(std::string_view bytes);
};
