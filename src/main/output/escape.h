// Making text from elsewhere harmless for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace intertie::cli {

/// Control characters but tab and newline as "\x1b", C1 controls and invalid UTF-8 likewise: a
/// job's output or name must not drive the terminal of who looks at it.
std::string escape_controls(std::string_view text);

/// The same for text that arrives in pieces: a character cut in two waits for its rest.
class ControlEscaper {
 public:
  std::string feed(std::string_view piece);
  /// What is left at the end.
  std::string finish();

 private:
  std::string rest_;
};

}  // namespace intertie::cli
