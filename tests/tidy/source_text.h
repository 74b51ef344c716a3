// A source file as the tidy rules see it: as written, and with comments and literals blanked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tidy {

inline constexpr auto npos = std::string_view::npos;

struct SourceText {
  std::string path;   // From the repository's root, with '/'.
  std::string text;   // As written.
  std::string code;   // C++ only: of equal length, comments and contents of literals are blanks.
  std::string plain;  // `code` without preprocessor lines: what is left for a look at braces.
};

/// Fills in `code` and `plain` where the path is a C++ one. O(size).
SourceText read_source(std::string path, std::string text);

/// Is it C++ by its name (.cc, .h)?
bool is_cpp(std::string_view path);
bool is_header(std::string_view path);
/// A *_test.cc, or part of a suite that tests of several modules run (a folder `conformance`).
bool is_test(std::string_view path);

std::string_view get_file_name(std::string_view path);
/// The part before the last '/', empty at the root.
std::string_view get_folder(std::string_view path);

/// The module that a path below src/ belongs to; empty elsewhere.
std::string_view find_module(std::string_view path);

/// 1 for the first line.
std::size_t count_line(std::string_view text, std::size_t offset);

std::vector<std::string_view> split_lines(std::string_view text);

/// May stand inside an identifier.
bool is_word(char byte);

/// The next place at or after `from` where `word` stands alone, not as part of an identifier.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from);

/// The offset of the bracket that closes the one at `open`, or npos.
std::size_t find_closing(std::string_view code, std::size_t open);

}  // namespace tidy
