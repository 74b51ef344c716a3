// intertie run: a command at the best site, as if it ran here.
#include <unistd.h>

#include <atomic>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/job_files.h"
#include "session/job_secrets.h"
#include "session/job_watch.h"
#include "session/local_file.h"
#include "session/setting_files.h"
#include "session/stop_signal.h"
#include "verbs/job_listing.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr core::Duration kSecondChance = core::seconds(2);

/// When it would begin: after its turn there, and after its inputs.
std::string describe_start(const api::PoolVerdictView& pool) {
  const api::TimesView times = pool.times.value_or(api::TimesView{});
  const core::Duration until{times.wait_microseconds.count + times.move_microseconds.count};
  if (until < core::seconds(1)) return ", starts at once";
  std::string text = ", starts in about " + short_duration(until);
  if (pool.moved_bytes && pool.moved_bytes->count > 0) {
    text += " (" + short_bytes(*pool.moved_bytes) + " come from another region)";
  }
  return text;
}

/// What one job costs at most, and all of them.
std::string describe_most(core::Money each, const std::string& currency, std::int64_t count) {
  std::string text = ", at most " + money_text(each, currency);
  core::Money all;
  if (count > 1 && !__builtin_mul_overflow(each.count, count, &all.count)) {
    text += " each, " + money_text(all, currency) + " for all " + std::to_string(count);
  }
  return text;
}

/// What the site of the plan asks for this job in an hour.
std::string describe_spending(const api::PlanView& plan, std::int64_t count) {
  for (const api::PoolVerdictView& pool : plan.pools) {
    if (!pool.chosen) continue;
    std::string text = "site " + pool.site + ", pool " + pool.pool;
    if (pool.cost && pool.times && pool.times->run_microseconds.count > 0) {
      // For the eye only: what is charged is computed by the hub, in integers.
      const double hours =
          static_cast<double>(pool.times->run_microseconds.count) / core::hours(1).count;
      const double hourly = static_cast<double>(pool.cost->computing_micros.count) / hours;
      text += ", " + money_text({static_cast<std::int64_t>(hourly)}, plan.currency) + " an hour";
    }
    if (pool.price_max_micros) {
      text += describe_most(*pool.price_max_micros, plan.currency, count);
    }
    return text + describe_start(pool);
  }
  return "no site has room now: " + (plan.verdict ? plan.verdict->sentence : "it would wait");
}

/// A refused job that is valid: what would have to change comes from the hub's plan.
Complaint explain_refusal(const core::Error& error, const hub::JobDocument& document,
                          HubSession& session) {
  Complaint complaint = session.complain(error);
  if (complaint.exit_code != kNotPlaced) return complaint;
  const core::Result<api::PlanView> plan = session.client().plan_job(document);
  if (!plan) return complaint;
  if (plan->change) complaint.fix = plan->change->sentence;
  std::string why;
  for (const api::ReasonCountView& count : plan->counts) {
    why += (why.empty() ? "" : " ") + std::to_string(count.pools) +
           (count.pools == 1 ? " pool: " : " pools: ") + count.reason.sentence;
  }
  if (!why.empty()) complaint.why = why;
  return complaint;
}

Outcome leave(const StopSignal& stop, std::uint64_t job, const Terminal& terminal) {
  const std::string number = std::to_string(job);
  terminal.write_talk("\njob " + number + " goes on without this window.\n  intertie logs -f " +
                      number + "    come back to it\n  intertie cancel " + number +
                      "     stop it (or press Ctrl-C again now)\n");
  // A second Ctrl-C within this time cancels: StopSignal's thread does it and ends the process.
  stop.wait_for_repeat(kSecondChance);
  return kInterrupted;
}

}  // namespace

bool confirm_spending(const hub::JobDocument& document, const RunSettings& settings,
                      HubSession& session, const Terminal& terminal, const StopSignal& stop) {
  if (!terminal.talk_is_terminal() || !terminal.wants_talk()) return true;
  hub::JobDocument digested = document;
  if (!digest_inputs(digested, settings.base)) return true;
  const core::Result<api::PlanView> plan = session.client().plan_job(digested);
  if (!plan) return true;
  terminal.say(describe_spending(*plan, settings.count));
  if (settings.is_meant || !can_ask(terminal) || !may_ask()) return true;
  const bool is_unplaceable = plan->verdict && plan->verdict->code == "unplaceable";
  if (is_unplaceable) return true;  // The hub refuses it, and says more.
  const std::string question =
      settings.count == 1 ? "Run it?" : "Run all " + std::to_string(settings.count) + "?";
  return ask(terminal, question, true, [&stop] { return stop.has_come(); });
}

Outcome show_plan(const hub::JobDocument& document, HubSession& session, const Terminal& terminal) {
  const core::Result<api::PlanView> plan = session.client().plan_job(document);
  if (!plan) return session.complain(plan.error());
  if (terminal.is_json()) {
    terminal.show_object(codec::encode(*plan), "", "");
  } else {
    const Listing listing = make_pool_listing(plan->pools, plan->currency);
    terminal.show(listing, {}, "No pools.");
    if (plan->verdict) terminal.say("Not placed now: " + plan->verdict->sentence);
    terminal.write_talk(terminal.wants_talk() ? render_refusals(plan->counts, plan->change) : "");
  }
  return plan->verdict ? kNotPlaced : kDone;
}

Outcome run_job(hub::JobDocument document, const RunSettings& settings,
                const Invocation& invocation, const Terminal& terminal) {
  std::atomic<std::uint64_t> number = 0;
  const StopSignal stop([&] {
    if (number == 0) return;
    // The other session is busy with a call of its own thread.
    core::Result<HubSession> session = HubSession::open(invocation, terminal);
    const bool is_done = session && session->client().cancel_job(number).has_value();
    terminal.write_talk(is_done ? "cancelled\n" : "it could not be cancelled\n");
  });
  core::Result<SecretValues> secrets = read_secrets(document, settings.base);
  if (!secrets) return make_complaint(secrets.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  // Before anything is sent: a no should cost nothing.
  if (settings.shows_plan) {
    const bool is_wanted = confirm_spending(document, settings, *session, terminal, stop);
    if (stop.has_come()) return kInterrupted;
    if (!is_wanted) return complain_about_no("nothing was submitted");
  }
  core::Result<void> sent = seal_secrets(document, *secrets, *session);
  secrets->clear();
  if (sent) sent = upload_inputs(document, settings.base, *session, terminal);
  if (!sent) return session->complain(sent.error());
  if (stop.has_come()) return kInterrupted;
  core::Result<api::JobView> job = session->client().submit_job(document, settings.key);
  if (!job) return explain_refusal(job.error(), document, *session);
  number = job->number;
  const std::string text = std::to_string(job->number);
  if (settings.detaches) {
    return terminal.show_object(codec::encode(*job), text + "\n", text);
  }
  if (terminal.talk_is_terminal()) terminal.say("job " + text);
  WatchOptions options;
  options.tasks = document.tasks;
  options.should_stop = [&stop] { return stop.has_come(); };
  const core::Result<WatchResult> result = watch_job(*job, options, *session, terminal);
  if (!result) {
    return make_complaint(result.error(), "The job is safe at the hub: intertie logs -f " + text);
  }
  if (result->was_stopped) return leave(stop, job->number, terminal);
  if (result->is_unplaced) return complain_in_vain(result->job);
  if (!settings.fetch.empty() && result->job.outcome == hub::JobOutcome::succeeded) {
    const core::Result<std::vector<FetchedFile>> files =
        fetch_outputs(job->number, settings.fetch, *session, terminal);
    if (!files) return make_complaint(files.error(), "Fetch them again: intertie outputs " + text);
    for (const FetchedFile& file : *files) terminal.say("fetched " + file.path);
  }
  const bool is_good = result->job.outcome == hub::JobOutcome::succeeded;
  if (!is_good || terminal.talk_is_terminal()) {
    terminal.say(render_ending(result->job, session->currency()));
  }
  return get_job_exit_code(result->job);
}

Outcome run_run(const Invocation& invocation, const Terminal& terminal) {
  core::Result<hub::JobDocument> document = make_document(invocation);
  if (!document) return make_complaint(document.error());
  const core::Result<void> sound = check_locally(*document, ".");
  if (!sound) return make_complaint(sound.error());
  if (invocation.has("dry-run")) {
    core::Result<void> done = digest_inputs(*document, ".");
    if (!done) return make_complaint(done.error());
    core::Result<HubSession> session = HubSession::open(invocation, terminal);
    if (!session) return complain_about_context(session.error());
    return show_plan(*document, *session, terminal);
  }
  RunSettings settings;
  settings.key = invocation.get("key", make_random_key());
  settings.fetch = invocation.get("fetch", "");
  settings.detaches = invocation.has("detach");
  settings.is_meant = invocation.has("yes");
  return run_job(*std::move(document), settings, invocation, terminal);
}

}  // namespace intertie::cli
