// Normalisation, one code point at a time.
#include "identifier_spelling.h"

#include <cassert>

namespace intertie::identity {
namespace {

constexpr std::size_t kTextBytesMax = 128;
constexpr std::uint8_t kNoSymbol = 0xff;
constexpr char32_t kNotUtf8 = 0xfffd;

constexpr std::array<std::uint8_t, 128> make_symbols() {
  std::array<std::uint8_t, 128> symbols{};
  symbols.fill(kNoSymbol);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    const auto upper = static_cast<unsigned char>(kAlphabet[i]);
    symbols[upper] = static_cast<std::uint8_t>(i);
    if (upper >= 'A') symbols[upper + ('a' - 'A')] = static_cast<std::uint8_t>(i);
  }
  for (const char c : {'I', 'i', 'L', 'l'}) symbols[static_cast<unsigned char>(c)] = 1;
  for (const char c : {'O', 'o'}) symbols[static_cast<unsigned char>(c)] = 0;
  return symbols;
}

constexpr std::array<std::uint8_t, 128> kSymbols = make_symbols();

/// Takes the next code point off `text` (not empty). Only the shapes that matter here are decoded:
/// one to three bytes; anything else counts as a character that is not in the alphabet.
char32_t take_code_point(std::string_view& text) {
  const auto byte_at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto is_tail = [&](std::size_t i) {
    return i < text.size() && (byte_at(i) & 0xc0) == 0x80;
  };
  const unsigned first = byte_at(0);
  char32_t point = first < 0x80 ? first : kNotUtf8;
  std::size_t length = 1;
  if ((first & 0xe0) == 0xc0 && is_tail(1)) {
    length = 2;
    point = (first & 0x1f) << 6 | (byte_at(1) & 0x3fu);
    if (point < 0x80) point = kNotUtf8;  // Overlong.
  } else if ((first & 0xf0) == 0xe0 && is_tail(1) && is_tail(2)) {
    length = 3;
    point = (first & 0x0f) << 12 | (byte_at(1) & 0x3fu) << 6 | (byte_at(2) & 0x3fu);
    if (point < 0x800) point = kNotUtf8;
  } else if (first >= 0x80) {
    while (is_tail(length)) ++length;
  }
  text.remove_prefix(length);
  return point;
}

bool is_separator(char32_t point) {
  return point == ' ' || point == '-' || (point >= '\t' && point <= '\r') || point == 0x00a0 ||
         point == 0x00ad ||                       // no-break space, soft hyphen
         (point >= 0x2010 && point <= 0x2015) ||  // hyphens and dashes
         point == 0x200b || point == 0x2212 ||    // zero-width space, minus
         point == 0x3000 || point == 0xfeff;      // ideographic space, byte order mark
}

}  // namespace

Spelling read_spelling(std::string_view text, std::size_t length_max) {
  Spelling spelling;
  assert(length_max <= spelling.symbols.size());
  spelling.is_too_long = text.size() > kTextBytesMax;
  while (!text.empty() && !spelling.is_too_long) {
    char32_t point = take_code_point(text);
    // U+FF01 to U+FF5E are the full-width forms of ASCII 0x21 to 0x7E.
    if (point >= 0xff01 && point <= 0xff5e) point = point - 0xff01 + 0x21;
    if (is_separator(point)) continue;
    if (spelling.length == length_max) {
      spelling.is_too_long = true;
      break;
    }
    const std::uint8_t symbol = point < kSymbols.size() ? kSymbols[point] : kNoSymbol;
    if (symbol != kNoSymbol) {
      spelling.symbols[spelling.length] = symbol;
    } else if (spelling.wrong_count++ == 0) {
      spelling.wrong_at = spelling.length;
    }
    ++spelling.length;
  }
  if (spelling.is_too_long) spelling.length = length_max + 1;
  return spelling;
}

}  // namespace intertie::identity
