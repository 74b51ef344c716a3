// The files by which agent and driver speak, in folders that both see.
//
// BATCH/plan.json        BatchPlan, from the agent
// BATCH/alive.INDEX      a number that grows while the driver INDEX lives
// RANK/engine/task.plan  TaskPlan (CBOR), from the agent; the driver removes it when it has read it
// RANK/engine/claim      made by the driver that takes the task; whoever finds it there leaves
// RANK/engine/cancel     made by the agent: end it, or do not begin
// RANK/engine/begun.json, RANK/engine/report.json   an envelope around a DriverReport
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/time.h"
#include "intertie/execution/task.h"
#include "intertie/execution_slurm/submission.h"

namespace intertie::execution_slurm {

inline constexpr std::string_view kEngineFolder = "engine";
inline constexpr std::string_view kReportPayloadType = "application/vnd.intertie.slurm-report+json";

/// What a driver needs to know of its batch. `report`: HOST:PORT where the agent listens; empty:
/// it only reads files. `silence`: a driver that cannot write its sign of life for so long ends its
/// tasks. `grace`: the most that Slurm leaves between SIGTERM and SIGKILL.
struct BatchPlan {
  std::string name;
  BatchKind kind = BatchKind::tasks;
  std::uint32_t slots = 1;
  std::vector<std::string> folders;  // Of the ranks; absolute.
  std::string report;
  core::Duration beat;
  core::Duration silence;
  core::Duration grace;

  friend bool operator==(const BatchPlan&, const BatchPlan&) = default;
};
BOOST_DESCRIBE_STRUCT(BatchPlan, (), (name, kind, slots, folders, report, beat, silence, grace))

/// One task. `seed`: 32 bytes in base64url, of the key that its reports are signed with; the agent
/// keeps the public half. `is_leased`: its hub's lease must be asked for before it starts.
struct TaskPlan {
  execution::RunRequest request;
  std::string seed;
  bool is_leased = false;
};
BOOST_DESCRIBE_STRUCT(TaskPlan, (), (request, seed, is_leased))

/// From the driver, signed with the task's own key. Without a result: the command runs.
struct DriverReport {
  execution::TaskKey key;
  core::Time started;
  std::optional<execution::TaskResult> result;
  bool is_terminated = false;  // Slurm told the driver to end.
  std::string slurm_job;       // As Slurm calls it: "12", "12_3".
  std::string node;
};
BOOST_DESCRIBE_STRUCT(DriverReport, (), (key, started, result, is_terminated, slurm_job, node))

/// A line from driver to agent. `envelope`: around a DriverReport. Otherwise a question: may the
/// task run, and until when? `sent`: the driver's boot-time clock, given back in the answer.
struct DriverLine {
  execution::TaskKey key;
  std::string envelope;
  core::Time sent;
};
BOOST_DESCRIBE_STRUCT(DriverLine, (), (key, envelope, sent))

/// The answer to a question. A lease counts from the moment the question was sent, on the driver's
/// own clock, so that neither clock offset nor network delay can lengthen it.
struct AgentLine {
  execution::TaskKey key;
  core::Time sent;
  std::optional<core::Duration> lease;
  bool cancel = false;
};
BOOST_DESCRIBE_STRUCT(AgentLine, (), (key, sent, lease, cancel))

}  // namespace intertie::execution_slurm
