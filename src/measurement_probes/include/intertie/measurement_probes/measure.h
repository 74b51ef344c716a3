// Measures this machine: the unsigned measurement statement.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/measurement/device_kind.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement_probes {

/// One step of a measurement, told before it starts.
struct Progress {
  std::int64_t step = 0;   // From 0.
  std::int64_t steps = 0;  // In all.
  std::string what;        // "fp64 peak", "memory triad", ...
};

struct Options {
  std::string subject;
  std::string record_hash;
  bool is_quick = false;              // About 1.5 s instead of 8 s; wider spreads.
  std::filesystem::path disk_folder;  // Where the disk is tried; empty: the disk is not measured.
  std::filesystem::path root = "/";   // Where devices are looked for.
  std::vector<measurement::DeviceKind> device_kinds = measurement::get_builtin_device_kinds();
  core::Duration validity = core::hours(24 * 7);
  int threads = 0;                                // 0: one for each whole usable processor.
  std::function<void(const Progress&)> progress;  // Called on the caller's thread; may be empty.
  std::function<bool()> should_stop;              // Asked before each step; may be empty.
};

/// Runs every kernel this processor has on all usable processors, the triad, the disk and the
/// devices' probes. Starts and joins its own threads, writes one file in `disk_folder` and removes
/// it. Each repeat's arithmetic is checked. Refuses with io_failed (disk), out_of_range (options),
/// internal (a kernel's result was wrong: the machine computes wrongly), stopping (should_stop).
core::Result<measurement::Statement> measure(const Options& options);

}  // namespace intertie::measurement_probes
