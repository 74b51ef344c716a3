// Following a job: its output as it is written, and how it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/result.h"

#include "output/escape.h"
#include "session/hub_session.h"
#include "session/terminal.h"

namespace intertie::cli {

/// Copies one stream of one task, from where it last stopped, to one of ours. On a terminal control
/// characters become visible.
class LogFollower {
 public:
  LogFollower(std::uint64_t job, std::string_view stream, std::uint32_t rank, std::string prefix,
              const Terminal& terminal);

  /// Reads what is there now. True: something came. After an unreachable site later calls go on
  /// where this one stopped. not_found: the task has no log; io_failed: our stdout takes no more.
  core::Result<bool> pump(HubSession& session);
  bool is_complete() const { return is_complete_; }
  /// A new attempt writes its log anew.
  void restart();
  /// Writes what waits for its end of line.
  void finish();

 private:
  bool write(std::string_view bytes);

  std::uint64_t job_;
  std::string stream_;
  std::uint32_t rank_;
  std::string prefix_;
  const Terminal* terminal_;
  std::uint64_t offset_ = 0;
  bool is_complete_ = false;
  bool is_line_start_ = true;
  ControlEscaper escaper_;
};

struct WatchOptions {
  std::uint32_t tasks = 1;
  std::function<bool()> should_stop;  // Asked between calls; empty: never.
};

struct WatchResult {
  api::JobView job;
  bool was_stopped = false;  // should_stop said so; the job may go on.
  bool is_unplaced = false;  // It waits and nothing the grid has now can ever run it.
};

/// Shows the job's output until it has ended.
core::Result<WatchResult> watch_job(api::JobView job, const WatchOptions& options,
                                    HubSession& session, const Terminal& terminal);

/// How the job ended, for stderr: "job 7 succeeded at site lab in 1.2s, 0.0004 CNY".
std::string render_ending(const api::JobView& job, const std::string& currency);

/// The program's own code where it ran; otherwise what the reason says.
int get_job_exit_code(const api::JobView& job);

/// Whether a waiting job waits in vain as the grid is now.
bool waits_in_vain(const api::JobView& job);

/// What to tell of one that does; it has a reason.
Complaint complain_in_vain(const api::JobView& job);

}  // namespace intertie::cli
