// Tables line up whatever the script; CSV is safe to open in a spreadsheet.
#include "output/listing.h"

#include <set>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

#include "output/escape.h"
#include "output/width.h"

namespace intertie::cli {
namespace {

Listing sample() {
  Listing listing;
  listing.columns = {{"name", "NAME"}, {"count", "COUNT", Align::right}, {"place", "PLACE"}};
  listing.rows = {{Cell("上海"), Cell("7"), Cell("x")},
                  {Cell("e\u0301te"), Cell("1 k", "1000"), Cell("")}};
  return listing;
}

TEST(Width, FollowsEastAsianWidth) {
  // Values from UAX #11 and EastAsianWidth.txt of Unicode 14.
  EXPECT_EQ(compute_width("abc"), 3u);
  EXPECT_EQ(compute_width("中"), 2u);
  EXPECT_EQ(compute_width("ａ"), 2u);       // Full-width letter.
  EXPECT_EQ(compute_width("ｱ"), 1u);        // Half-width katakana.
  EXPECT_EQ(compute_width("e\u0301"), 1u);  // Combining acute.
  EXPECT_EQ(compute_width("🚀"), 2u);
  EXPECT_EQ(compute_width("한글"), 4u);
  EXPECT_EQ(compute_width("é"), 1u);
  EXPECT_EQ(compute_width("\u200B"), 0u);  // Zero width space.
  EXPECT_EQ(compute_width("α"), 1u);       // Ambiguous: narrow.
  EXPECT_EQ(compute_width("\xff\xfe"), 2u);
  EXPECT_EQ(compute_width(""), 0u);
}

TEST(Width, CutsAtTheColumn) {
  EXPECT_EQ(fit_width("abcdef", 6), "abcdef");
  EXPECT_EQ(fit_width("abcdef", 4), "abc…");
  EXPECT_EQ(fit_width("上海天气", 4), "上…");
  EXPECT_EQ(fit_width("上海", 0), "");
}

TEST(Table, AlignsByColumnsNotBytes) {
  EXPECT_EQ(render_table(sample(), "none"),
            "NAME  COUNT  PLACE\n"
            "上海      7  x\n"
            "e\u0301te     1 k\n");
  EXPECT_EQ(render_table(Listing{}, "No jobs yet."), "No jobs yet.\n");
}

TEST(Table, EveryRowIsEquallyWide) {
  const std::vector<std::string> pieces = {"a", "中", "e\u0301", "🚀", "ｱ", "한", " ", "\u0416"};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    Listing listing;
    listing.columns = {{"a", "A"}, {"b", "B", Align::right}, {"c", "|"}};
    for (int row = 0; row < 5; ++row) {
      std::vector<Cell> cells;
      for (int column = 0; column < 2; ++column) {
        std::string text;
        for (std::uint64_t n = random.below(8); n > 0; --n) text += pieces[random.below(8)];
        cells.emplace_back(text);
      }
      cells.emplace_back("|");
      listing.rows.push_back(cells);
    }
    std::string text = render_table(listing, "");
    std::set<std::size_t> widths;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      widths.insert(compute_width(std::string_view(text).substr(0, end)));
      text.erase(0, end + 1);
    }
    EXPECT_EQ(widths.size(), 1u);
  }
}

TEST(Table, BreaksTextsThatAreWiderThanTheTerminal) {
  Listing listing;
  listing.columns = {{"what", "WHAT"}, {"count", "COUNT", Align::right}, {"why", "WHY"}};
  listing.rows = {{Cell("clock"), Cell("1"), Cell("one two three four five six seven eight")},
                  {Cell("上海"), Cell("22"), Cell("short")}};
  EXPECT_EQ(render_table(listing, "", 34),
            "WHAT   COUNT  WHY\n"
            "clock      1  one two three four\n"
            "              five six seven eight\n"
            "上海      22  short\n");
  // A text is not squeezed below what can be read, and no word is cut.
  EXPECT_EQ(render_table(listing, "", 5), render_table(listing, "", 30));
  listing.rows = {{Cell("x"), Cell("1"), Cell("https://127.0.0.1:7300/a-long-word is one")}};
  EXPECT_EQ(render_table(listing, "", 20),
            "WHAT  COUNT  WHY\n"
            "x         1  https://127.0.0.1:7300/a-long-word\n"
            "             is one\n");
}

TEST(Table, ShowsControlCharactersInsteadOfObeyingThem) {
  Listing listing;
  listing.columns = {{"name", "NAME"}};
  listing.rows = {{Cell("a\x1b[31mred\nnew line")}};
  EXPECT_EQ(render_table(listing, ""), "NAME\na\\x1b[31mred new line\n");
}

TEST(Table, LeavesOutOptionalColumnsThatSayNothing) {
  Listing listing;
  listing.columns = {{"a", "A"}, {"b", "B"}, {"c", "C", Align::left, true}};
  listing.rows = {{Cell("-"), Cell("-"), Cell("-", "")}, {Cell("x"), Cell("-"), Cell("-", "")}};
  EXPECT_EQ(render_table(listing, ""), "A  B\n-  -\nx  -\n");
  EXPECT_EQ(render_tabs(listing), "-\t-\t\nx\t-\t\n");
  listing.rows[1][2] = Cell("7");
  EXPECT_EQ(render_table(listing, ""), "A  B  C\n-  -  -\nx  -  7\n");
}

TEST(Tabs, GiveExactValuesOneRowALine) {
  Listing listing = sample();
  listing.rows[0][2] = Cell("two\nlines\tand tab");
  EXPECT_EQ(render_tabs(listing), "上海\t7\ttwo lines and tab\ne\u0301te\t1000\t\n");
}

TEST(Csv, QuotesAndDisarmsFormulas) {
  Listing listing;
  listing.columns = {{"a,b", ""}, {"c", ""}};
  for (const char* const text :
       {"=1+2", "+cmd", "-x", "@sum", "\tx", "a\"b", "x,y", "-12.5", "ok"}) {
    listing.rows.push_back({Cell(text), Cell("")});
  }
  EXPECT_EQ(render_csv(listing),
            "\"a,b\",c\n'=1+2,\n'+cmd,\n'-x,\n'@sum,\n'\tx,\n\"a\"\"b\",\n\"x,y\",\n-12.5,\nok,\n");
}

TEST(Identifiers, AreTheExactFirstCells) {
  EXPECT_EQ(render_identifiers(sample()), "上海\ne\u0301te\n");
}

TEST(Escape, A27_LeavesTextAloneAndShowsTheRest) {
  EXPECT_EQ(escape_controls("plain\ttext\n中文 🚀"), "plain\ttext\n中文 🚀");
  EXPECT_EQ(escape_controls("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
  EXPECT_EQ(escape_controls("a\rb\x7f"), "a\\x0db\\x7f");
  EXPECT_EQ(escape_controls("\xc2\x9b"), "\\xc2\\x9b");           // C1: CSI.
  EXPECT_EQ(escape_controls("\xff\xc3"), "\\xff\\xc3");           // No UTF-8.
  EXPECT_EQ(escape_controls("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // Right-to-left override.
}

TEST(Escape, PiecesGiveTheSameAsTheWhole) {
  const std::string whole = "中文\x1b[0m🚀é\xff end\xc3";
  for (std::size_t size = 1; size < 7; ++size) {
    ControlEscaper escaper;
    std::string result;
    for (std::size_t at = 0; at < whole.size(); at += size) {
      result += escaper.feed(std::string_view(whole).substr(at, size));
    }
    EXPECT_EQ(result + escaper.finish(), escape_controls(whole));
  }
}

}  // namespace
}  // namespace intertie::cli
