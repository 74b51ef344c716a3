#include "intertie/agent/machine.h"

#include <algorithm>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/engine/event_codec.h"
#include "intertie/engine/fault.h"
#include "intertie/execution/site_messages.h"

#include "apply.h"
#include "state_codec.h"
#include "usage.h"

namespace intertie::agent {
namespace {

constexpr std::uint16_t kHeadVersion = 1;

core::Error make_unknown(std::uint64_t job, std::uint32_t attempt) {
  return {core::Reason::not_found,
          "attempt " + std::to_string(attempt) + " of job " + std::to_string(job)};
}

bool is_failure(const RankEnded& rank) {
  return rank.end != execution::TaskEnd::exited || rank.exit_code != 0;
}

// The rank whose end explains the attempt's: a failure of its own before one that others caused.
const RankEnded* find_culprit(const Attempt& attempt) {
  const RankEnded* culprit = nullptr;
  for (const auto& [rank, ended] : attempt.ended) {
    if (!is_failure(ended)) continue;
    if (ended.end != execution::TaskEnd::cancelled) return &ended;
    if (culprit == nullptr) culprit = &ended;
  }
  return culprit;
}

std::optional<core::Reason> compute_failure(const Attempt& attempt) {
  const RankEnded* culprit = find_culprit(attempt);
  if (culprit == nullptr) return std::nullopt;
  if (culprit->end == execution::TaskEnd::cancelled && attempt.stop) return attempt.stop;
  execution::TaskResult result;
  result.end = culprit->end;
  result.exit_code = culprit->exit_code;
  result.signal = culprit->signal;
  return execution::compute_reason(result);
}

// From the first start to the last end of an attempt's ranks, on the boot-time clock.
class BootSpan {
 public:
  void add(const RankEnded& ended) {
    is_known_ = is_known_ && ended.ended_boot.count > 0 && ended.ended_boot >= ended.started_boot;
    from_ = std::min(from_, ended.started_boot);
    to_ = std::max(to_, ended.ended_boot);
  }
  /// Nothing if a rank's end was not seen by its meter, or none began.
  std::optional<core::Duration> find_length() const {
    if (!is_known_ || to_ < from_) return std::nullopt;
    return to_ - from_;
  }

 private:
  bool is_known_ = true;
  core::Duration from_{INT64_MAX};
  core::Duration to_;
};

}  // namespace

struct AgentMachine::Context {
  AgentMachine& machine;
  const State& state;
  core::Time now;
  engine::EventSink<Event>& sink;

  const Attempt* find(std::uint64_t job, std::uint32_t attempt) const {
    const auto found = state.attempts.find({job, attempt});
    return found == state.attempts.end() ? nullptr : &found->second;
  }

  core::Result<Reply> operator()(const CreateSite& command) {
    if (!state.facts.site.empty()) return {core::Reason::already_exists, state.facts.site};
    sink.emit(command.facts);
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const AcceptHubRows& command) {
    engine::Inbox inbox = state.inbox;
    for (const HubRow& row : command.rows) {
      const auto arrival = inbox.classify(row.number);
      if (arrival == engine::Inbox::Arrival::repeated) continue;
      if (arrival == engine::Inbox::Arrival::gap) break;
      inbox.accept(row.number, row.payload);
      if (const auto message = codec::from_cbor<execution::HubMessage>(row.payload)) {
        std::visit([&](const auto& one) { take(one, row.attachment); }, *message);
      }
    }
    if (inbox.received != state.inbox.received) {
      sink.emit(HubRowsAccepted{inbox.received, crypto::to_text(inbox.hash)});
    }
    return Reply{HubRowsTaken{inbox.received}};
  }

  void take(const execution::StartAttempt& order, const std::string& document) {
    if (find(order.job, order.attempt) == nullptr) sink.emit(AttemptOrdered{order}, document);
  }

  void take(const execution::StopAttempt& order, const std::string&) {
    const Attempt* attempt = find(order.job, order.attempt);
    if (attempt == nullptr) {
      // A hub that still waits for an attempt which this journal has forgotten gets its answer.
      sink.emit(AttemptRefused{{order.job, order.attempt, order.reason, "unknown here"}});
      return;
    }
    if (attempt->stop) return;
    if (attempt->phase == AttemptPhase::staging) {
      sink.emit(AttemptRefused{{order.job, order.attempt, order.reason, "before it started"}});
    } else if (attempt->phase <= AttemptPhase::running) {
      sink.emit(StopOrdered{order.job, order.attempt, order.reason});
    }
  }

  void take(const execution::ForgetAttempt& order, const std::string&) {
    if (find(order.job, order.attempt) != nullptr) {
      sink.emit(AttemptForgotten{order.job, order.attempt});
    }
  }

  core::Result<Reply> operator()(const AcknowledgeRows& command) {
    if (command.number > state.outbox.last_number()) {
      return {core::Reason::channel_diverged, "the hub acknowledges what was never sent"};
    }
    if (command.number > state.outbox.acknowledged()) sink.emit(RowsAcknowledged{command.number});
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const NoteHubAnswer& command) {
    if (!machine.hub_answered_ || *machine.hub_answered_ <= command.sent) {
      machine.hub_answered_ = command.sent;
      machine.hub_rows_ = command.rows;
    }
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const ReportStaged& command) {
    const Attempt* attempt = find(command.job, command.attempt);
    if (attempt == nullptr) return make_unknown(command.job, command.attempt);
    if (attempt->phase == AttemptPhase::staging) {
      sink.emit(AttemptStaged{command.job, command.attempt});
    }
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const ReportNotStarted& command) {
    const Attempt* attempt = find(command.report.job, command.report.attempt);
    if (attempt == nullptr) return make_unknown(command.report.job, command.report.attempt);
    if (attempt->phase > AttemptPhase::ready) return Reply{Done{}};
    execution::AttemptNotStarted report = command.report;
    if (attempt->stop) report.reason = *attempt->stop;
    sink.emit(AttemptRefused{std::move(report)});
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const ReportRankStarted& command) {
    const Attempt* attempt = find(command.key.job, command.key.attempt);
    if (attempt == nullptr) return make_unknown(command.key.job, command.key.attempt);
    if (attempt->phase != AttemptPhase::ready) return Reply{Done{}};
    machine.started_.emplace(command.key, command.at);
    core::Time began = command.at;
    for (const execution::TaskSlot& slot : attempt->order.slots) {
      const execution::TaskKey key{command.key.job, command.key.attempt, slot.rank};
      const auto started = machine.started_.find(key);
      if (started == machine.started_.end() && !attempt->ended.contains(slot.rank)) {
        return Reply{Done{}};
      }
      if (started != machine.started_.end()) began = std::min(began, started->second);
    }
    // Use counts from the first rank's start.
    sink.emit(AttemptBegan{command.key.job, command.key.attempt, began});
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const ReportRankEnded& command) {
    const execution::TaskResult& result = command.result;
    const Attempt* attempt = find(result.key.job, result.key.attempt);
    if (attempt == nullptr) return make_unknown(result.key.job, result.key.attempt);
    if (attempt->phase > AttemptPhase::running || attempt->ended.contains(result.key.rank)) {
      return Reply{Done{}};
    }
    RankEnded ended{result.key,           result.end,     result.exit_code,
                    result.signal,        result.started, result.ended,
                    result.measured,      result.detail,  result.started_boottime,
                    result.ended_boottime};
    const bool failed = is_failure(ended);
    sink.emit(std::move(ended));
    if (attempt->has_ended()) {
      close(*attempt);
    } else if (failed && !attempt->stop) {
      sink.emit(StopOrdered{result.key.job, result.key.attempt, core::Reason::gang_broken});
    }
    return Reply{Done{}};
  }

  // Every rank has ended: the last usage record, or word that nothing ever ran. A rank that ended
  // before its command ran has no start.
  void close(const Attempt& attempt) {
    const auto [job, number] = AttemptId{attempt.order.job, attempt.order.attempt};
    const bool has_begun = attempt.phase == AttemptPhase::running;
    core::Time began = has_begun ? attempt.began_at : core::kNever;
    core::Time over = has_begun ? attempt.began_at : core::Time{};
    execution::Measured measured;
    BootSpan span;
    for (const auto& [rank, ended] : attempt.ended) {
      measured = add_measured(measured, ended.measured);
      if (ended.end == execution::TaskEnd::start_failed || ended.started.micros <= 0) continue;
      began = std::min(began, ended.started);
      over = std::max(over, ended.ended);
      span.add(ended);
    }
    // How long it ran is what counts, and the clock may have been stepped meanwhile.
    const core::Time from = has_begun ? attempt.began_at : began;
    if (const auto length = span.find_length()) over = from + *length;
    if (began == core::kNever) {
      const RankEnded* culprit = find_culprit(attempt);
      const std::string detail = culprit == nullptr ? std::string() : culprit->detail;
      const core::Reason reason = compute_failure(attempt).value_or(core::Reason::start_failed);
      sink.emit(AttemptRefused{{job, number, reason, detail}});
      return;
    }
    if (!has_begun) sink.emit(AttemptBegan{job, number, began});
    sink.emit(sign_usage(state, attempt, over, measured, true, *machine.key_));
  }

  core::Result<Reply> operator()(const NoteMeasured& command) {
    const Attempt* attempt = find(command.key.job, command.key.attempt);
    if (attempt == nullptr) return make_unknown(command.key.job, command.key.attempt);
    const bool may_run = attempt->phase <= AttemptPhase::running;
    if (may_run && !attempt->ended.contains(command.key.rank)) {
      machine.measured_[command.key] = command.measured;
      if (attempt->phase == AttemptPhase::running) cut_usage(*attempt, command.boot);
    }
    return Reply{Done{}};
  }

  // A record for each usage interval of a long run, measured from the first look on: the time
  // before it, and before a restart of the agent, is in the last record.
  void cut_usage(const Attempt& attempt, core::Time boot) {
    const AttemptId id{attempt.order.job, attempt.order.attempt};
    const auto [anchor, is_first] = machine.cut_at_.emplace(id, boot);
    if (is_first || boot - anchor->second < core::limits::usage_interval) return;
    const core::Duration length = boot - anchor->second;
    anchor->second = boot;
    execution::Measured measured;
    for (const execution::TaskSlot& slot : attempt.order.slots) {
      const auto found = machine.measured_.find({id.first, id.second, slot.rank});
      if (found != machine.measured_.end()) measured = add_measured(measured, found->second);
    }
    const core::Time since = attempt.usage_number == 0 ? attempt.began_at : attempt.usage_to;
    sink.emit(sign_usage(state, attempt, since + length, measured, false, *machine.key_));
  }

  core::Result<Reply> operator()(const ReportCollected& command) {
    const Attempt* attempt = find(command.job, command.attempt);
    if (attempt == nullptr) return make_unknown(command.job, command.attempt);
    if (attempt->phase != AttemptPhase::collecting) return Reply{Done{}};
    AttemptFinished finished;
    finished.report.job = command.job;
    finished.report.attempt = command.attempt;
    finished.report.failure = compute_failure(*attempt);
    if (const RankEnded* culprit = find_culprit(*attempt)) {
      finished.report.detail = culprit->detail;
    }
    if (!finished.report.failure && !command.missing.empty()) {
      finished.report.failure = core::Reason::output_missing;
      finished.report.detail = command.missing;
    }
    for (const auto& [rank, ended] : attempt->ended) {
      finished.report.at = std::max(finished.report.at, ended.ended);
      finished.report.ranks.push_back({rank, ended.exit_code, ended.signal});
    }
    finished.report.outputs = command.outputs;
    sink.emit(std::move(finished));
    return Reply{Done{}};
  }

  // What is told twice, or too late, is told once.
  core::Result<Reply> operator()(const ReportArrived& command) {
    transfer::Receipt receipt = command.receipt;
    const Attempt* attempt = find(receipt.job, receipt.attempt);
    if (attempt == nullptr) return make_unknown(receipt.job, receipt.attempt);
    if (attempt->phase != AttemptPhase::staging) return Reply{Done{}};
    receipt.destination = state.facts.site;
    if (auto checked = transfer::check_receipt(receipt); !checked) return checked.error();
    sink.emit(ReceiptSigned{receipt.job, receipt.attempt,
                            transfer::sign_receipt(receipt, *machine.key_)});
    return Reply{Done{}};
  }

  core::Result<Reply> operator()(const AddStatement& command) {
    sink.emit(StatementAdded{command.report});
    return Reply{Done{}};
  }
};

core::Result<Reply> AgentMachine::decide(const Command& command, core::Time now,
                                         engine::EventSink<Event>& sink) {
  Context context{*this, state_, now, sink};
  return std::visit([&](const auto& one) { return context(one); }, command);
}

void AgentMachine::apply(const Event& event, engine::RecordPlace place) {
  agent::apply(state_, event, place);
  if (const auto* ended = std::get_if<RankEnded>(&event)) {
    measured_.erase(ended->key);
    started_.erase(ended->key);
    cut_at_.erase({ended->key.job, ended->key.attempt});
  }
}

engine::EncodedEvent AgentMachine::encode(const Event& event) {
  return engine::encode_event(event, kHeadVersion);
}

core::Result<Event> AgentMachine::decode(std::uint16_t kind, std::uint16_t version,
                                         std::string_view head) {
  if (version != kHeadVersion) return {core::Reason::version_too_new, "version of an event"};
  return engine::decode_event<Event>(kind, head);
}

std::string AgentMachine::encode_state() const { return encode_agent_state(state_); }

core::Result<void> AgentMachine::decode_state(std::string_view bytes) {
  return decode_agent_state(bytes, state_);
}

std::vector<Action> AgentMachine::find_actions(core::Time boot_now) const {
  // A start must come well before the hub could count the site as lost.
  const core::Duration fresh = core::limits::site_lost_after - core::limits::clock_margin;
  const bool is_answered = (hub_answered_ && boot_now - *hub_answered_ < fresh) ||
                           engine::is_fault_planted(engine::Fault::start_without_answer);
  // What the hub said before it answered may be that it has given an attempt up.
  const bool is_informed = state_.inbox.received >= hub_rows_ ||
                           engine::is_fault_planted(engine::Fault::start_despite_rows);
  const bool may_start = is_answered && is_informed;
  std::vector<Action> actions;
  for (const auto& [id, attempt] : state_.attempts) {
    switch (attempt.phase) {
      case AttemptPhase::staging:
        actions.push_back({Action::Kind::stage, id});
        break;
      case AttemptPhase::ready:
        if (attempt.stop) {
          actions.push_back({Action::Kind::stop, id});
        } else if (may_start) {
          actions.push_back({Action::Kind::start, id});
        }
        break;
      case AttemptPhase::running:
        if (attempt.stop) actions.push_back({Action::Kind::stop, id});
        break;
      case AttemptPhase::collecting:
        actions.push_back({Action::Kind::collect, id});
        break;
      case AttemptPhase::reported:
        break;
    }
  }
  return actions;
}

std::vector<execution::ForgetAttempt> AgentMachine::find_running() const {
  std::vector<execution::ForgetAttempt> running;
  for (const auto& [id, attempt] : state_.attempts) {
    if (attempt.phase <= AttemptPhase::running) running.push_back({id.first, id.second});
  }
  return running;
}

}  // namespace intertie::agent
