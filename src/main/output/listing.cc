// Rows as text.
#include "output/listing.h"

#include <algorithm>
#include <cassert>

#include "output/escape.h"
#include "output/width.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string flatten(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string render_row(const std::vector<std::string>& cells, const Listing& listing,
                       const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += kGap;
    const std::string padding(widths[i] - compute_width(cells[i]), ' ');
    if (listing.columns[i].align == Align::right) line += padding;
    line += cells[i];
    if (listing.columns[i].align == Align::left) line += padding;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

/// "-12.5" is a number, "-1+cmd" is not.
bool is_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  if (std::count(text.begin(), text.end(), '.') > 1) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::string quote_csv(const std::string& value) {
  std::string text = value;
  const bool is_formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  if (is_formula && !is_number(text)) text.insert(text.begin(), '\'');
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string render_table(const Listing& listing, std::string_view empty) {
  if (listing.rows.empty()) return std::string(empty) + "\n";
  std::vector<std::vector<std::string>> lines(1);
  for (const Column& column : listing.columns) lines[0].push_back(column.title);
  for (const std::vector<Cell>& row : listing.rows) {
    assert(row.size() == listing.columns.size());
    std::vector<std::string>& line = lines.emplace_back();
    for (const Cell& cell : row) line.push_back(escape_controls(flatten(cell.text)));
  }
  std::vector<std::size_t> widths(listing.columns.size());
  for (const std::vector<std::string>& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], compute_width(line[i]));
    }
  }
  std::string text;
  for (const std::vector<std::string>& line : lines) text += render_row(line, listing, widths);
  if (!listing.sum.empty()) text += listing.sum + "\n";
  return text;
}

std::string render_tabs(const Listing& listing) {
  std::string text;
  for (const std::vector<Cell>& row : listing.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += '\t';
      text += flatten(row[i].exact);
    }
    text += '\n';
  }
  return text;
}

std::string render_csv(const Listing& listing) {
  std::string text;
  for (std::size_t i = 0; i < listing.columns.size(); ++i) {
    if (i > 0) text += ',';
    text += quote_csv(listing.columns[i].name);
  }
  text += '\n';
  for (const std::vector<Cell>& row : listing.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += ',';
      text += quote_csv(row[i].exact);
    }
    text += '\n';
  }
  return text;
}

std::string render_identifiers(const Listing& listing) {
  std::string text;
  for (const std::vector<Cell>& row : listing.rows) {
    if (!row.empty()) text += flatten(row.front().exact) + "\n";
  }
  return text;
}

}  // namespace intertie::cli
