// Progress of what takes longer than two seconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "intertie/core/time.h"

#include "session/terminal.h"

namespace intertie::cli {

/// A bar on a terminal, redrawn at most ten times a second; otherwise a line every ten seconds.
/// Nothing with --quiet, and nothing before two seconds have passed. One thread.
class Progress {
 public:
  Progress(const Terminal& terminal, std::string what);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `detail`: the present step, or a rate.
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

}  // namespace intertie::cli
