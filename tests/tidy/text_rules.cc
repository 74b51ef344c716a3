// Rules that look at one line at a time.
#include <algorithm>
#include <array>
#include <cctype>

#include "rules.h"

namespace tidy {
namespace {

struct Phrase {
  std::string_view text;
  std::string_view instead;
};

// Cut in two, so that this file keeps its own rules.
constexpr std::array kUnfinished = {
    std::string_view("TO"
                     "DO"),
    std::string_view("FIX"
                     "ME"),
    std::string_view("X"
                     "XX"),
};

// Hosts of package registries: installers name packages, never mirrors.
constexpr std::array kHosts = {
    std::string_view("deb.debian"
                     ".org"),
    std::string_view("snapshot.debian"
                     ".org"),
    std::string_view("registry.npmjs"
                     ".org"),
    std::string_view("pypi"
                     ".org"),
};

// Measured with clang 14.0.6 and the library of g++ 12.2: algorithms that return a subrange.
constexpr std::string_view kSubrange =
    "clang 14 cannot read subranges: use the algorithm of <algorithm> without ranges, or "
    "std::erase";

constexpr std::array kPhrases = {
    Phrase{"#include \"../", "include \"intertie/<module>/x.h\", or the file's name beside it"},
    Phrase{"std::views", "use a loop or std::ranges algorithms: clang 14 cannot read views"},
    Phrase{"std::ranges::unique", kSubrange},
    Phrase{"std::ranges::remove", kSubrange},
    Phrase{"std::ranges::remove_if", kSubrange},
    Phrase{"std::ranges::equal_range", kSubrange},
    Phrase{"std::ranges::rotate", kSubrange},
    Phrase{"std::ranges::partition", kSubrange},
    Phrase{"std::ranges::search", kSubrange},
    Phrase{"std::format", "g++ 12 has none: use fmt in I/O targets, std::to_string elsewhere"},
};

void add(Report& report, const SourceText& source, std::size_t line, std::string message) {
  report.push_back({source.path, line, std::move(message)});
}

/// Code points, not bytes: continuation bytes of UTF-8 do not count.
std::size_t count_columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
  }));
}

bool is_limited_in_width(const SourceText& source) {
  const std::string_view name = get_file_name(source.path);
  return is_cpp(name) || name == "CMakeLists.txt" || name.ends_with(".cmake") ||
         name.ends_with(".sh");
}

/// Does the line hold the word for an unfinished part, in any case and number?
bool has_empty_shell_word(std::string_view line) {
  std::string lower(line);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char byte) { return static_cast<char>(std::tolower(byte)); });
  const std::string word = std::string("st") + "ub";
  return find_word(lower, word, 0) != npos || find_word(lower, word + "s", 0) != npos;
}

void check_line(const SourceText& source, std::string_view line, std::size_t number,
                Report& report) {
  if (is_limited_in_width(source) && count_columns(line) > columns_max) {
    add(report, source, number, "longer than " + std::to_string(columns_max) + " columns");
  }
  for (const std::string_view word : kUnfinished) {
    if (find_word(line, word, 0) != npos) {
      add(report, source, number, "'" + std::string(word) + "': finish it or drop it");
    }
  }
  for (const std::string_view host : kHosts) {
    if (line.find(host) != npos) {
      add(report, source, number, "'" + std::string(host) + "': name packages, not registries");
    }
  }
  if (source.path.starts_with("src/") && has_empty_shell_word(line)) {
    add(report, source, number, "no unfinished stand-ins in the product");
  }
}

void check_code_line(const SourceText& source, std::string_view line, std::size_t number,
                     Report& report) {
  for (const Phrase& phrase : kPhrases) {
    const std::size_t at = line.find(phrase.text);
    if (at == npos) continue;
    const std::size_t end = at + phrase.text.size();
    if (is_word(phrase.text.back()) && end < line.size() && is_word(line[end])) continue;
    add(report, source, number,
        "no " + std::string(phrase.text) + ": " + std::string(phrase.instead));
  }
  if (is_header(source.path) && find_word(line, "using namespace", 0) != npos) {
    add(report, source, number, "no `using namespace` in a header: it binds all who include it");
  }
}

void check_header(const SourceText& source, const std::vector<std::string_view>& lines,
                  Report& report) {
  if (lines.empty() || !lines[0].starts_with("// ")) {
    add(report, source, 1, "the first line says in a comment what the header is");
  }
  if (std::ranges::find(lines, std::string_view("#pragma once")) == lines.end()) {
    add(report, source, 1, "a header needs #pragma once");
  }
}

}  // namespace

void check_text(const SourceText& source, Report& report) {
  const std::vector<std::string_view> lines = split_lines(source.text);
  for (std::size_t i = 0; i < lines.size(); ++i) check_line(source, lines[i], i + 1, report);
  if (!is_cpp(source.path)) return;
  const std::vector<std::string_view> code = split_lines(source.code);
  for (std::size_t i = 0; i < code.size(); ++i) check_code_line(source, code[i], i + 1, report);
  if (is_header(source.path)) check_header(source, lines, report);
  if (lines.size() > file_lines_max) {
    add(report, source, file_lines_max + 1,
        "a file has at most " + std::to_string(file_lines_max) + " lines, this one " +
            std::to_string(lines.size()) + ": split it by subject");
  }
}

}  // namespace tidy
