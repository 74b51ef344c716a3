// g++ 12.2 destroys a temporary closure or aggregate in a co_await expression twice (seen under
// ASan; GCC bug 95599 and its family). Make the awaitable first, then await it by its name.
#include <cctype>

#include "rules.h"

namespace tidy {
namespace {

/// The expression after co_await: up to the `;`, `,` or closing bracket outside its own brackets.
std::size_t find_expression_end(std::string_view code, std::size_t from) {
  int depth = 0;
  for (std::size_t i = from; i < code.size(); ++i) {
    const char byte = code[i];
    if (depth == 0 && (byte == ';' || byte == ',' || byte == ')' || byte == ']' || byte == '}')) {
      return i;
    }
    if (byte == '(' || byte == '[' || byte == '{') ++depth;
    if (byte == ')' || byte == ']' || byte == '}') --depth;
  }
  return code.size();
}

/// A `[` after a name or a closing bracket is a subscript; otherwise it introduces a lambda.
bool introduces_lambda(std::string_view code, std::size_t open) {
  std::size_t before = open;
  while (before > 0 && std::isspace(static_cast<unsigned char>(code[before - 1])) != 0) --before;
  if (before == 0) return true;
  const char byte = code[before - 1];
  return !is_word(byte) && byte != ')' && byte != ']';
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\n") == npos; }

/// Names what is wrong between `from` and `to`, or returns nullptr.
const char* find_fault(std::string_view code, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) {
    if (code[i] == '{') return "no braced value inside a co_await expression";
    if (code[i] != '[' || !introduces_lambda(code, i)) continue;
    const std::size_t close = find_closing(code, i);
    if (close == npos) return nullptr;
    if (!is_blank(code.substr(i + 1, close - i - 1))) {
      return "no lambda with captures inside a co_await expression";
    }
    // A lambda without captures has nothing to destroy; its body is code of its own.
    const std::size_t body = code.find('{', close);
    const std::size_t end = body == npos ? npos : find_closing(code, body);
    if (end == npos) return nullptr;
    i = end;
  }
  return nullptr;
}

}  // namespace

void check_co_await(const SourceText& source, Report& report) {
  if (!is_cpp(source.path)) return;
  const std::string_view code = source.plain;
  const std::string_view word = "co_await";
  for (std::size_t at = find_word(code, word, 0); at != npos; at = find_word(code, word, at + 1)) {
    const std::size_t from = at + word.size();
    const char* const fault = find_fault(code, from, find_expression_end(code, from));
    if (fault == nullptr) continue;
    report.push_back({source.path, count_line(code, at),
                      std::string(fault) + ": make the awaitable first, then co_await its name"});
  }
}

}  // namespace tidy
