// The loop behind `run` and `logs -f`.
#include "session/job_watch.h"

#include <algorithm>

#include "output/exit_code.h"
#include "output/for_people.h"
#include "session/clock.h"

namespace intertie::cli {
namespace {

constexpr std::uint32_t kRanksShown = 16;
constexpr core::Duration kPollFirst = core::milliseconds(100);
constexpr core::Duration kPollMax = core::seconds(1);
constexpr core::Duration kWaitForPhase = core::seconds(2);
constexpr core::Duration kLogPatience = core::seconds(10);

bool is_patient_error(const core::Error& error) {
  return error.reason == core::Reason::timed_out || error.reason == core::Reason::unreachable ||
         error.reason == core::Reason::site_unreachable;
}

core::Error make_write_error() {
  return {core::Reason::io_failed, "standard output takes no more"};
}

class Watcher {
 public:
  Watcher(api::JobView job, const WatchOptions& options, HubSession& session,
          const Terminal& terminal)
      : options_(options), session_(session), terminal_(terminal) {
    result_.job = std::move(job);
    const std::uint32_t ranks = std::min(options.tasks, kRanksShown);
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      const std::string prefix = options.tasks > 1 ? std::to_string(rank) + "| " : "";
      for (const char* const stream : {"stdout", "stderr"}) {
        followers_.emplace_back(result_.job.number, stream, rank, prefix, terminal);
      }
    }
  }

  core::Result<WatchResult> watch() {
    core::Duration poll = kPollFirst;
    while (result_.job.phase != api::Phase::ended) {
      if (options_.should_stop && options_.should_stop()) {
        result_.was_stopped = true;
        return result_;
      }
      tell_phase();
      if (result_.is_unplaced) return result_;
      const bool is_running = result_.job.phase == api::Phase::running;
      const core::Duration wait = is_running ? poll : kWaitForPhase;
      if (core::Result<void> done = wait_for_news(wait); !done) return done.error();
      if (!is_running || result_.job.phase == api::Phase::ended) continue;
      const core::Result<bool> came = pump();
      if (!came) return came.error();
      poll = *came ? kPollFirst : std::min(poll + poll, kPollMax);
    }
    if (core::Result<void> done = drain(); !done) return done.error();
    return result_;
  }

 private:
  /// Long waits go in steps, so that Ctrl-C is heard.
  core::Result<void> wait_for_news(core::Duration wait) {
    const std::uint32_t attempt = result_.job.attempt;
    const std::uint64_t index = result_.job.index;
    constexpr core::Duration kStep = core::milliseconds(500);
    for (core::Duration waited; waited < wait; waited += kStep) {
      core::Result<api::JobView> view =
          session_.client().get_job(result_.job.number, std::min(kStep, wait - waited), index);
      if (!view) return view.error();
      result_.job = *std::move(view);
      if (result_.job.index != index) break;
      if (options_.should_stop && options_.should_stop()) break;
    }
    if (attempt != 0 && result_.job.attempt > attempt) {
      for (LogFollower& follower : followers_) follower.restart();
    }
    return {};
  }

  void tell_phase() {
    const api::JobView& job = result_.job;
    if (job.phase != api::Phase::waiting) return;
    result_.is_unplaced = waits_in_vain(job);
    const bool is_long = read_clock() - began_ >= kWaitForPhase;
    std::optional<api::ReasonView> reason = job.reason;
    if (!reason && is_long && told_.empty()) reason = ask_reason();
    if (!reason || reason->code == told_) return;
    // A log need not know of every short wait.
    if (!terminal_.talk_is_terminal() && !is_long) return;
    told_ = reason->code;
    terminal_.say("job " + std::to_string(job.number) + " waits: " + reason->sentence);
  }

  /// Of a job that was not refused anything, only the grid as it is now says why it waits.
  std::optional<api::ReasonView> ask_reason() {
    const core::Result<api::ExplainView> view = session_.client().explain_job(result_.job.number);
    return view ? view->reason : std::nullopt;
  }

  core::Result<bool> pump() {
    bool came = false;
    for (LogFollower& follower : followers_) {
      const core::Result<bool> some = follower.pump(session_);
      if (!some) {
        if (is_patient_error(some.error())) continue;
        return some.error();
      }
      came = came || *some;
    }
    return came;
  }

  /// After the end: everything that was written, unless its site does not answer.
  core::Result<void> drain() {
    if (result_.job.attempt == 0) return {};
    const core::Time deadline = read_clock() + kLogPatience;
    for (LogFollower& follower : followers_) {
      while (!follower.is_complete()) {
        const core::Result<bool> some = follower.pump(session_);
        // Without a log the job never came to run; its ending says why.
        if (!some && some.error().reason == core::Reason::not_found) break;
        if (!some && !is_patient_error(some.error())) return some.error();
        if (read_clock() > deadline) {
          terminal_.say("The rest of the output is not here yet: intertie logs " +
                        std::to_string(result_.job.number));
          return {};
        }
        if (!some || (!*some && !follower.is_complete())) {
          sleep_for(kPollFirst);
        }
      }
      follower.finish();
    }
    return {};
  }

  const WatchOptions& options_;
  HubSession& session_;
  const Terminal& terminal_;
  WatchResult result_;
  std::vector<LogFollower> followers_;
  std::string told_;
  const core::Time began_ = read_clock();
};

}  // namespace

LogFollower::LogFollower(std::uint64_t job, std::string_view stream, std::uint32_t rank,
                         std::string prefix, const Terminal& terminal)
    : job_(job), stream_(stream), rank_(rank), prefix_(std::move(prefix)), terminal_(&terminal) {}

core::Result<bool> LogFollower::pump(HubSession& session) {
  bool came = false;
  while (!is_complete_) {
    const core::Result<api_client::LogPiece> piece =
        session.client().read_log(job_, {stream_, rank_, {}, offset_});
    if (!piece) return piece.error();
    offset_ += piece->bytes.size();
    is_complete_ = piece->is_complete;
    if (piece->bytes.empty()) break;
    came = true;
    if (!write(piece->bytes)) return make_write_error();
    if (offset_ >= piece->size) break;
  }
  return came;
}

void LogFollower::restart() {
  finish();
  offset_ = 0;
  is_complete_ = false;
}

bool LogFollower::write(std::string_view bytes) {
  const bool is_error = stream_ == "stderr";
  const bool is_terminal =
      is_error ? terminal_->talk_is_terminal() : terminal_->result_is_terminal();
  std::string text = is_terminal ? escaper_.feed(bytes) : std::string(bytes);
  if (!prefix_.empty()) {
    std::string prefixed;
    for (const char c : text) {
      if (is_line_start_) prefixed += prefix_;
      is_line_start_ = c == '\n';
      prefixed += c;
    }
    text = std::move(prefixed);
  }
  if (!is_error) return terminal_->write_result(text);
  terminal_->write_talk(text);
  return true;
}

void LogFollower::finish() {
  const std::string rest = escaper_.finish();
  if (rest.empty()) return;
  if (stream_ == "stderr") {
    terminal_->write_talk(rest);
  } else {
    terminal_->write_result(rest);
  }
}

core::Result<WatchResult> watch_job(api::JobView job, const WatchOptions& options,
                                    HubSession& session, const Terminal& terminal) {
  return Watcher(std::move(job), options, session, terminal).watch();
}

bool waits_in_vain(const api::JobView& job) {
  if (job.phase != api::Phase::waiting || !job.reason) return false;
  const std::string& code = job.reason->code;
  return code == "unplaceable" || code == "no_sites" || code == "price_above_limit" ||
         code == "deadline_impossible" || code == "data_policy";
}

Complaint complain_in_vain(const api::JobView& job) {
  const std::string text = std::to_string(job.number);
  const std::optional<core::Reason> reason = core::find_reason(job.reason->code);
  Complaint complaint = make_complaint(
      {reason.value_or(core::Reason::unplaceable), "job " + text + " stays in the queue"},
      "intertie explain " + text + " (or intertie cancel " + text + ")");
  complaint.exit_code = kNotPlaced;
  return complaint;
}

std::string render_ending(const api::JobView& job, const std::string& currency) {
  std::string text = "job " + std::to_string(job.number);
  if (!job.outcome) return text + " has not ended";
  switch (*job.outcome) {
    case hub::JobOutcome::succeeded:
      text += " succeeded";
      break;
    case hub::JobOutcome::failed:
      text += " failed";
      break;
    case hub::JobOutcome::cancelled:
      text += " was cancelled";
      break;
  }
  if (job.site) text += " at " + *job.site;
  if (job.started && job.ended) text += " in " + short_duration(*job.ended - *job.started);
  text += ", " + money_text(job.charged_micros, currency);
  if (*job.outcome != hub::JobOutcome::failed) return text;
  if (job.reason) text += "\n  why: " + job.reason->sentence;
  if (job.exit_code && *job.exit_code != 0) {
    text += " Exit code " + std::to_string(*job.exit_code) + ".";
  }
  return text + "\n  fix: intertie explain " + std::to_string(job.number);
}

int get_job_exit_code(const api::JobView& job) {
  if (!job.outcome) return kFailed;
  if (*job.outcome == hub::JobOutcome::succeeded) return kDone;
  if (*job.outcome == hub::JobOutcome::cancelled) return kInterrupted;
  const std::optional<core::Reason> reason =
      job.reason ? core::find_reason(job.reason->code) : std::nullopt;
  if (reason == core::Reason::exited_nonzero || reason == core::Reason::killed_by_signal) {
    const int code = job.exit_code.value_or(kFailed);
    return code == 0 ? kFailed : code;
  }
  return reason ? get_exit_code(*reason) : kFailed;
}

}  // namespace intertie::cli
