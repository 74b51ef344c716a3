// How people and job files name datasets.
//
//   data:<64 hex>         by identity
//   sha256:<64 hex>       by the SHA-256 of the whole content
//   data://NAME           one's own dataset of that name
//   data://OWNER/NAME     another's, if its policy lets one read it
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"

namespace intertie::transfer {

struct DatasetKey {
  enum class Kind : std::uint8_t { root, whole, name };
  Kind kind = Kind::name;
  crypto::Digest digest;  // Of root and whole.
  std::string owner;      // Of name; empty: whoever asks.
  std::string name;
  friend bool operator==(const DatasetKey&, const DatasetKey&) = default;
};

/// Whether the text is meant as one of the forms above (and not as a path).
bool is_dataset_key(std::string_view text);

/// bad_syntax, bad_field.
core::Result<DatasetKey> parse_dataset_key(std::string_view text);

/// The inverse.
std::string to_text(const DatasetKey& key);

/// 1 to limits::dataset_name_bytes_max bytes, no '/', no space or control characters, not "." or
/// "..". bad_field.
core::Result<void> check_dataset_name(std::string_view name);

}  // namespace intertie::transfer
