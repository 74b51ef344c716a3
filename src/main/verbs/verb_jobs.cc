// intertie jobs, logs, outputs, cancel and explain: what became of jobs.
#include <charconv>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/job_files.h"
#include "session/job_watch.h"
#include "session/serving.h"
#include "verbs/job_listing.h"
#include "verbs/job_number.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kJobsShown = 20;

std::optional<std::string> find_text(const Invocation& invocation, std::string_view option) {
  const auto text = invocation.find(option);
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

constexpr std::string_view kMissing = "intertie jobs lists yours";

Outcome show_one(HubSession& session, const std::string& text, const Terminal& terminal) {
  const core::Result<std::uint64_t> number = parse_job(text);
  if (!number) return make_complaint(number.error());
  const core::Result<api::JobView> job = session.client().get_job(*number);
  if (!job) return session.complain(job.error(), kMissing);
  return terminal.show_object(codec::encode(*job),
                              render_job(*job, read_clock(), session.currency()),
                              std::to_string(job->number));
}

}  // namespace

core::Result<std::uint64_t> parse_job(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with("job")) digits.remove_prefix(3);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0) {
    return {core::Reason::bad_argument, "'" + text + "' is not a job's number"};
  }
  return number;
}

Outcome run_jobs(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  if (!invocation.operands.empty()) return show_one(*session, invocation.operands[0], terminal);
  api_client::JobQuery query;
  query.limit = static_cast<std::size_t>(invocation.get_count("limit", kJobsShown));
  query.phase = find_text(invocation, "phase");
  query.after = find_text(invocation, "after");
  query.owner = find_text(invocation, "owner");
  query.tag = find_text(invocation, "tag");
  if (query.tag) {
    const std::size_t equals = query.tag->find('=');
    if (equals != std::string::npos) (*query.tag)[equals] = ':';
  }
  const core::Result<api::JobList> list = session->client().list_jobs(query);
  if (!list) return session->complain(list.error());
  boost::json::array objects;
  for (const api::JobView& job : list->jobs) objects.push_back(codec::encode(job));
  Listing listing = make_job_listing(list->jobs, read_clock(), session->currency());
  if (list->next && terminal.result_is_terminal()) {
    listing.sum = "More: intertie jobs --after " + *list->next;
  }
  return terminal.show(listing, objects, "No jobs. Try: intertie run -- echo hello");
}

Outcome run_logs(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<std::uint64_t> number = parse_job(invocation.operands[0]);
  if (!number) return make_complaint(number.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  if (invocation.has("follow")) {
    const core::Result<api::JobView> job = session->client().get_job(*number);
    if (!job) return session->complain(job.error(), kMissing);
    const core::Result<WatchResult> result = watch_job(*job, {}, *session, terminal);
    if (!result) return make_complaint(result.error());
    if (result->is_unplaced) return kNotPlaced;
    return get_job_exit_code(result->job);
  }
  LogFollower follower(*number, invocation.get("stream", "stdout"),
                       static_cast<std::uint32_t>(invocation.get_count("rank", 0)), "", terminal);
  const core::Result<bool> came = follower.pump(*session);
  follower.finish();
  if (!came) return session->complain(came.error(), kMissing);
  if (!*came && terminal.talk_is_terminal()) terminal.say("Nothing was printed.");
  return kDone;
}

Outcome run_outputs(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<std::uint64_t> number = parse_job(invocation.operands[0]);
  if (!number) return make_complaint(number.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  const core::Result<std::vector<std::string>> paths =
      fetch_outputs(*number, invocation.get("to", "."), *session, terminal);
  if (!paths) return session->complain(paths.error(), kMissing);
  std::string text;
  for (const std::string& path : *paths) text += path + "\n";
  if (paths->empty()) terminal.say("The job has no outputs.");
  return terminal.write_result(text) ? kDone : kFailed;
}

Outcome run_cancel(const Invocation& invocation, const Terminal& terminal) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& text : invocation.operands) {
    const core::Result<std::uint64_t> number = parse_job(text);
    if (!number) return make_complaint(number.error());
    numbers.push_back(*number);
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return make_complaint(session.error(), kContextFix);
  boost::json::array objects;
  std::vector<api::JobView> jobs;
  for (const std::uint64_t number : numbers) {
    const core::Result<api::JobView> job = invocation.has("dry-run")
                                               ? session->client().get_job(number)
                                               : session->client().cancel_job(number);
    if (!job) return session->complain(job.error(), kMissing);
    objects.push_back(codec::encode(*job));
    jobs.push_back(*job);
  }
  if (invocation.has("dry-run")) terminal.say("Would cancel:");
  return terminal.show(make_job_listing(jobs, read_clock(), session->currency()), objects, "");
}

}  // namespace intertie::cli
