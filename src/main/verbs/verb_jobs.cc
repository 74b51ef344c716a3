// intertie jobs, logs, outputs, cancel and explain: what became of jobs.
#include <algorithm>
#include <charconv>
#include <iterator>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

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
constexpr std::size_t kJobsPage = 1'000;  // The interface gives no more at once.

std::optional<std::string> find_text(const Invocation& invocation, std::string_view option) {
  const auto text = invocation.find(option);
  return text ? std::optional(std::string(*text)) : std::nullopt;
}

constexpr std::string_view kJobMissing = "intertie jobs lists yours";

Outcome show_one(HubSession& session, const std::string& text, const Terminal& terminal) {
  const core::Result<std::uint64_t> number = parse_job(text);
  if (!number) return make_complaint(number.error());
  const core::Result<api::JobView> job = session.client().get_job(*number);
  if (!job) return session.complain(job.error(), kJobMissing);
  return terminal.show_object(codec::encode(*job),
                              render_job(*job, read_clock(), session.currency()),
                              std::to_string(job->number));
}

/// Either there is no such job, or it has no such log.
Complaint explain_no_log(std::uint64_t number, const core::Error& error, HubSession& session) {
  if (!session.client().get_job(number)) return session.complain(error, kJobMissing);
  const std::string text = std::to_string(number);
  return make_complaint({error.reason, "job " + text +
                                           " has no such log: it has not run yet, or "
                                           "has no such rank"},
                        "intertie jobs " + text + " shows its state");
}

core::Result<api_client::JobQuery> read_query(const Invocation& invocation) {
  api_client::JobQuery query;
  query.phase = find_text(invocation, "phase");
  query.after = find_text(invocation, "after");
  query.owner = find_text(invocation, "owner");
  query.tag = find_text(invocation, "tag");
  if (query.tag) {
    const std::size_t equals = query.tag->find('=');
    if (equals == std::string::npos || equals == 0) {
      return {core::Reason::bad_argument, "--tag " + *query.tag + ": expected NAME=VALUE"};
    }
    (*query.tag)[equals] = ':';
  }
  if (invocation.get_count("limit", kJobsShown) == 0) {
    return {core::Reason::bad_argument, "--limit 0: expected 1 or more"};
  }
  return query;
}

/// As many pages as --limit asks for.
core::Result<api::JobList> read_pages(api_client::JobQuery query, const Invocation& invocation,
                                      HubSession& session) {
  const auto wanted = static_cast<std::size_t>(invocation.get_count("limit", kJobsShown));
  api::JobList all;
  while (true) {
    query.limit = std::min(wanted - all.jobs.size(), kJobsPage);
    core::Result<api::JobList> page = session.client().list_jobs(query);
    if (!page) return page;
    std::move(page->jobs.begin(), page->jobs.end(), std::back_inserter(all.jobs));
    all.next = page->next;
    if (!all.next || all.jobs.size() >= wanted || page->jobs.empty()) return all;
    query.after = all.next;
  }
}

}  // namespace

core::Result<std::uint64_t> parse_job(const std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with("job")) digits.remove_prefix(3);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number == 0) {
    return {core::Reason::bad_argument,
            "'" + text + "' is not a job's number, such as 7; intertie jobs lists them"};
  }
  return number;
}

Outcome run_jobs(const Invocation& invocation, const Terminal& terminal) {
  if (invocation.has("guests")) return list_guests(invocation, terminal);
  const core::Result<api_client::JobQuery> query = read_query(invocation);
  if (!query) return make_complaint(query.error());
  if (invocation.has("watch")) return watch_jobs(invocation, terminal);
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (!invocation.operands.empty()) return show_one(*session, invocation.operands[0], terminal);
  const core::Result<api::JobList> list = read_pages(*query, invocation, *session);
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
  if (!session) return complain_about_context(session.error());
  if (invocation.has("follow")) {
    const core::Result<api::JobView> job = session->client().get_job(*number);
    if (!job) return session->complain(job.error(), kJobMissing);
    const core::Result<WatchResult> result = watch_job(*job, {}, *session, terminal);
    if (!result) return session->complain(result.error());
    if (result->is_unplaced) return complain_in_vain(result->job);
    return get_job_exit_code(result->job);
  }
  LogFollower follower(*number, invocation.get("stream", "stdout"),
                       static_cast<std::uint32_t>(invocation.get_count("rank", 0)), "", terminal);
  const core::Result<bool> came = follower.pump(*session);
  follower.finish();
  if (!came && came.error().reason == core::Reason::not_found)
    return explain_no_log(*number, came.error(), *session);
  if (!came) return session->complain(came.error());
  if (!*came && terminal.talk_is_terminal()) terminal.say("Nothing was printed.");
  return kDone;
}

Outcome run_outputs(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<std::uint64_t> number = parse_job(invocation.operands[0]);
  if (!number) return make_complaint(number.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<std::vector<FetchedFile>> files =
      fetch_outputs(*number, invocation.get("to", "."), *session, terminal);
  if (!files) return session->complain(files.error(), kJobMissing);
  Listing listing;
  listing.columns = {{"file", "FILE"}, {"bytes", "SIZE", Align::right}, {"digest", "DIGEST"}};
  boost::json::array objects;
  for (const FetchedFile& file : *files) {
    listing.rows.push_back(
        {Cell(file.path),
         Cell(short_bytes({static_cast<std::int64_t>(file.bytes)}), std::to_string(file.bytes)),
         Cell(file.digest)});
    objects.push_back(
        boost::json::object{{"file", file.path}, {"bytes", file.bytes}, {"digest", file.digest}});
  }
  if (files->empty()) terminal.say("The job has no outputs.");
  return terminal.show(listing, objects, "");
}

Outcome run_cancel(const Invocation& invocation, const Terminal& terminal) {
  std::vector<std::uint64_t> numbers;
  for (const std::string& text : invocation.operands) {
    const core::Result<std::uint64_t> number = parse_job(text);
    if (!number) return make_complaint(number.error());
    numbers.push_back(*number);
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const bool is_rehearsal = invocation.has("dry-run");
  boost::json::array objects;
  std::vector<api::JobView> jobs;
  std::optional<core::Error> first;
  // One that has ended does not keep the others running.
  for (const std::uint64_t number : numbers) {
    core::Result<api::JobView> job =
        is_rehearsal ? session->client().get_job(number) : session->client().cancel_job(number);
    if (job && is_rehearsal && job->phase == api::Phase::ended) {
      job = core::Error{core::Reason::already_final, "job " + std::to_string(number)};
    }
    if (!job) {
      if (!first) first = job.error();
      continue;
    }
    objects.push_back(codec::encode(*job));
    jobs.push_back(*job);
  }
  if (is_rehearsal && !jobs.empty()) terminal.say("Would cancel:");
  const Listing listing = make_job_listing(jobs, read_clock(), session->currency());
  const int shown = jobs.empty() ? kDone : terminal.show(listing, objects, "");
  for (const api::JobView& job : jobs) {
    if (!job.over_by) continue;
    terminal.say("The hub of region " + job.region.value_or("") + " is silent: job " +
                 std::to_string(job.number) + " is cancelled at " + core::to_rfc3339(*job.over_by) +
                 " at the latest.");
  }
  if (!first) return shown;
  return session->complain(*first, kJobMissing);
}

}  // namespace intertie::cli
