// Hexadecimal, base64url and constant-time comparison.
#include "intertie/crypto/bytes.h"

#include <sodium.h>

#include <array>
#include <cstddef>
#include <string>

namespace intertie::crypto {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> make_values(std::string_view digits) {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<std::uint8_t>(digits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr auto kHexValues = make_values(kHexDigits);
constexpr auto kBase64Values = make_values(kBase64Digits);

core::Error refuse_character(std::string_view form, std::size_t offset) {
  return {core::Reason::bad_syntax,
          std::string(form) + ": wrong character at offset " + std::to_string(offset)};
}

}  // namespace

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string encode_hex(ByteView bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

core::Result<ByteString> decode_hex(std::string_view text) {
  if (text.size() % 2 != 0) return {core::Reason::bad_syntax, "hex: odd number of characters"};
  ByteString bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::uint8_t high = kHexValues[static_cast<std::uint8_t>(text[i])];
    const std::uint8_t low = kHexValues[static_cast<std::uint8_t>(text[i + 1])];
    if (high == kNoDigit) return refuse_character("hex", i);
    if (low == kNoDigit) return refuse_character("hex", i + 1);
    bytes.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return bytes;
}

std::string encode_base64url(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const std::uint8_t byte : bytes) {
    pending = (pending << 8 | byte) & 0xffff;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text += kBase64Digits[pending >> pending_bits & 63];
    }
  }
  if (pending_bits > 0) text += kBase64Digits[pending << (6 - pending_bits) & 63];
  return text;
}

core::Result<ByteString> decode_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return {core::Reason::bad_syntax, "base64url: impossible length"};
  ByteString bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint8_t value = kBase64Values[static_cast<std::uint8_t>(text[i])];
    if (value == kNoDigit) return refuse_character("base64url", i);
    pending = (pending << 6 | value) & 0xffff;
    pending_bits += 6;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      bytes.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
    }
  }
  // Otherwise two texts would stand for the same bytes, and a changed one would pass unnoticed.
  if ((pending & ((1u << pending_bits) - 1)) != 0) {
    return {core::Reason::bad_syntax, "base64url: unused bits of the last character are not zero"};
  }
  return bytes;
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace intertie::crypto
