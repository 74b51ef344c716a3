// The small shared file of one task, by which launcher and meter speak across restarts.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/task.h"

#include "descriptor.h"

namespace intertie::execution_runners {

/// Mapped by both. Every figure is one atomic word, so a reader never sees half a value, and what
/// was written survives the death of either process. All times are microseconds. A meter holds a
/// file lock while it has the task: whoever can take the lock knows that the meter has gone or is
/// done with it.
struct ControlBlock {
  static constexpr std::uint64_t kMagic = 0x31304c5443544e49u;  // "INTCTL01".
  static constexpr std::int64_t kNoLease = INT64_MAX;

  std::atomic<std::uint64_t> magic;
  std::atomic<std::int64_t> lease_deadline;  // Boot clock.
  std::atomic<std::int64_t> meter_pid;       // In the launcher's process name space.
  std::atomic<std::int64_t> user;            // The task's user id; -1 = the launcher's own.
  std::atomic<std::int64_t> started;         // Wall clock; 0 = not yet.
  std::atomic<std::int64_t> started_boot;
  std::atomic<std::int64_t> seen;  // Wall clock of the last heartbeat.
  std::atomic<std::int64_t> seen_boot;
  std::atomic<std::int64_t> cpu_user;
  std::atomic<std::int64_t> cpu_system;
  std::atomic<std::int64_t> memory_peak;
  std::atomic<std::int64_t> bytes_written;
  std::atomic<std::int64_t> sources;    // Three bytes: CPU, memory, IO.
  std::atomic<std::int64_t> cancelled;  // 1: the task is to be ended.
  // The gang's network, zero-terminated. Written before the meter exists, and never again.
  std::array<char, 136> network;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

/// Owns the mapping and, in the meter, the locked descriptor.
class ControlFile {
 public:
  /// Makes the file, locked. already_exists if it is there.
  static core::Result<ControlFile> create(int folder, const std::string& name);
  /// Opens an existing one. bad_syntax if it is not such a file.
  static core::Result<ControlFile> open(int folder, const std::string& name);
  /// The same for a file that is open, with its lock if it has one.
  static core::Result<ControlFile> take(Descriptor file);

  ControlFile(ControlFile&&) noexcept = default;
  ControlFile& operator=(ControlFile&&) noexcept = default;

  ControlBlock& block() const { return *block_; }
  int descriptor() const { return file_.get(); }
  /// Gives the lock up in this process (a meter that was sent the descriptor keeps it).
  void close_descriptor() { file_.reset(); }
  /// True when a meter lives. Only for files from open().
  bool is_meter_alive() const;
  /// True when the file has been removed: its site's folder has gone. Needs the descriptor.
  bool is_removed() const;

 private:
  struct Unmap {
    void operator()(ControlBlock* block) const;
  };
  ControlFile(Descriptor file, ControlBlock* block);

  Descriptor file_;
  std::unique_ptr<ControlBlock, Unmap> block_;
};

void store_measured(ControlBlock& block, const execution::Measured& measured);
execution::Measured load_measured(const ControlBlock& block);

}  // namespace intertie::execution_runners
