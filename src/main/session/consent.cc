// Questions on the terminal.
#include "session/consent.h"

#include <poll.h>
#include <unistd.h>

namespace intertie::cli {
namespace {

constexpr int kLookEveryMs = 100;

/// One line without its end; nothing at the end of the input or when it is to stop.
std::optional<std::string> read_answer(const std::function<bool()>& should_stop) {
  std::string line;
  while (true) {
    if (should_stop && should_stop()) return std::nullopt;
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, kLookEveryMs) <= 0) continue;
    char letter = 0;
    const ssize_t count = ::read(STDIN_FILENO, &letter, 1);
    if (count <= 0) return std::nullopt;
    if (letter == '\n' || letter == '\r') return line;
    line += letter;
  }
}

}  // namespace

bool can_ask(const Terminal& terminal) {
  return terminal.wants_talk() && terminal.talk_is_terminal() && ::isatty(STDIN_FILENO) == 1;
}

bool ask(const Terminal& terminal, const std::string& question, bool is_yes_by_default,
         const std::function<bool()>& should_stop) {
  terminal.write_talk(question + (is_yes_by_default ? " [Y/n] " : " [y/N] "));
  const std::optional<std::string> answer = read_answer(should_stop);
  if (!answer) {
    terminal.write_talk("\n");
    return false;
  }
  if (answer->empty()) return is_yes_by_default;
  return answer->front() == 'y' || answer->front() == 'Y';
}

std::optional<Complaint> require_consent(const Invocation& invocation, const Terminal& terminal,
                                         const std::string& what) {
  if (invocation.has("yes")) return std::nullopt;
  if (can_ask(terminal)) {
    if (ask(terminal, what + " Go on?", false)) return std::nullopt;
    return complain_about_no("nothing was changed");
  }
  return make_complaint({core::Reason::bad_argument, what + " Nothing was changed."},
                        "Say that you mean it: --yes");
}

Complaint complain_about_no(const std::string& what) {
  return {std::string(core::reason_code(core::Reason::cancelled_by_user)), "The answer was no.",
          what, "Run it again and answer y, or with --yes.", kFailed};
}

Outcome tell_rehearsal(const Terminal& terminal, const std::string& sentence) {
  terminal.say("Would " + sentence + ".");
  return kDone;
}

}  // namespace intertie::cli
