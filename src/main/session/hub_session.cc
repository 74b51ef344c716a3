// Opening the client, and calls as curl commands.
#include "session/hub_session.h"

#include "command_line/suggest.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kBodyShown = 4'000;

std::string quote_for_shell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string render_curl(const api_client::CallNote& note, bool is_pinned) {
  std::string text = "curl -sS";
  if (is_pinned) text += " -k";  // The certificate is pinned by its fingerprint, not by a name.
  if (note.method == "HEAD") {
    text += " -I";
  } else if (note.method != "GET") {
    text += " -X " + note.method;
  }
  text += " -H \"Authorization: Bearer $INTERTIE_TOKEN\"";
  if (!note.idempotency_key.empty()) {
    text += " -H " + quote_for_shell("Idempotency-Key: " + note.idempotency_key);
  }
  if (!note.range.empty()) text += " -H " + quote_for_shell("Range: " + note.range);
  const bool is_text = note.body.starts_with("{");
  if (!note.body.empty() && is_text) text += " -H 'Content-Type: application/json'";
  if (!is_text && !note.body.empty()) {
    text += " --data-binary @FILE";
  } else if (note.body.size() > kBodyShown) {
    text += " --data-binary @FILE.json";
  } else if (!note.body.empty()) {
    text += " --data-binary " + quote_for_shell(note.body);
  }
  return text + " " + quote_for_shell(note.url) + "\n";
}

}  // namespace

core::Result<HubSession> HubSession::open(const Invocation& invocation, const Terminal& terminal) {
  core::Result<FoundContext> found = find_context(invocation.find("context"));
  if (!found) return found.error();
  const Context& context = found->context;
  core::Result<api_client::Client> client =
      api_client::Client::connect({context.address, context.fingerprint, context.token});
  if (!client) return {client.error().reason, found->path + ": " + client.error().detail};
  if (invocation.has("explain-api")) {
    const bool is_pinned = !context.fingerprint.empty();
    client->set_explain_call([&terminal, is_pinned](const api_client::CallNote& note) {
      terminal.write_talk(render_curl(note, is_pinned));
    });
  }
  return HubSession(*std::move(found), *std::move(client));
}

Complaint complain_about_name(const core::Error& error, std::string_view typed,
                              std::span<const std::string> known, std::string_view list_command) {
  const std::optional<std::string> near = suggest_word(typed, known);
  Complaint complaint = make_complaint(error, std::string(list_command) + " lists them");
  if (near) complaint.why += ". Did you mean '" + *near + "'?";
  return complaint;
}

Complaint complain_about_context(const core::Error& error) {
  if (error.reason == core::Reason::not_signed_in) {
    return make_complaint(error, "Start one here: intertie dev (or name one: --context FILE)");
  }
  if (error.reason == core::Reason::io_failed) {
    return make_complaint(error, "Name a context file that can be read: --context FILE");
  }
  return make_complaint(error,
                        "Correct the file: it needs address and token, as intertie dev "
                        "writes them");
}

Complaint HubSession::complain(const core::Error& error, std::string_view missing) const {
  switch (error.reason) {
    case core::Reason::not_found:
    case core::Reason::unknown_account:
      return make_complaint(error, missing);
    case core::Reason::unreachable:
    case core::Reason::certificate_refused:
    case core::Reason::bad_token:
    case core::Reason::token_expired:
      return make_complaint({error.reason, context_.context.address + " from " + context_.path +
                                               " (" + context_.origin + "): " + error.detail});
    default:
      return make_complaint(error);
  }
}

}  // namespace intertie::cli
