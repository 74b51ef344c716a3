// PKCS #8 and SubjectPublicKeyInfo: Ed25519 keys as standard files (RFC 8410).
#include <algorithm>
#include <cassert>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "intertie/crypto/signature.h"

#include "openssl_handles.h"

namespace intertie::crypto {
namespace {

// RFC 8410 sections 4 and 7: both structures are a fixed header and the 32 raw bytes.
constexpr std::array<std::uint8_t, 16> kPrivateHeader = {
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20};
constexpr std::array<std::uint8_t, 12> kPublicHeader = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                        0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

core::Error refuse_key(const char* detail) {
  ERR_clear_error();
  return {core::Reason::bad_key, detail};
}

/// "-----BEGIN label-----" around one line of base64. `der` has at most 48 bytes, so one line of at
/// most 64 characters is enough.
ByteString make_pem(std::string_view label, ByteView der) {
  assert(der.size() <= 48);
  std::array<std::uint8_t, 65> line{};
  const int length = EVP_EncodeBlock(line.data(), der.data(), static_cast<int>(der.size()));
  const std::string begin = "-----BEGIN " + std::string(label) + "-----\n";
  const std::string end = "\n-----END " + std::string(label) + "-----\n";
  ByteString pem;
  pem.reserve(begin.size() + line.size() + end.size());  // No reallocation leaves a copy behind.
  pem.insert(pem.end(), begin.begin(), begin.end());
  pem.insert(pem.end(), line.begin(), line.begin() + length);
  pem.insert(pem.end(), end.begin(), end.end());
  wipe(line);
  return pem;
}

/// Never asks a terminal: an encrypted key is simply refused.
int give_no_password(char*, int, int, void*) { return -1; }

BioHandle open_text(std::string_view text) {
  return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// True if only white space is left.
bool is_at_end(BIO* bio) {
  char byte = 0;
  while (BIO_read(bio, &byte, 1) == 1) {
    if (byte != '\n' && byte != '\r' && byte != ' ' && byte != '\t') return false;
  }
  return true;
}

core::Result<KeyPair> read_private(const KeyHandle& key) {
  if (!key) return refuse_key("not an unencrypted PKCS #8 private key");
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return refuse_key("not an Ed25519 key");
  ByteString seed(KeyPair::kSeedLength);
  std::size_t length = seed.size();
  const bool is_read = EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &length) == 1;
  const Secret secret(std::move(seed));
  if (!is_read || length != KeyPair::kSeedLength) return refuse_key("unreadable private key");
  return KeyPair::from_seed(secret.reveal());
}

core::Result<PublicKey> read_public(const KeyHandle& key) {
  if (!key) return refuse_key("not a public key (SubjectPublicKeyInfo)");
  if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return refuse_key("not an Ed25519 key");
  PublicKey public_key;
  std::size_t length = public_key.bytes.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), public_key.bytes.data(), &length) != 1 ||
      length != PublicKey::kLength) {
    return refuse_key("unreadable public key");
  }
  return public_key;
}

constexpr std::size_t kKeyFileBytesMax = 16u << 10;

}  // namespace

Secret KeyPair::export_private_der() const {
  assert(private_key_.size() == kSeedLength + PublicKey::kLength);
  ByteString der;
  der.reserve(kPrivateHeader.size() + kSeedLength);
  der.insert(der.end(), kPrivateHeader.begin(), kPrivateHeader.end());
  const ByteView seed = private_key_.reveal().first(kSeedLength);
  der.insert(der.end(), seed.begin(), seed.end());
  return Secret(std::move(der));
}

Secret KeyPair::export_private_pem() const {
  return Secret(make_pem("PRIVATE KEY", export_private_der().reveal()));
}

ByteString export_public_der(const PublicKey& key) {
  ByteString der(kPublicHeader.begin(), kPublicHeader.end());
  der.insert(der.end(), key.bytes.begin(), key.bytes.end());
  return der;
}

std::string export_public_pem(const PublicKey& key) {
  return std::string(as_text(make_pem("PUBLIC KEY", export_public_der(key))));
}

core::Result<KeyPair> import_private_pem(std::string_view pem) {
  if (pem.size() > kKeyFileBytesMax) return refuse_key("key file above 16 KiB");
  const BioHandle bio = open_text(pem);
  const KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_no_password, nullptr));
  auto pair = read_private(key);
  if (pair && !is_at_end(bio.get())) return refuse_key("more than one thing in the key file");
  return pair;
}

core::Result<KeyPair> import_private_der(ByteView der) {
  if (der.size() > kKeyFileBytesMax) return refuse_key("key above 16 KiB");
  const std::uint8_t* position = der.data();
  const KeyHandle key(
      d2i_PrivateKey(EVP_PKEY_ED25519, nullptr, &position, static_cast<long>(der.size())));
  if (key && position != der.data() + der.size()) return refuse_key("bytes after the key");
  return read_private(key);
}

core::Result<PublicKey> import_public_pem(std::string_view pem) {
  if (pem.size() > kKeyFileBytesMax) return refuse_key("key file above 16 KiB");
  const BioHandle bio = open_text(pem);
  const KeyHandle key(PEM_read_bio_PUBKEY(bio.get(), nullptr, give_no_password, nullptr));
  auto public_key = read_public(key);
  if (public_key && !is_at_end(bio.get())) {
    return refuse_key("more than one thing in the key file");
  }
  return public_key;
}

core::Result<PublicKey> import_public_der(ByteView der) {
  if (der.size() > kKeyFileBytesMax) return refuse_key("key above 16 KiB");
  const std::uint8_t* position = der.data();
  const KeyHandle key(d2i_PUBKEY(nullptr, &position, static_cast<long>(der.size())));
  if (key && position != der.data() + der.size()) return refuse_key("bytes after the key");
  return read_public(key);
}

}  // namespace intertie::crypto
