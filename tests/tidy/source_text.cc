#include "source_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace tidy {
namespace {

void blank(std::string& code, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to && i < code.size(); ++i) {
    if (code[i] != '\n') code[i] = ' ';
  }
}

/// In 1'000 the quote belongs to the number: the word it stands in begins with a digit.
bool is_digit_separator(std::string_view text, std::size_t quote) {
  std::size_t begin = quote;
  while (begin > 0 && (is_word(text[begin - 1]) || text[begin - 1] == '\'')) --begin;
  return begin < quote && std::isdigit(static_cast<unsigned char>(text[begin])) != 0;
}

/// The end (one past the closing quote) of the literal whose opening quote is at `quote`.
std::size_t find_literal_end(std::string_view text, std::size_t quote) {
  std::size_t i = quote + 1;
  while (i < text.size() && text[i] != text[quote] && text[i] != '\n') i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

std::size_t find_raw_end(std::string_view text, std::size_t quote) {
  const std::size_t open = text.find('(', quote);
  if (open == npos) return text.size();
  const std::string close = ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"";
  const std::size_t end = text.find(close, open);
  return end == npos ? text.size() : end + close.size();
}

/// Keeps the quotes of literals, so that `f("x")` still reads as a call with an argument, and
/// keeps the paths of #include lines.
std::string blank_comments_and_literals(std::string_view text) {
  std::string code(text);
  std::size_t i = 0;
  while (i < text.size()) {
    const std::string_view rest = text.substr(i);
    if (rest.starts_with("//")) {
      const std::size_t end = std::min(text.find('\n', i), text.size());
      blank(code, i, end);
      i = end;
    } else if (rest.starts_with("/*")) {
      const std::size_t close = text.find("*/", i + 2);
      const std::size_t end = close == npos ? text.size() : close + 2;
      blank(code, i, end);
      i = end;
    } else if (rest.starts_with("#include")) {
      i = std::min(text.find('\n', i), text.size());
    } else if (text[i] == '"' || (text[i] == '\'' && !is_digit_separator(text, i))) {
      const bool is_raw = text[i] == '"' && i > 0 && text[i - 1] == 'R';
      const std::size_t end = is_raw ? find_raw_end(text, i) : find_literal_end(text, i);
      blank(code, i + 1, end - 1);
      i = end;
    } else {
      ++i;
    }
  }
  return code;
}

std::string blank_preprocessor(std::string code) {
  bool is_continued = false;
  std::size_t begin = 0;
  while (begin < code.size()) {
    const std::size_t end = std::min(code.find('\n', begin), code.size());
    const std::size_t first = code.find_first_not_of(" \t", begin);
    const bool is_directive = is_continued || (first < end && code[first] == '#');
    is_continued = is_directive && end > begin && code[end - 1] == '\\';
    if (is_directive) blank(code, begin, end);
    begin = end + 1;
  }
  return code;
}

}  // namespace

SourceText read_source(std::string path, std::string text) {
  SourceText source{std::move(path), std::move(text), "", ""};
  if (is_cpp(source.path)) {
    source.code = blank_comments_and_literals(source.text);
    source.plain = blank_preprocessor(source.code);
  }
  return source;
}

bool is_cpp(std::string_view path) { return path.ends_with(".cc") || path.ends_with(".h"); }
bool is_header(std::string_view path) { return path.ends_with(".h"); }
bool is_test(std::string_view path) {
  return path.ends_with("_test.cc") || path.find("/conformance/") != std::string_view::npos;
}

std::string_view get_file_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == npos ? path : path.substr(slash + 1);
}

std::string_view get_folder(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view find_module(std::string_view path) {
  constexpr std::string_view root = "src/";
  if (!path.starts_with(root)) return {};
  const std::size_t slash = path.find('/', root.size());
  return slash == npos ? std::string_view{} : path.substr(root.size(), slash - root.size());
}

std::size_t count_line(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  return static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

bool is_word(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '_';
}

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !is_word(text[at - 1]);
    if (begins && (end == text.size() || !is_word(text[end]))) return at;
  }
  return npos;
}

std::size_t find_closing(std::string_view code, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < code.size(); ++i) {
    const char byte = code[i];
    if (byte == '(' || byte == '[' || byte == '{') ++depth;
    if (byte == ')' || byte == ']' || byte == '}') --depth;
    if (depth == 0) return i;
  }
  return npos;
}

}  // namespace tidy
