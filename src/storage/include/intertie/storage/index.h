// The index: ordered key-value tables that can always be rebuilt from the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace intertie::storage {

/// A table's number, given by the state machine. Tables need no creation.
using TableId = std::uint16_t;

/// One change of the index. Keys are ordered as unsigned bytes; 1 to limits::index_key_bytes_max
/// long. Values: up to limits::index_value_bytes_max.
struct IndexWrite {
  TableId table = 0;
  std::string key;
  std::optional<std::string> value;  // Empty: erase. Erasing what is not there is fine.

  friend bool operator==(const IndexWrite&, const IndexWrite&) = default;
};

inline IndexWrite put(TableId table, std::string key, std::string value) {
  return {table, std::move(key), std::move(value)};
}
inline IndexWrite erase(TableId table, std::string key) {
  return {table, std::move(key), std::nullopt};
}

enum class Direction : std::uint8_t { ascending, descending };

/// Which rows to read: those of `table` whose key starts with `prefix`, strictly after `after_key`
/// in the direction of travel, at most `limit` of them.
struct Scan {
  TableId table = 0;
  std::string prefix;
  std::optional<std::string> after_key;  // The last key of the previous page.
  std::size_t limit = 100;               // 1 to limits::index_scan_rows_max.
  Direction direction = Direction::ascending;
};

struct IndexRow {
  std::string key;
  std::string value;

  friend bool operator==(const IndexRow&, const IndexRow&) = default;
};

/// The rows' range as [low, high): the smallest key after all that start with `prefix`, or nothing
/// when there is none (an empty prefix, or one of 0xff bytes only). Pure; adapters use it.
std::optional<std::string> compute_prefix_end(const std::string& prefix);

}  // namespace intertie::storage
