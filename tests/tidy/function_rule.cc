// Finds function bodies by their braces and measures them.
//
// No parser: at namespace and class scope, the text before an opening brace tells what opens.
// What is neither scope nor function (initialisers, enumerators) is skipped whole, and so are the
// rows of tables inside functions.
#include <cctype>
#include <optional>

#include "rules.h"

namespace tidy {
namespace {

enum class Opening { scope, function, member_value, other };

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

/// `template <class T, int N = (1 > 0)>` begins many heads and holds misleading words.
std::string_view drop_template(std::string_view head) {
  while (find_word(head, "template", 0) == 0) {
    std::size_t i = head.find('<');
    int depth = 0;
    for (; i < head.size(); ++i) {
      if (head[i] == '<') ++depth;
      if (head[i] == '>' && --depth == 0) break;
    }
    if (i >= head.size()) return {};
    head = trim(head.substr(i + 1));
  }
  return head;
}

/// A macro call such as BOOST_DESCRIBE_ENUM(Kind, a, b) may stand before a head without a `;`.
/// One that ends the head (TEST(A, B)) is the head.
std::string_view drop_macros(std::string_view head) {
  while (true) {
    std::size_t end = 0;
    while (end < head.size() && is_word(head[end])) {
      if (std::islower(static_cast<unsigned char>(head[end])) != 0) return head;
      ++end;
    }
    if (end == 0 || end >= head.size() || head[end] != '(') return head;
    const std::size_t close = find_closing(head, end);
    if (close == npos || trim(head.substr(close + 1)).empty()) return head;
    head = trim(head.substr(close + 1));
  }
}

/// In `Type(int a) : a_{a}, b_(2) {` a brace after a member's name holds that member's value.
bool is_member_value(std::string_view head) {
  if (head.empty() || !is_word(head.back())) return false;
  for (std::size_t i = head.find(')'); i != npos; i = head.find(')', i + 1)) {
    const std::string_view after = trim(head.substr(i + 1));
    if (after.starts_with(":") && !after.starts_with("::")) return true;
    if (after.starts_with("noexcept :") || after.starts_with("noexcept:")) return true;
  }
  return false;
}

Opening classify(std::string_view head) {
  head = drop_template(drop_macros(trim(head)));
  // `extern "C"` has its literal blanked to spaces between the quotes.
  if (find_word(head, "namespace", 0) != npos || head.starts_with("extern \"")) {
    return Opening::scope;
  }
  const bool has_parameters = head.find('(') != npos;
  for (const std::string_view word : {"class", "struct", "union"}) {
    const bool is_attribute_only = has_parameters && head.find("alignas(") != npos;
    if (find_word(head, word, 0) != npos && (!has_parameters || is_attribute_only) &&
        find_word(head, "enum", 0) == npos && !head.ends_with("=")) {
      return Opening::scope;
    }
  }
  if (is_member_value(head)) return Opening::member_value;
  if (!has_parameters || head.ends_with("=") || head.ends_with(",")) return Opening::other;
  return Opening::function;
}

class Scanner {
 public:
  Scanner(const SourceText& source, Report& report) : source_(source), report_(report) {}

  void scan() {
    std::size_t head = 0;
    int parentheses = 0;
    const std::string& code = source_.plain;
    for (std::size_t i = 0; i < code.size(); ++i) {
      const char byte = code[i];
      if (byte == '(') ++parentheses;
      if (byte == ')') --parentheses;
      if (byte == ';') {
        head = i + 1;
        parentheses = 0;
      } else if (byte == '}') {
        head = i + 1;
      } else if (byte == ':' && is_access_label(head, i)) {
        head = i + 1;
      } else if (byte == '{') {
        const Opening opening = parentheses > 0
                                    ? Opening::member_value
                                    : classify(std::string_view(code).substr(head, i - head));
        if (opening == Opening::scope) {
          head = i + 1;
          continue;
        }
        const std::size_t close = find_closing(code, i);
        if (close == npos) return;  // Unbalanced: the compiler will say more.
        if (opening == Opening::function) measure(i, close);
        // A member's value or a braced argument belongs to the head that goes on after it.
        if (opening != Opening::member_value) head = close + 1;
        i = close;
      }
    }
  }

 private:
  bool is_access_label(std::size_t head, std::size_t colon) const {
    const std::string_view label = trim(std::string_view(source_.plain).substr(head, colon - head));
    return label == "public" || label == "private" || label == "protected";
  }

  /// A table (`= {`, its rows, `}`) counts as one line: rows are data, not steps.
  std::size_t count_table_lines(std::size_t open, std::size_t close) const {
    const std::string_view code = source_.plain;
    std::size_t lines = 0;
    for (std::size_t i = code.find('{', open + 1); i < close; i = code.find('{', i + 1)) {
      if (!trim(code.substr(open, i - open)).ends_with("=")) continue;
      const std::size_t end = find_closing(code, i);
      if (end == npos) break;
      lines += count_line(code, end) - count_line(code, i);
      i = end;
    }
    return lines;
  }

  void measure(std::size_t open, std::size_t close) {
    const std::size_t first = count_line(source_.plain, open);
    const std::size_t lines =
        count_line(source_.plain, close) - first + 1 - count_table_lines(open, close);
    if (lines <= function_lines_max) return;
    report_.push_back({source_.path, first,
                       "a function has at most " + std::to_string(function_lines_max) +
                           " lines, this one " + std::to_string(lines) + ": name its parts"});
  }

  const SourceText& source_;
  Report& report_;
};

}  // namespace

void check_functions(const SourceText& source, Report& report) {
  if (is_cpp(source.path)) Scanner(source, report).scan();
}

}  // namespace tidy
