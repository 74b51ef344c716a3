// Bytes that must not be seen: wiped when they die, never copied silently, never printed.
#pragma once

#include <cstddef>
#include <string_view>

#include "intertie/crypto/bytes.h"

namespace intertie::crypto {

/// A secret of any length. Move-only; the memory is overwritten on destruction and on move-from.
/// There is deliberately no stream operator and no to_text.
class Secret {
 public:
  Secret() = default;
  /// Takes the bytes over; the caller keeps no copy.
  explicit Secret(ByteString bytes) : bytes_(std::move(bytes)) {}
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  /// Whoever calls this answers for where the bytes go.
  ByteView reveal() const { return bytes_; }
  std::string_view reveal_text() const { return as_text(bytes_); }
  std::size_t size() const { return bytes_.size(); }

 private:
  ByteString bytes_;
};

/// Overwrites memory in a way the compiler does not remove.
void wipe(std::span<std::uint8_t> bytes);

/// `length` bytes from the operating system's generator (getrandom). Keys cannot be deterministic,
/// so crypto is the only module below service that may ask for them; every other module takes
/// randomness as an argument (core::Random). Safe from any thread; aborts if the system has none.
ByteString random_bytes(std::size_t length);

}  // namespace intertie::crypto
