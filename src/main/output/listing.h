// A result with rows, and its four forms: table, tab-separated, CSV, JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace intertie::cli {

enum class Align : std::uint8_t { left, right };

struct Column {
  std::string name;   // Of the CSV header: "charged_micros".
  std::string title;  // Of the table: "CHARGED".
  Align align = Align::left;
  bool is_optional = false;  // A table for people leaves it out if it is "-" in all rows.
};

/// A cell for people ("5m ago") and exactly ("2026-11-21T20:44:24Z").
struct Cell {
  std::string text;
  std::string exact;

  Cell() = default;
  Cell(std::string both) : text(both), exact(std::move(both)) {}
  Cell(const char* both) : text(both), exact(both) {}
  Cell(std::string for_people, std::string for_programs)
      : text(std::move(for_people)), exact(std::move(for_programs)) {}
};

struct Listing {
  std::vector<Column> columns;  // The first one identifies the row.
  std::vector<std::vector<Cell>> rows;
  std::string sum;  // A last line for people, such as a total; may be empty.
};

inline constexpr std::size_t kUnlimitedColumns = SIZE_MAX;

/// Aligned columns by display width, titles first, control characters made visible. Nothing but
/// `empty` if there are no rows. Optional columns that say nothing are left out. Lines end without
/// spaces. What is wider than `columns_max` has the texts of its widest columns broken at spaces,
/// down to a width that is still readable; nothing is left out, so a table of many columns may stay
/// wider.
std::string render_table(Listing listing, std::string_view empty,
                         std::size_t columns_max = kUnlimitedColumns);

/// Leaves out the columns that are "-" in all rows, but never the first: the optional ones, or all.
void drop_empty_columns(Listing& listing, bool are_all_optional);

/// Exact values, one tab between them, no titles; tabs and line breaks within a value become
/// spaces. For pipes.
std::string render_tabs(const Listing& listing);

/// RFC 4180 with a header and LF. Cells that a spreadsheet would take for a formula (= + - @, tab,
/// CR at the start) get an apostrophe in front, except plain numbers.
std::string render_csv(const Listing& listing);

/// The exact first cell of every row, one a line.
std::string render_identifiers(const Listing& listing);

}  // namespace intertie::cli
