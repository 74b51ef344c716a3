// The life of one task at a site, as a pure state machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/describe.hpp>

namespace intertie::execution {

/// staging: inputs are on their way. ready: the folder is complete and the runner has been asked
/// or will be. running: the command has been started. ended: nothing of it runs any more.
/// collected: outputs are stored and the usage record is signed; the folder may go.
enum class TaskPhase : std::uint8_t { staging, ready, running, ended, collected };
BOOST_DESCRIBE_ENUM(TaskPhase, staging, ready, running, ended, collected)

/// What can happen to a task. aborted: it ends without having run (staging failed, cancelled, or
/// its lease lapsed before the start).
enum class TaskStep : std::uint8_t { staged, started, ended, aborted, collected };
BOOST_DESCRIBE_ENUM(TaskStep, staged, started, ended, aborted, collected)

/// The phase after `step`, or nothing if the step cannot happen in this phase. A task that the
/// runner could not start, or that ended before its start was seen, goes from ready to ended.
/// Pure, O(1).
std::optional<TaskPhase> find_next_phase(TaskPhase phase, TaskStep step);

/// True while processes of the task may exist: it must not get a newer attempt.
constexpr bool may_have_processes(TaskPhase phase) {
  return phase == TaskPhase::ready || phase == TaskPhase::running;
}

/// True when nothing more happens to the task.
constexpr bool is_final(TaskPhase phase) { return phase == TaskPhase::collected; }

}  // namespace intertie::execution
