// The text form "<algorithm>:<base64url>" that keys, signatures and boxes share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/bytes.h"

namespace intertie::crypto {

inline std::string join_algorithm(std::string_view algorithm, ByteView bytes) {
  return std::string(algorithm) + ":" + encode_base64url(bytes);
}

/// The bytes behind "<algorithm>:". bad_syntax, or not_supported if another algorithm is named.
inline core::Result<ByteString> split_algorithm(std::string_view what, std::string_view algorithm,
                                                std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    return {core::Reason::bad_syntax,
            std::string(what) + ": expected \"" + std::string(algorithm) + ":\" and base64url"};
  }
  if (text.substr(0, colon) != algorithm) {
    return {core::Reason::not_supported,
            std::string(what) + ": only " + std::string(algorithm) + " is known"};
  }
  return decode_base64url(text.substr(colon + 1));
}

/// The same for a type with a `bytes` array of fixed length.
template <class T>
core::Result<T> parse_fixed(std::string_view what, std::string_view algorithm,
                            std::string_view text) {
  const auto bytes = split_algorithm(what, algorithm, text);
  if (!bytes) return bytes.error();
  if (bytes->size() != T::kLength) {
    return {core::Reason::bad_syntax,
            std::string(what) + ": expected " + std::to_string(T::kLength) + " bytes"};
  }
  T value;
  std::copy(bytes->begin(), bytes->end(), value.bytes.begin());
  return value;
}

/// The short form for CBOR: one byte that numbers the algorithm (1 is the only one so far), then
/// the value's fixed bytes.
inline constexpr char kFirstAlgorithm = 1;

template <class T>
std::string write_fixed_binary(const T& value) {
  return kFirstAlgorithm + std::string(as_text(value.bytes));
}

template <class T>
core::Result<T> read_fixed_binary(std::string_view bytes) {
  if (bytes.size() != 1 + T::kLength) {
    return {core::Reason::bad_syntax, "expected " + std::to_string(1 + T::kLength) + " bytes"};
  }
  if (bytes.front() != kFirstAlgorithm) {
    return {core::Reason::not_supported, "unknown number of an algorithm"};
  }
  T value;
  std::copy(bytes.begin() + 1, bytes.end(), value.bytes.begin());
  return value;
}

}  // namespace intertie::crypto
