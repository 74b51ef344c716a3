// SHA-256 digests: one-shot, streaming and keyed (HMAC).
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

struct evp_md_ctx_st;  // OpenSSL's EVP_MD_CTX; its headers stay in the .cc file.

namespace intertie::crypto {

/// A SHA-256 digest (FIPS 180-4). Its text form names the algorithm, "sha256:<64 hex digits>", so
/// another one (SM3) can stand beside it later.
struct Digest {
  static constexpr std::size_t kLength = 32;
  static constexpr std::string_view kAlgorithm = "sha256";

  std::array<std::uint8_t, kLength> bytes{};

  friend auto operator<=>(const Digest&, const Digest&) = default;
  /// For boost::unordered_flat_map. A digest is uniform already.
  friend std::size_t hash_value(const Digest& digest) {
    std::size_t value = 0;
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};

/// "sha256:<hex>".
std::string to_text(const Digest& digest);

/// Strict inverse of to_text. Refuses with bad_syntax; with not_supported for another algorithm.
core::Result<Digest> parse_digest(std::string_view text);

/// One-shot. 0.4 us for 300 bytes with the SHA extensions, of which hashing alone takes 0.3. Safe
/// from any thread.
Digest compute_sha256(ByteView bytes);
Digest compute_sha256(std::string_view text);

/// SHA-256 over pieces. One object belongs to one thread at a time.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;

  Sha256& update(ByteView bytes);
  Sha256& update(std::string_view text);
  /// The digest of everything since construction or the last finish; starts anew.
  Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// HMAC-SHA256 (RFC 2104). Compare the result with equal_constant_time.
Digest compute_hmac_sha256(ByteView key, ByteView message);

}  // namespace intertie::crypto

template <>
struct std::hash<intertie::crypto::Digest> {
  std::size_t operator()(const intertie::crypto::Digest& digest) const {
    return hash_value(digest);
  }
};

namespace intertie::codec {
template <class T>
struct Text;  // intertie/codec/text.h; only its name is needed here.
}  // namespace intertie::codec

/// How the codec writes it: the text form; in CBOR a byte 1 (SHA-256) and the 32 bytes.
template <>
struct intertie::codec::Text<intertie::crypto::Digest> {
  static constexpr std::string_view expected = "a digest: sha256:<64 hex digits>";
  static std::string to_text(const crypto::Digest& value) { return crypto::to_text(value); }
  static core::Result<crypto::Digest> from_text(std::string_view text);
  static std::string to_binary(const crypto::Digest& value);
  static core::Result<crypto::Digest> from_binary(std::string_view bytes);
};
