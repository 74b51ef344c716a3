// The program's entry: the launcher first of all, then the verb that was asked for.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "intertie/execution_runners/launcher.h"
#include "intertie/slurm_runner/driver.h"

#include "command_line/help.h"
#include "command_line/parse.h"
#include "session/setting_files.h"
#include "session/terminal.h"
#include "verbs/complete_names.h"
#include "verbs/verbs.h"

namespace {

using namespace intertie::cli;

std::string render_help(const std::string& topic) {
  if (const Verb* const verb = find_verb(topic); verb != nullptr) return render_verb_help(*verb);
  return is_verb_family(topic) ? render_family_help(topic) : render_overview();
}

int complain(const Complaint& complaint, const Terminal& terminal) {
  const std::string text = terminal.is_json() ? render_complaint_json(complaint)
                                              : render_complaint(complaint, terminal.error_color());
  terminal.write_talk(text);
  return complaint.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  // The launcher forks for every task: it must begin before any thread, key or large memory.
  if (argc >= 2 && std::string_view(argv[1]) == "launcher") {
    return intertie::execution_runners::run_launcher(argc - 2, argv + 2);
  }
  // Slurm's jobs run it; it stands in no table and no help.
  if (argc >= 2 && std::string_view(argv[1]) == "slurm-driver") {
    return intertie::slurm_runner::run_slurm_driver(argc - 2, argv + 2);
  }
  std::signal(SIGPIPE, SIG_IGN);
  // For completion scripts alone, so it stands in no table and no help.
  if (argc >= 2 && std::string_view(argv[1]) == "__complete") {
    const std::string names = list_names(argc >= 3 ? argv[2] : "");
    return std::fwrite(names.data(), 1, names.size(), stdout) == names.size() ? kDone : kFailed;
  }
  const std::vector<std::string> words(argv + 1, argv + argc);
  Parsed parsed = parse_command_line(words);
  if (const HelpWish* const wish = std::get_if<HelpWish>(&parsed); wish != nullptr) {
    return Terminal::from_words(words).write_result(render_help(wish->topic)) ? kDone : kFailed;
  }
  if (std::holds_alternative<VersionWish>(parsed)) {
    const Terminal terminal = Terminal::from_words(words);
    const std::string text = terminal.is_json() ? render_version_json() : render_version();
    return terminal.write_result(text + "\n") ? kDone : kFailed;
  }
  if (const Complaint* const complaint = std::get_if<Complaint>(&parsed); complaint != nullptr) {
    return complain(*complaint, Terminal::from_words(words));
  }
  Invocation& invocation = std::get<Invocation>(parsed);
  if (const std::optional<Complaint> complaint = apply_settings(invocation)) {
    return complain(*complaint, Terminal::from_words(words));
  }
  const Terminal terminal(invocation);
  const Outcome outcome = run_verb(invocation, terminal);
  if (const Complaint* const complaint = std::get_if<Complaint>(&outcome); complaint != nullptr) {
    return complain(*complaint, terminal);
  }
  return std::get<int>(outcome);
}
