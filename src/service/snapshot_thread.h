// A second fold of the log on a thread of its own: writes snapshots, checks the engine's state.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"
#include "intertie/engine/replay.h"
#include "intertie/storage/store.h"

#include "log.h"

namespace intertie::service {

struct SnapshotPolicy {
  std::uint64_t records = 100'000;              // A snapshot after so many records,
  core::Duration interval = core::minutes(10);  // or after so long if there is any new one.
};

/// Folds from the newest snapshot on, with a machine of its own that lives only while it folds, so
/// an idle hub does not hold its state twice.
template <engine::StateMachine M>
class SnapshotThread {
 public:
  using MakeMachine = std::function<std::unique_ptr<M>()>;

  /// `store` and `log` outlive this object.
  SnapshotThread(storage::Store& store, MakeMachine make_machine, SnapshotPolicy policy, Log& log)
      : store_(store),
        make_machine_(std::move(make_machine)),
        policy_(policy),
        log_(log),
        thread_([this] { run(); }) {}
  ~SnapshotThread() { join(); }
  SnapshotThread(const SnapshotThread&) = delete;
  SnapshotThread& operator=(const SnapshotThread&) = delete;

  /// What the engine's replay found: the newest snapshot and the log's end.
  void note_start(storage::LogIndex snapshot, storage::LogIndex durable) {
    written_.store(snapshot);
    durable_.store(durable);
  }

  /// The log is durable up to here. Cheap; the engine's thread.
  void note_durable(storage::LogIndex durable) {
    durable_.store(durable, std::memory_order_relaxed);
    if (durable >= written_.load(std::memory_order_relaxed) + policy_.records &&
        !is_due_.exchange(true)) {
      const std::lock_guard lock(mutex_);
      changed_.notify_one();
    }
  }

  /// At a graceful stop, the engine having ended: folds to the log's end, writes the snapshot, and
  /// compares with the engine's machine. store_damaged: the two folds differ.
  core::Result<void> finish(const M& engine_machine) {
    join();
    auto folded = fold_and_write();
    if (!folded) return folded.error();
    const crypto::Digest engine_digest =
        crypto::compute_sha256(std::string_view(engine_machine.encode_state()));
    if (engine_digest == folded->state_digest) return {};
    return core::Error{core::Reason::store_damaged,
                       "two folds of the same log differ at record " +
                           std::to_string(folded->index) + ": engine " +
                           crypto::to_text(engine_digest) + ", snapshot " +
                           crypto::to_text(folded->state_digest)};
  }

 private:
  struct Folded {
    storage::LogIndex index = 0;
    crypto::Digest state_digest;
  };

  void run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
      changed_.wait_for(lock, std::chrono::microseconds(policy_.interval.count),
                        [this] { return is_stopping_ || is_due_.load(); });
      if (is_stopping_) return;
      if (durable_.load() == written_.load()) continue;
      lock.unlock();
      if (auto folded = fold_and_write(); !folded) {
        log_.write(LogLevel::error, "snapshots", "failed",
                   {{"detail", core::to_text(folded.error())}});
        written_.store(durable_.load());  // Not again before the next interval.
      }
      is_due_.store(false);
      lock.lock();
    }
  }

  core::Result<Folded> fold_and_write() {
    auto reader = store_.open_reader();
    if (!reader) return reader.error();
    auto snapshots = store_.open_snapshots();
    if (!snapshots) return snapshots.error();
    const std::unique_ptr<M> machine = make_machine_();
    auto report = engine::replay_store(*machine, **reader, **snapshots);
    if (!report) return report.error();
    storage::Snapshot snapshot;
    snapshot.index = report->last.index;
    snapshot.chain = report->last.chain;
    snapshot.bytes = machine->encode_state();
    snapshot.state_digest = crypto::compute_sha256(std::string_view(snapshot.bytes));
    const Folded folded{snapshot.index, snapshot.state_digest};
    if (report->heads > 0) {
      if (auto done = (*snapshots)->write_snapshot(snapshot); !done) return done.error();
      log_.write(LogLevel::info, "snapshots", "written",
                 {{"index", static_cast<std::int64_t>(snapshot.index)},
                  {"bytes", static_cast<std::int64_t>(snapshot.bytes.size())}});
    }
    written_.store(folded.index);
    return folded;
  }

  void join() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  storage::Store& store_;
  const MakeMachine make_machine_;
  const SnapshotPolicy policy_;
  Log& log_;
  std::atomic<storage::LogIndex> durable_{0};
  std::atomic<storage::LogIndex> written_{0};  // Of the newest snapshot.
  std::atomic<bool> is_due_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_stopping_ = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace intertie::service
