// intertie help and completion.
#include "command_line/help.h"
#include "command_line/suggest.h"
#include "verbs/verbs.h"

namespace intertie::cli {

Outcome run_help(const Invocation& invocation, const Terminal& terminal) {
  if (invocation.has("man")) return terminal.write_result(render_man_page()) ? kDone : kFailed;
  std::string path;
  for (const std::string& word : invocation.operands) path += (path.empty() ? "" : " ") + word;
  std::string text;
  if (path.empty()) {
    text = render_overview();
  } else if (const Verb* const verb = find_verb(path); verb != nullptr) {
    text = render_verb_help(*verb);
  } else if (is_verb_family(path)) {
    text = render_family_help(path);
  } else {
    const std::optional<std::string> near = suggest_verb(path);
    Complaint complaint = make_usage_complaint("There is no verb '" + path + "'.",
                                               near ? "intertie help " + *near : "intertie help");
    if (near) complaint.why = "Did you mean '" + *near + "'?";
    return complaint;
  }
  return terminal.write_result(text) ? kDone : kFailed;
}

Outcome run_completion(const Invocation& invocation, const Terminal& terminal) {
  const std::string script = render_completion(invocation.operands[0]);
  if (script.empty()) {
    return make_usage_complaint("There is no completion for '" + invocation.operands[0] + "'.",
                                "intertie completion bash (or zsh, fish)");
  }
  return terminal.write_result(script) ? kDone : kFailed;
}

}  // namespace intertie::cli
