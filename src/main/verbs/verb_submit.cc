// intertie submit and plan: job files.
#include <optional>

#include "intertie/codec/json.h"

#include "session/consent.h"
#include "session/job_files.h"
#include "session/job_secrets.h"
#include "session/local_file.h"
#include "session/progress.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

/// "sha256:..." for inputs that are here, so that the hub can price a document it has no files of.
Outcome plan_document(hub::JobDocument document, const std::string& base,
                      const Invocation& invocation, const Terminal& terminal) {
  const core::Result<void> done = digest_inputs(document, base);
  if (!done) return make_complaint(done.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  return show_plan(document, *session, terminal);
}

Outcome submit_many(hub::JobDocument document, const RunSettings& settings,
                    const Invocation& invocation, const Terminal& terminal) {
  const StopSignal stop({});
  core::Result<SecretValues> secrets = read_secrets(document, settings.base);
  if (!secrets) return make_complaint(secrets.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (!confirm_spending(document, settings, *session, terminal, stop)) {
    return complain_about_no("nothing was submitted");
  }
  core::Result<void> sent = seal_secrets(document, *secrets, *session);
  secrets->clear();
  if (sent) sent = upload_inputs(document, settings.base, *session, terminal);
  if (!sent) return session->complain(sent.error());
  const std::vector<hub::JobDocument> documents(static_cast<std::size_t>(settings.count), document);
  std::optional<ProgressThread> progress(std::in_place, terminal,
                                         "submitting " + std::to_string(settings.count) + " jobs",
                                         look_at_age());
  const core::Result<api::BulkView> view = session->client().submit_bulk({documents}, settings.key);
  progress.reset();
  if (!view) return session->complain(view.error());
  if (terminal.is_json()) return terminal.show_object(codec::encode(*view), "", "");
  std::string text;
  for (const api::BulkItem& item : view->jobs) {
    if (item.number) text += std::to_string(*item.number) + "\n";
  }
  terminal.write_result(text);
  for (const api::BulkItem& item : view->jobs) {
    if (!item.problem) continue;
    const std::optional<core::Reason> reason = core::find_reason(item.problem->code);
    return make_complaint({reason.value_or(core::Reason::internal), item.problem->detail});
  }
  return kDone;
}

}  // namespace

Outcome run_plan(const Invocation& invocation, const Terminal& terminal) {
  std::string base;
  core::Result<hub::JobDocument> document = read_document(invocation.operands[0], &base);
  if (!document) return make_complaint(document.error());
  return plan_document(*std::move(document), base, invocation, terminal);
}

Outcome run_submit(const Invocation& invocation, const Terminal& terminal) {
  std::string base;
  core::Result<hub::JobDocument> document = read_document(invocation.operands[0], &base);
  if (!document) return make_complaint(document.error());
  core::Result<void> sound = add_secret_options(invocation, *document);
  if (sound) sound = check_locally(*document, base);
  if (!sound) return make_complaint(sound.error());
  if (invocation.has("check")) {
    terminal.say(invocation.operands[0] + " is sound.");
    return kDone;
  }
  if (invocation.has("dry-run")) {
    return plan_document(*std::move(document), base, invocation, terminal);
  }
  RunSettings settings;
  settings.base = base;
  settings.key = invocation.get("key", make_random_key());
  settings.fetch = invocation.get("fetch", "");
  settings.detaches = !invocation.has("wait");
  settings.is_meant = invocation.has("yes");
  settings.count = invocation.get_count("count", 1);
  if (settings.count > 1) return submit_many(*std::move(document), settings, invocation, terminal);
  return run_job(*std::move(document), settings, invocation, terminal);
}

}  // namespace intertie::cli
