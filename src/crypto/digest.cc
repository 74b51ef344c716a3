// SHA-256 through OpenSSL's EVP, which uses the processor's SHA extensions.
#include "intertie/crypto/digest.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <openssl/evp.h>

#include "intertie/crypto/secret.h"

#include "key_text.h"

namespace intertie::crypto {
namespace {

constexpr std::size_t kBlockLength = 64;

// EVP_sha256() makes OpenSSL 3 look the algorithm up at every init; a fetched one does not.
const EVP_MD* get_sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  assert(algorithm != nullptr);
  return algorithm;
}

void check_digest_call(int succeeded) {
  // SHA-256 over memory fails only when OpenSSL itself is broken or misused.
  assert(succeeded == 1);
  static_cast<void>(succeeded);
}

Digest finish_digest(EVP_MD_CTX* context) {
  Digest digest;
  unsigned length = 0;
  check_digest_call(EVP_DigestFinal_ex(context, digest.bytes.data(), &length));
  assert(length == Digest::kLength);
  return digest;
}

}  // namespace

std::string to_text(const Digest& digest) {
  return std::string(Digest::kAlgorithm) + ":" + encode_hex(digest.bytes);
}

core::Result<Digest> parse_digest(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return {core::Reason::bad_syntax, "digest: expected \"sha256:\" and 64 hex digits"};
  }
  if (text.substr(0, colon) != Digest::kAlgorithm) {
    return {core::Reason::not_supported, "digest: only sha256 is known"};
  }
  const auto bytes = decode_hex(text.substr(colon + 1));
  if (!bytes) return bytes.error();
  if (bytes->size() != Digest::kLength) {
    return {core::Reason::bad_syntax, "digest: expected 64 hex digits"};
  }
  Digest digest;
  std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
  return digest;
}

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  assert(context_ != nullptr);
  check_digest_call(EVP_DigestInit_ex(context_.get(), get_sha256(), nullptr));
}

Sha256& Sha256::update(ByteView bytes) {
  check_digest_call(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  return *this;
}

Sha256& Sha256::update(std::string_view text) { return update(as_bytes(text)); }

Digest Sha256::finish() {
  const Digest digest = finish_digest(context_.get());
  check_digest_call(EVP_DigestInit_ex(context_.get(), nullptr, nullptr));
  return digest;
}

Digest compute_sha256(ByteView bytes) {
  // Scratch space only: allocating a context costs more than hashing 300 bytes.
  thread_local Sha256 sha256;
  return sha256.update(bytes).finish();
}

Digest compute_sha256(std::string_view text) { return compute_sha256(as_bytes(text)); }

Digest compute_hmac_sha256(ByteView key, ByteView message) {
  std::array<std::uint8_t, kBlockLength> block{};
  if (key.size() > kBlockLength) {
    const Digest digest = compute_sha256(key);
    std::copy(digest.bytes.begin(), digest.bytes.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  Sha256 sha256;
  for (std::uint8_t& byte : block) byte ^= 0x36;
  const Digest inner = sha256.update(block).update(message).finish();
  for (std::uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  const Digest outer = sha256.update(block).update(inner.bytes).finish();
  wipe(block);
  return outer;
}

}  // namespace intertie::crypto

namespace intertie::codec {

core::Result<crypto::Digest> Text<crypto::Digest>::from_text(std::string_view text) {
  return crypto::parse_digest(text);
}

std::string Text<crypto::Digest>::to_binary(const crypto::Digest& value) {
  return crypto::write_fixed_binary(value);
}

core::Result<crypto::Digest> Text<crypto::Digest>::from_binary(std::string_view bytes) {
  return crypto::read_fixed_binary<crypto::Digest>(bytes);
}

}  // namespace intertie::codec
