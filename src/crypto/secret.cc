// Wiping and the operating system's random generator, both from libsodium.
#include "intertie/crypto/secret.h"

#include <sodium.h>

#include <utility>

namespace intertie::crypto {

Secret::Secret(Secret&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe(bytes_);
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

Secret::~Secret() { wipe(bytes_); }

void wipe(std::span<std::uint8_t> bytes) {
  if (!bytes.empty()) sodium_memzero(bytes.data(), bytes.size());
}

ByteString random_bytes(std::size_t length) {
  // randombytes_buf works before sodium_init (it then opens the system's generator by itself), but
  // only after it is it safe from several threads.
  static const bool is_ready = sodium_init() >= 0;
  if (!is_ready) sodium_misuse();
  ByteString bytes(length);
  if (length > 0) randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

}  // namespace intertie::crypto
