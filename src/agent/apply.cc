#include "apply.h"

#include "intertie/codec/cbor.h"

namespace intertie::agent {
namespace {

struct Applier {
  State& state;
  const engine::RecordPlace& place;

  void send(const execution::SiteMessage& message) const {
    state.outbox.push(codec::to_cbor(message), place.index, 0);
  }

  Attempt& get(std::uint64_t job, std::uint32_t attempt) const {
    return state.attempts.at({job, attempt});
  }

  void operator()(const SiteCreated& event) const { state.facts = event; }

  void operator()(const AttemptOrdered& event) const {
    Attempt attempt;
    attempt.order = event.order;
    attempt.document = place.index;
    state.attempts.emplace(AttemptId{event.order.job, event.order.attempt}, std::move(attempt));
  }

  void operator()(const HubRowsAccepted& event) const {
    state.inbox.received = event.number;
    state.inbox.hash = crypto::parse_digest(event.hash).value();
  }

  void operator()(const AttemptStaged& event) const {
    get(event.job, event.attempt).phase = AttemptPhase::ready;
  }

  void operator()(const AttemptBegan& event) const {
    Attempt& attempt = get(event.job, event.attempt);
    attempt.phase = AttemptPhase::running;
    attempt.began_at = event.at;
    send(execution::AttemptStarted{event.job, event.attempt, event.at});
  }

  void operator()(const StopOrdered& event) const {
    get(event.job, event.attempt).stop = event.reason;
  }

  void operator()(const RankEnded& event) const {
    get(event.key.job, event.key.attempt).ended.emplace(event.key.rank, event);
  }

  void operator()(const UsageSigned& event) const {
    Attempt& attempt = get(event.job, event.attempt);
    attempt.usage_number = event.number;
    attempt.usage_to = event.to;
    attempt.usage_measured = event.measured;
    if (attempt.has_ended()) attempt.phase = AttemptPhase::collecting;
    send(execution::UsageReport{event.job, event.attempt, event.envelope});
  }

  void operator()(const AttemptFinished& event) const {
    send(event.report);
    finish(event.report.job, event.report.attempt);
  }

  void operator()(const AttemptRefused& event) const {
    send(event.report);
    finish(event.report.job, event.report.attempt);
  }

  void finish(std::uint64_t job, std::uint32_t number) const {
    const auto found = state.attempts.find({job, number});
    if (found == state.attempts.end()) return;
    found->second.phase = AttemptPhase::reported;
    if (found->second.is_forgotten) state.attempts.erase(found);
  }

  void operator()(const AttemptForgotten& event) const {
    Attempt& attempt = get(event.job, event.attempt);
    if (attempt.phase == AttemptPhase::staging || attempt.phase == AttemptPhase::reported) {
      state.attempts.erase({event.job, event.attempt});
      return;
    }
    attempt.is_forgotten = true;
    if (!attempt.stop) attempt.stop = core::Reason::lease_lapsed;
  }

  void operator()(const StatementAdded& event) const { send(event.report); }

  void operator()(const ReceiptSigned& event) const {
    send(execution::InputArrived{event.job, event.attempt, event.envelope});
  }

  void operator()(const RowsAcknowledged& event) const { state.outbox.acknowledge(event.number); }
};

}  // namespace

void apply(State& state, const Event& event, const engine::RecordPlace& place) {
  std::visit(Applier{state, place}, event);
}

}  // namespace intertie::agent
