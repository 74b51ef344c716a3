// The one loop: commands in, durable facts and answers out (ARCHITECTURE.md, idea 2).
//
// Commands are decided one after another and each event is applied at once. Nothing leaves before
// it is durable: answers and reads wait until the log has reached the index they saw, and senders
// ask durable_index(). While one batch is being made durable the next one collects; there is no
// timer. If an append fails the engine stops deciding, refuses with store_unavailable, and gives
// the same batch again until the store takes it. Whoever waits for that batch is answered when it
// is taken soon, or, after limits::append_tries_max, with store_unavailable too: then what was
// asked may still take effect, as after any lost answer.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/fault.h"
#include "intertie/engine/log_port.h"
#include "intertie/engine/state_machine.h"

namespace intertie::engine {

/// Single-threaded and poll-driven: every member runs on one thread. The log, the time and all
/// senders are arguments, so the same engine runs in the service and in the simulator.
template <StateMachine M>
class Engine final : private EventSink<typename M::Event> {
 public:
  using Command = typename M::Command;
  using Event = typename M::Event;
  using Reply = typename M::Reply;
  /// Runs on the engine's thread when the answer is durable.
  using Completion = std::function<void(core::Result<Reply>)>;
  /// Looks at the state now and returns what to do once that state is durable. It is given a
  /// refusal instead of a state when the store is unavailable; also after it has seen a state that
  /// does not become durable (the action it returned then is dropped).
  using DurableAction = std::function<void()>;
  using Read = std::function<DurableAction(const core::Result<const M*>&)>;
  /// Told after a batch became durable: the subjects its events were about, in order.
  using DurableObserver = std::function<void(const std::vector<std::uint64_t>& subjects)>;

  /// `last` is the position of the log up to which `machine` has been replayed. Both outlive the
  /// engine.
  Engine(M& machine, LogPort& log, storage::LogPosition last, core::Time last_time)
      : machine_(machine),
        log_(log),
        durable_(last.index),
        next_(last.index + 1),
        now_(last_time) {}

  void set_durable_observer(DurableObserver observer) { observer_ = std::move(observer); }

  /// Queues a command. Refused at once, through `done`: overloaded when the queue is full.
  void submit(Command command, Completion done) {
    if (commands_.size() >= core::limits::commands_queued_max) {
      if (done) done(core::Error{core::Reason::overloaded, "commands_queued_max"});
      return;
    }
    commands_.push_back({std::move(command), std::move(done)});
  }

  /// Queues a read of the state.
  void read(Read read) { reads_.push_back(std::move(read)); }

  /// One turn: takes the outcome of the append in flight, decides what is queued, and starts the
  /// next append. `now` may jump back; log time does not. Returns whether more could be done at
  /// once.
  bool poll(core::Time now) {
    advance_log_time(now);
    take_append_outcome(now);
    if (is_store_unavailable()) {
      refuse_queued();
    } else {
      decide_queued();
      do_machine_work();
      look_at_state();
    }
    start_append(now);
    release_waiting();
    return !commands_.empty() || !reads_.empty() ||
           (!is_store_unavailable() && machine_.has_work(now_));
  }

  /// The last index that is durable. Senders send only rows at or below it.
  storage::LogIndex durable_index() const { return durable_; }

  /// True from a failed append until the store has taken the batch.
  bool is_store_unavailable() const { return failure_.has_value(); }
  const std::optional<core::Error>& store_failure() const { return failure_; }

  /// Whether everything decided is durable and answered.
  bool is_idle() const {
    return commands_.empty() && reads_.empty() && waiting_.empty() && !appending_ &&
           in_flight_ == nullptr && batch_.records.empty();
  }

  const M& machine() const { return machine_; }
  core::Time log_time() const { return now_; }

 private:
  struct Queued {
    Command command;
    Completion done;
  };
  // An answered command (`done`, `answer`) or a read (`read`, `action`) whose index is not durable.
  struct Waiting {
    storage::LogIndex index;
    Completion done;
    std::optional<core::Result<Reply>> answer;
    Read read;
    DurableAction action;
  };

  storage::LogIndex emit(Event event, std::string body) override {
    const RecordPlace place{next_++, now_};
    EncodedEvent encoded = M::encode(event);
    machine_.index(event, place, batch_.writes);
    if (const auto subject = M::subject(event)) subjects_.push_back(*subject);
    batch_.records.push_back({place.index, place.time, encoded.kind, encoded.version,
                              std::move(encoded.head), std::move(body)});
    machine_.apply(event, place);
    return place.index;
  }

  // Log time never decreases. After the clock was stepped back it goes on at half pace until the
  // clock has caught up, so that deadlines still fire.
  void advance_log_time(core::Time now) {
    // The first time there is none before; the clock may show a time before 1970.
    const core::Duration passed = now > polled_at_ ? now - polled_at_ : core::Duration{};
    polled_at_ = now;
    if (now >= now_) {
      now_ = now;
    } else {
      now_ = now_ + core::Duration{std::min(passed, core::seconds(1)).count / 2};
    }
  }

  // Leaves room so that one more decision cannot push a batch over its limit by much.
  bool is_batch_full() const { return batch_.records.size() >= core::limits::batch_events_max / 2; }

  void decide_queued() {
    while (!commands_.empty() && !is_batch_full()) {
      Queued queued = std::move(commands_.front());
      commands_.pop_front();
      const storage::LogIndex before = next_;
      auto reply = machine_.decide(queued.command, now_, *this);
      assert(reply.has_value() || next_ == before);  // A refusal leaves no trace.
      if (!queued.done) continue;
      waiting_.push_back({next_ - 1, std::move(queued.done), std::move(reply), nullptr, nullptr});
    }
  }

  void do_machine_work() {
    if (!is_batch_full() && machine_.has_work(now_)) machine_.work(now_, *this);
  }

  void look_at_state() {
    while (!reads_.empty()) {
      Read read = std::move(reads_.front());
      reads_.pop_front();
      DurableAction action = read(core::Result<const M*>(&machine_));
      waiting_.push_back({next_ - 1, nullptr, std::nullopt, std::move(read), std::move(action)});
    }
  }

  void refuse_queued() {
    while (!commands_.empty()) {
      Queued queued = std::move(commands_.front());
      commands_.pop_front();
      if (queued.done) queued.done(*failure_);
    }
    while (!reads_.empty()) {
      Read read = std::move(reads_.front());
      reads_.pop_front();
      refuse(read);
    }
  }

  void refuse(const Read& read) {
    if (DurableAction action = read(core::Result<const M*>(*failure_))) action();
  }

  // Nobody waits without end for a disk that stays full.
  void refuse_waiting() {
    std::deque<Waiting> refused;
    refused.swap(waiting_);
    const core::Error unknown{failure_->reason, failure_->detail + "; it may still take effect"};
    for (Waiting& each : refused) {
      if (each.done) each.done(unknown);
      if (each.read) refuse(each.read);
    }
  }

  void start_append(core::Time now) {
    if (appending_) return;
    if (failure_.has_value()) {
      if (now < retry_at_ && retry_at_ - now < core::limits::append_retry_interval * 2) return;
    } else {
      if (batch_.records.empty()) return;
      in_flight_ = std::make_shared<const storage::Batch>(std::exchange(batch_, {}));
      in_flight_subjects_ = std::exchange(subjects_, {});
    }
    appending_ = true;
    log_.start_append(in_flight_);
  }

  void take_append_outcome(core::Time now) {
    if (!appending_) return;
    auto outcome = log_.poll_append();
    if (!outcome) return;
    appending_ = false;
    if (!outcome->has_value()) {
      // A batch that can never be stored is an error of the program; retrying it would hide that.
      assert(outcome->error().reason != core::Reason::too_large);
      failure_ = core::Error{core::Reason::store_unavailable, outcome->error().detail};
      retry_at_ = now + core::limits::append_retry_interval;
      if (++failures_ >= core::limits::append_tries_max) refuse_waiting();
      return;
    }
    failure_.reset();
    failures_ = 0;
    durable_ = in_flight_->records.back().index;
    in_flight_.reset();
    if (observer_) observer_(in_flight_subjects_);
  }

  void release_waiting() {
    const auto may_leave = [this](const Waiting& waiting) {
      return waiting.index <= durable_ || is_fault_planted(Fault::reply_before_durable);
    };
    while (!waiting_.empty() && may_leave(waiting_.front())) {
      Waiting released = std::move(waiting_.front());
      waiting_.pop_front();
      if (released.done) released.done(std::move(*released.answer));
      if (released.action) released.action();
    }
  }

  M& machine_;
  LogPort& log_;
  DurableObserver observer_;
  std::deque<Queued> commands_;
  std::deque<Read> reads_;
  std::deque<Waiting> waiting_;  // In the order of their index.
  storage::Batch batch_;         // Decided, not yet handed to the log.
  std::vector<std::uint64_t> subjects_;
  std::shared_ptr<const storage::Batch> in_flight_;
  std::vector<std::uint64_t> in_flight_subjects_;
  bool appending_ = false;
  std::optional<core::Error> failure_;
  int failures_ = 0;  // In a row.
  core::Time retry_at_;
  storage::LogIndex durable_;
  storage::LogIndex next_;
  core::Time now_;
  core::Time polled_at_ = core::kNever;
};

}  // namespace intertie::engine
