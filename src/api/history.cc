#include "history.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "intertie/transfer/manifest.h"
#include "intertie/transfer/receipt.h"

namespace intertie::api {
namespace {

constexpr std::size_t kDatasetShown = 12;  // Digits of an identity, enough to find it.

MoveView make_move_view(const hub::InputMoved& event, storage::LogIndex index) {
  MoveView view;
  view.index = index;
  view.attempt = event.attempt;
  view.dataset = transfer::format_dataset(event.dataset);
  view.size_bytes = event.size;
  view.source = event.source;
  view.way = event.direct == event.received ? MoveWay::straight
             : event.direct.count == 0      ? MoveWay::relayed
                                            : MoveWay::both;
  view.started = event.started;
  view.ended = event.ended;
  view.received_bytes = event.received;
  view.straight_bytes = event.direct;
  view.bytes_per_second = transfer::compute_rate(event.received, event.ended - event.started);
  view.cuts = event.cuts;
  if (event.fallback) view.reason = make_reason_view(*event.fallback);
  return view;
}

bool is_input(const JobInputs& inputs, const crypto::Digest& dataset) {
  return !inputs || inputs->contains(dataset);
}

struct Teller {
  const Directory& directory;
  HistoryView& view;
  const JobInputs& inputs;

  void say(const char* what, std::string sentence) const {
    view.what = what;
    view.sentence = std::move(sentence);
  }
  void say_why(core::Reason reason) const {
    view.reason = make_reason_view(reason);
    view.sentence += " " + view.reason->sentence;
  }
  std::string name_pool(std::uint32_t handle) const {
    const topology::Pool* pool = directory.topology->find_pool({handle});
    if (pool == nullptr) return "a pool that is gone";
    return directory.topology->find_site(pool->site)->name + "/" + pool->name;
  }
  std::string name_money(core::Money money) const {
    std::string text = core::to_text(money);  // With all six decimals.
    text.resize(std::max(text.find_last_not_of('0'), text.find('.') + 2) + 1);
    return text + " " + directory.hub.currency;
  }

  void operator()(const hub::JobSubmitted&) const { say("submitted", "The job was submitted."); }
  void operator()(const hub::CapacityReserved& event) const {
    say("reserved", "Capacity was reserved at " + name_pool(event.pool) + " for " +
                        std::to_string(event.slots.size()) +
                        (event.slots.size() == 1 ? " task." : " tasks."));
  }
  void operator()(const hub::AttemptChosen& event) const {
    view.attempt = event.attempt;
    say("chosen", "Attempt " + std::to_string(event.attempt) + " was sent to the site; " +
                      name_money(event.hold.amount) + " are held.");
  }
  void operator()(const hub::OfferAsked& event) const {
    say("asked", "The hub of region " + directory.peers[event.peer].region +
                     " was asked to reserve at " + name_remote_site(event, directory) + "/" +
                     event.pool_name + "; " + name_money(event.hold.amount) + " are held.");
  }
  void operator()(const hub::OfferClosed& event) const {
    say("not_reserved", event.is_withdrawn ? "The request was withdrawn." : "It was refused.");
    say_why(event.reason);
  }
  void operator()(const hub::RemoteAttemptChosen& event) const {
    view.attempt = event.attempt;
    say("chosen", "Capacity was reserved there, and attempt " + std::to_string(event.attempt) +
                      " was committed.");
  }
  void operator()(const hub::RemoteAttemptBegan& event) const {
    say("began", "The command runs since " + core::to_rfc3339(event.at) + ".");
  }
  void operator()(const hub::RemoteUsageSettled& event) const {
    view.attempt = event.attempt;
    core::Money charge;
    for (const ledger::Posting& credit : event.post.credits) charge += credit.amount;
    say("charged", name_money(charge) + " were charged for " +
                       core::to_text(event.to - event.from) + " of reserved capacity.");
  }
  void operator()(const hub::RemoteUsageDisputed& event) const {
    view.attempt = event.attempt;
    say("disputed",
        "A charge of " + name_money(event.charge) + " was not accepted: " + event.detail + ".");
    view.reason = make_reason_view(core::Reason::usage_disputed);
  }
  void operator()(const hub::RemoteAttemptOver& event) const {
    say_over(event.attempt, event.failure, event.exit_code);
    if (!event.is_given_up) return;
    view.sentence =
        "The other region's hub was silent until the attempt surely ran no more. " + view.sentence;
  }
  void operator()(const hub::AttemptBegan& event) const {
    view.attempt = event.attempt;
    say("began", "The command runs since " + core::to_rfc3339(event.at) + ".");
  }
  void operator()(const hub::UsageSettled& event) const {
    view.attempt = event.attempt;
    core::Money charge;
    for (const ledger::Posting& credit : event.post.credits) charge += credit.amount;
    say("charged", name_money(charge) + " were charged for " +
                       core::to_text(event.to - event.from) + " of reserved capacity.");
  }
  void operator()(const hub::UsageDisputed& event) const {
    view.attempt = event.attempt;
    say("disputed", "A usage record was not accepted: " + event.detail + ".");
    view.reason = make_reason_view(event.reason);
  }
  void operator()(const hub::DisputeResolved& event) const {
    view.attempt = event.attempt;
    say("resolved", event.is_accepted ? "A disputed usage record was accepted; " +
                                            name_money(event.paid) + " were paid for it."
                                      : "A disputed usage record was rejected; it costs nothing.");
  }
  void operator()(const hub::AttemptOver& event) const {
    say_over(event.attempt, event.failure, event.exit_code);
  }
  void say_over(std::uint32_t attempt, std::optional<core::Reason> failure, int exit_code) const {
    view.attempt = attempt;
    std::string text = "Attempt " + std::to_string(attempt) + " ended";
    // What never ran, or was lost, has no exit code.
    if (!failure || exit_code != 0) text += " with exit code " + std::to_string(exit_code);
    say("over", text + ".");
    if (failure) say_why(*failure);
  }
  void operator()(const hub::JobRequeued& event) const {
    say("requeued", "The job waits again, until " + core::to_rfc3339(event.not_before) +
                        " at least" + (event.uses_retry ? "; this uses one retry." : "."));
  }
  void operator()(const hub::JobCancelRequested&) const {
    say("cancel_requested", "It was asked to stop the job.");
  }
  void operator()(const hub::DemandUnmet& event) const {
    say("unmet", "The job could not be placed.");
    say_why(event.reason);
  }
  static std::string name_time(core::Duration time) {
    return core::to_text(core::Duration{time.count / 1'000 * 1'000});
  }
  std::string name_source(const std::string& id) const {
    if (id == directory.hub.id) return "this hub";
    for (const hub::PeerAdded& peer : directory.peers) {
      if (peer.id == id) return "the hub of region " + peer.region;
    }
    return id;
  }
  void operator()(const hub::InputMoved& event) const {
    const MoveView move = make_move_view(event, 0);
    view.attempt = event.attempt;
    const std::size_t shown = move.dataset.find(':') + 1 + kDatasetShown;
    const char* how = move.way == MoveWay::straight  ? " straight from "
                      : move.way == MoveWay::relayed ? " through its hub from "
                                                     : " straight, then through its hub, from ";
    say("moved", "The site received " + move.dataset.substr(0, shown) + " (" +
                     core::to_text(event.size) + ")" + how + name_source(event.source) + " in " +
                     name_time(event.ended - event.started) + ", " +
                     core::to_text(core::Bytes{move.bytes_per_second}) + " a second.");
    if (!is_input(inputs, event.dataset)) view.sentence += " The job names no such input.";
    if (event.fallback) say_why(*event.fallback);
  }
  void operator()(const hub::JobEnded& event) const {
    const char* how = event.outcome == hub::JobOutcome::succeeded ? "The job has succeeded"
                      : event.outcome == hub::JobOutcome::failed  ? "The job has failed"
                                                                  : "The job was cancelled";
    say("ended", std::string(how) + "; it cost " + name_money(event.charged) + ".");
    if (event.reason) view.reason = make_reason_view(*event.reason);
  }
  template <class Other>
  void operator()(const Other&) const {
    say("noted", "");
  }
};

}  // namespace

std::vector<MoveView> list_moves(const std::vector<JobEvent>& events, const JobInputs& inputs) {
  std::vector<MoveView> moves;
  for (const JobEvent& one : events) {
    const auto* moved = std::get_if<hub::InputMoved>(&one.event);
    if (moved == nullptr) continue;
    moves.push_back(make_move_view(*moved, one.index));
    moves.back().is_input = is_input(inputs, moved->dataset);
  }
  return moves;
}

std::vector<HistoryView> make_history(const std::vector<JobEvent>& events,
                                      const Directory& directory, const JobInputs& inputs) {
  std::vector<HistoryView> history;
  history.reserve(events.size());
  const JobEvent* before = nullptr;
  for (const JobEvent& one : events) {
    // A job whose pause is over is queued anew: for its owner it waits as it did.
    const auto* requeued = std::get_if<hub::JobRequeued>(&one.event);
    const bool is_repeat = requeued != nullptr && !requeued->uses_retry && before != nullptr &&
                           std::holds_alternative<hub::JobRequeued>(before->event);
    before = &one;
    if (is_repeat) continue;
    HistoryView view;
    view.index = one.index;
    view.at = one.time;
    std::visit(Teller{directory, view, inputs}, one.event);
    history.push_back(std::move(view));
  }
  return history;
}

}  // namespace intertie::api
