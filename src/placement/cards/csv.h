// CSV lines (RFC 4180) with named columns, and errors that say where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"

namespace intertie::placement::cards {

/// Reads a table line by line. Quoted fields may hold commas and doubled quotes, but no line break.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  /// The first line: finds the columns `required`, which get the indexes 0, 1, ..., and `optional`
  /// after them. missing_field, duplicate_field, bad_syntax.
  core::Result<void> read_header(std::vector<std::string_view> required,
                                 std::vector<std::string_view> optional);

  /// The next line that is not empty; false at the end. bad_syntax if its number of fields is
  /// wrong.
  core::Result<bool> read_line();

  /// A field of the current line by the index from read_header; empty if the column is absent.
  std::string_view field(std::size_t column) const;

  /// The field as a whole number 0..max; bad_field.
  core::Result<std::int32_t> read_number(
      std::size_t column, std::int32_t max = std::numeric_limits<std::int32_t>::max()) const;

  /// An error at the current line: "FILE:LINE: text".
  core::Error make_error(core::Reason reason, std::string_view text) const;

 private:
  core::Result<void> split(std::string_view line);

  std::string_view text_;
  std::string_view file_;
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  std::vector<std::string> fields_;
  std::vector<std::string> names_;                  // Of the columns asked for.
  std::vector<std::optional<std::size_t>> places_;  // Where they stand.
  std::size_t width_ = 0;
};

}  // namespace intertie::placement::cards
