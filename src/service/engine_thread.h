// An engine with its state machine, its log and a thread: what makes the one loop real.
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/engine.h"
#include "intertie/engine/replay.h"
#include "intertie/storage/store.h"

#include "clock.h"
#include "store_thread.h"

namespace intertie::service {

/// Called on the engine's thread; they must be cheap and must not wait.
template <class M>
struct EngineHooks {
  /// After a batch became durable: rows of outboxes up to `durable` may be sent, watchers of
  /// `subjects` may look. The machine may already be ahead of `durable`: whoever acts on its state
  /// (and not on rows with an index) uses EngineThread::read instead.
  std::function<void(const M& machine, storage::LogIndex durable,
                     const std::vector<std::uint64_t>& subjects)>
      on_durable;
  /// At the end of each turn (answers collected during the turn are sent here).
  std::function<void(const M& machine, core::Time now)> on_turn_end;
  /// The store begins to refuse (why), or takes again (null).
  std::function<void(const core::Error* failure)> on_store_change;
};

/// Owns machine, engine and the store's thread. Wakes for commands, finished appends and
/// machine.next_deadline(); sleeps otherwise. Every public member may be called from any thread.
template <engine::StateMachine M>
class EngineThread {
 public:
  using Engine = engine::Engine<M>;
  using Command = typename M::Command;
  using Completion = typename Engine::Completion;
  using Read = typename Engine::Read;
  using DurableAction = typename Engine::DurableAction;

  struct Submission {
    Command command;
    Completion done;
  };

  /// Replays the store into the machine, calls machine.start(now) if there is one, and starts the
  /// thread. `store` outlives this object. Refuses with what engine::replay_store refuses.
  static core::Result<std::unique_ptr<EngineThread>> start(std::unique_ptr<M> machine,
                                                           storage::Store& store,
                                                           EngineHooks<M> hooks) {
    auto reader = store.open_reader();
    if (!reader) return reader.error();
    auto snapshots = store.open_snapshots();
    if (!snapshots) return snapshots.error();
    auto report = engine::replay_store(*machine, **reader, **snapshots);
    if (!report) return report.error();
    const core::Time now = std::max(read_clock(), report->last_time);
    if constexpr (requires { machine->start(now); }) machine->start(now);
    return std::unique_ptr<EngineThread>(
        new EngineThread(std::move(machine), store, std::move(hooks), std::move(*report)));
  }

  /// Stops without waiting for what is queued.
  ~EngineThread() { stop(core::Duration{0}); }
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  /// Queues a command; `done` runs on the engine's thread when the answer is durable, or at once on
  /// this one if it is refused: overloaded, stopping.
  void submit(Command command, Completion done) {
    {
      const std::lock_guard lock(mutex_);
      if (!is_stopping_ && commands_.size() < core::limits::commands_queued_max) {
        commands_.push_back({std::move(command), std::move(done)});
        wake_locked();
        return;
      }
    }
    if (done) done(core::Error{stop_or_overload(), "engine"});
  }

  /// Queues commands that are decided in one turn, so their events become durable together (as long
  /// as they are at most limits::batch_events_max / 2). Never refused as overloaded.
  void submit_together(std::vector<Submission> submissions) {
    {
      const std::lock_guard lock(mutex_);
      if (!is_stopping_) {
        std::move(submissions.begin(), submissions.end(), std::back_inserter(commands_));
        wake_locked();
        return;
      }
    }
    for (Submission& each : submissions) {
      if (each.done) each.done(core::Error{core::Reason::stopping, "engine"});
    }
  }

  /// Looks at the state on the engine's thread; the returned action runs there once that state is
  /// durable. Given a refusal instead of a state when the store is unavailable or all is stopping.
  void read(Read look) {
    {
      const std::lock_guard lock(mutex_);
      if (!is_stopping_) {
        reads_.push_back(std::move(look));
        wake_locked();
        return;
      }
    }
    if (auto action = look(core::Error{core::Reason::stopping, "engine"})) action();
  }

  /// Takes nothing more, finishes what is queued within `grace`, and joins the thread. True if
  /// everything decided is durable and answered. Not to be called on the engine's thread.
  bool stop(core::Duration grace) {
    {
      const std::lock_guard lock(mutex_);
      if (!is_stopping_) {
        is_stopping_ = true;
        stop_at_ = Clock::now() + std::chrono::microseconds(grace.count);
      }
      wake_locked();
    }
    if (thread_.joinable()) thread_.join();
    return is_drained_;
  }

  /// The last durable index. Any thread.
  storage::LogIndex durable_index() const { return durable_.load(std::memory_order_acquire); }
  bool is_store_unavailable() const { return is_unavailable_.load(std::memory_order_relaxed); }
  const engine::ReplayReport& replay_report() const { return replay_; }
  std::thread::id thread_id() const { return thread_.get_id(); }

  /// The machine after stop() returned.
  const M& get_stopped_machine() const {
    assert(!thread_.joinable());
    return *machine_;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // A jump of the clock is noticed after this long at the latest.
  static constexpr core::Duration kSleepMax = core::seconds(10);
  // A turn shorter than this did nothing, although more is queued: it waits for the store.
  static constexpr std::chrono::microseconds kEmptyTurn{20};

  EngineThread(std::unique_ptr<M> machine, storage::Store& store, EngineHooks<M> hooks,
               engine::ReplayReport replay)
      : machine_(std::move(machine)),
        hooks_(std::move(hooks)),
        replay_(std::move(replay)),
        durable_(replay_.last.index),
        log_(store, [this] { wake_for_store(); }),
        engine_(*machine_, log_, replay_.last, replay_.last_time) {
    engine_.set_durable_observer([this](const std::vector<std::uint64_t>& subjects) {
      durable_.store(engine_.durable_index(), std::memory_order_release);
      if (hooks_.on_durable) hooks_.on_durable(*machine_, engine_.durable_index(), subjects);
    });
    thread_ = std::thread([this] { run(); });
  }

  core::Reason stop_or_overload() {
    const std::lock_guard lock(mutex_);
    return is_stopping_ ? core::Reason::stopping : core::Reason::overloaded;
  }

  void wake_locked() {
    is_woken_ = true;
    if (is_asleep_) changed_.notify_one();
  }

  void wake_for_store() {
    const std::lock_guard lock(mutex_);
    wake_locked();
  }

  void take_queued() {
    {
      const std::lock_guard lock(mutex_);
      is_woken_ = false;
      taken_commands_.swap(commands_);
      taken_reads_.swap(reads_);
    }
    for (Submission& each : taken_commands_) {
      engine_.submit(std::move(each.command), std::move(each.done));
    }
    for (Read& each : taken_reads_) engine_.read(std::move(each));
    taken_commands_.clear();
    taken_reads_.clear();
  }

  void run() {
    while (true) {
      take_queued();
      const core::Time now = read_clock();
      const Clock::time_point began = Clock::now();
      const bool has_more = engine_.poll(now);
      note_store();
      if (hooks_.on_turn_end) hooks_.on_turn_end(*machine_, now);
      if (!sleep_or_end(has_more, now, began)) return;
    }
  }

  void note_store() {
    const std::optional<core::Error>& failure = engine_.store_failure();
    if (is_unavailable_.exchange(failure.has_value()) == failure.has_value()) return;
    if (hooks_.on_store_change) hooks_.on_store_change(failure ? &*failure : nullptr);
  }

  // Waits until there is something to do; false when the loop is over.
  bool sleep_or_end(bool has_more, core::Time now, Clock::time_point began) {
    std::chrono::microseconds wait{0};
    if (!has_more) {
      wait = std::chrono::microseconds(find_sleep(now).count);
    } else if (Clock::now() - began < kEmptyTurn) {
      wait = std::chrono::milliseconds(1);
    }
    std::unique_lock lock(mutex_);
    if (is_stopping_) {
      is_drained_ = commands_.empty() && reads_.empty() && engine_.is_idle();
      const Clock::time_point at = Clock::now();
      if (is_drained_ || at >= stop_at_) return false;
      const auto left = std::chrono::duration_cast<std::chrono::microseconds>(stop_at_ - at);
      wait = std::min({wait, left + std::chrono::milliseconds(1),
                       std::chrono::microseconds(std::chrono::milliseconds(50))});
    }
    if (wait.count() > 0 && !is_woken_) {
      is_asleep_ = true;
      changed_.wait_for(lock, wait, [this] { return is_woken_; });
      is_asleep_ = false;
    }
    return true;
  }

  core::Duration find_sleep(core::Time now) const {
    core::Duration sleep = kSleepMax;
    if constexpr (requires(const M& machine) { machine.next_deadline(); }) {
      const core::Time deadline = machine_->next_deadline();
      if (deadline < now + kSleepMax) {
        sleep = std::max(deadline - now, core::milliseconds(1));
      }
    }
    if (engine_.is_store_unavailable()) {
      sleep = std::min(sleep, core::limits::append_retry_interval);
    }
    return sleep;
  }

  const std::unique_ptr<M> machine_;
  const EngineHooks<M> hooks_;
  const engine::ReplayReport replay_;
  std::atomic<storage::LogIndex> durable_;
  std::atomic<bool> is_unavailable_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Submission> commands_;
  std::vector<Read> reads_;
  bool is_woken_ = false;
  bool is_asleep_ = false;
  bool is_stopping_ = false;
  bool is_drained_ = false;
  Clock::time_point stop_at_;

  StoreThread log_;
  Engine engine_;  // Used by the thread only.
  std::vector<Submission> taken_commands_;
  std::vector<Read> taken_reads_;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace intertie::service
