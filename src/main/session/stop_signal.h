// Ctrl-C and SIGTERM as something a verb can wait for.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "intertie/core/quantity.h"

namespace intertie::cli {

/// Catches SIGINT, SIGTERM and SIGHUP from its construction on. Make it before any other thread
/// exists: those inherit the mask. One at a time in a process.
class StopSignal {
 public:
  /// `on_repeat` runs on a thread of its own at the second signal, then the process ends at once
  /// with 130.
  explicit StopSignal(std::function<void()> on_repeat);
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool has_come() const { return count_.load() > 0; }
  /// Waits for the first signal, at most so long. Whether it has come.
  bool wait(core::Duration at_most) const;
  /// Waits for the first signal.
  void wait() const;
  /// Waits so long, or until a repeat ends the process.
  void wait_for_repeat(core::Duration at_most) const;

 private:
  void watch();

  std::function<void()> on_repeat_;
  std::atomic<int> count_ = 0;
  std::atomic<bool> is_over_ = false;
  std::thread watcher_;
};

/// Kills (SIGKILL) every process that descends from this one: the last resort when somebody does
/// not want to wait. Needs become_subreaper() before to see orphans too.
void kill_descendants();
void become_subreaper();

}  // namespace intertie::cli
