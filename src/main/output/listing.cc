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

constexpr std::size_t kColumnsLeast = 16;  // A text in fewer columns is hard to read.

/// Breaks at spaces so that every line takes at most `columns`, unless one word is longer.
std::vector<std::string> break_lines(const std::string& text, std::size_t columns) {
  if (compute_width(text) <= columns) return {text};
  std::vector<std::string> lines(1);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, space);
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (compute_width(line) + 1 + compute_width(word) <= columns) {
      line += " " + std::string(word);
    } else {
      lines.emplace_back(word);
    }
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return lines;
}

std::size_t find_longest_word(std::string_view text) {
  std::size_t longest = 0;
  while (true) {
    const std::size_t space = text.find(' ');
    longest = std::max(longest, compute_width(text.substr(0, space)));
    if (space == std::string_view::npos) return longest;
    text.remove_prefix(space + 1);
  }
}

/// Takes from the widest column of text what the table has too much, then from the next.
void narrow(const Listing& listing, const std::vector<std::vector<std::string>>& lines,
            std::size_t columns_max, std::vector<std::size_t>& widths) {
  std::vector<std::size_t> least(widths.size());
  for (std::size_t i = 0; i < widths.size(); ++i) {
    least[i] = listing.columns[i].align == Align::right ? widths[i] : kColumnsLeast;
    for (const std::vector<std::string>& line : lines) {
      least[i] = std::max(least[i], find_longest_word(line[i]));
    }
    least[i] = std::min(least[i], widths[i]);
  }
  std::size_t all = kGap.size() * (widths.size() - 1);
  for (const std::size_t width : widths) all += width;
  while (all > columns_max) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] == least[i]) continue;
      if (widest == widths.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == widths.size()) return;
    --widths[widest];
    --all;
  }
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

/// A row whose cells may take several lines each.
std::string render_lines(const std::vector<std::string>& cells, const Listing& listing,
                         const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> pieces;
  std::size_t height = 1;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    pieces.push_back(break_lines(cells[i], widths[i]));
    height = std::max(height, pieces.back().size());
  }
  std::string text;
  for (std::size_t at = 0; at < height; ++at) {
    std::vector<std::string> line;
    for (const std::vector<std::string>& piece : pieces) {
      line.push_back(at < piece.size() ? piece[at] : "");
    }
    text += render_row(line, listing, widths);
  }
  return text;
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

void drop_empty_columns(Listing& listing, bool are_all_optional) {
  for (std::size_t i = listing.columns.size(); i-- > 1;) {
    if (!are_all_optional && !listing.columns[i].is_optional) continue;
    const bool is_empty = std::ranges::all_of(
        listing.rows, [i](const std::vector<Cell>& row) { return row[i].text == "-"; });
    if (!is_empty) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    listing.columns.erase(listing.columns.begin() + at);
    for (std::vector<Cell>& row : listing.rows) row.erase(row.begin() + at);
  }
}

std::string render_table(Listing listing, std::string_view empty, std::size_t columns_max) {
  if (listing.rows.empty()) return std::string(empty) + "\n";
  drop_empty_columns(listing, false);
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
  narrow(listing, lines, columns_max, widths);
  std::string text;
  for (const std::vector<std::string>& line : lines) text += render_lines(line, listing, widths);
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
