// Progress of what takes longer than two seconds.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "intertie/core/time.h"

#include "session/terminal.h"

namespace intertie::cli {

/// A bar on a terminal, redrawn at most ten times a second; otherwise a line every ten seconds.
/// Nothing with --quiet or where programs read (JSON), and nothing before two seconds have passed.
/// One thread.
class Progress {
 public:
  Progress(const Terminal& terminal, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `detail`: the present step, or a rate. `all` 0: nobody knows how much there is; no bar.
  void update(std::uint64_t done, std::uint64_t all, std::string_view detail);
  /// The same, with "12 MiB/s, 5s left" as the detail.
  void update_bytes(std::uint64_t done, std::uint64_t all);
  /// Removes the bar.
  void finish();

 private:
  const Terminal& terminal_;
  std::string what_;
  core::Time started_;
  core::Time told_;
  bool is_drawn_ = false;
};

/// How far something is.
struct WorkSeen {
  std::uint64_t done = 0;
  std::uint64_t all = 0;  // 0: unknown.
  std::string detail;
  bool is_bytes = false;  // The detail is their rate, then.
};

/// Progress of a call that does not return meanwhile: a thread of its own asks `look`, until this
/// ends. `look` and what it reads must be safe to use from there.
class ProgressThread {
 public:
  ProgressThread(const Terminal& terminal, std::string what, std::function<WorkSeen()> look);
  ~ProgressThread();
  ProgressThread(const ProgressThread&) = delete;
  ProgressThread& operator=(const ProgressThread&) = delete;

 private:
  void watch(const Terminal& terminal, const std::string& what);

  std::function<WorkSeen()> look_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_over_ = false;
  std::thread thread_;
};

/// For what takes about so long: the bar is of time, and stays below its end.
std::function<WorkSeen()> look_at_time(core::Duration expected);

/// For what takes nobody knows how long: says since when.
std::function<WorkSeen()> look_at_age();

}  // namespace intertie::cli
