// What is asked of Slurm: the arguments of sbatch, and what its answers mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution_slurm/inventory.h"

namespace intertie::execution_slurm {

/// How a batch's tasks share what Slurm gives.
///   tasks: each is a job, or an element of an array.
///   pilot: one job on one node, in which `slots` of the tasks run at a time.
///   gang_on_node: one job on one node, all tasks at once (they share a private network).
///   gang: one job on as many nodes as Slurm likes; srun starts one driver for each rank.
enum class BatchKind : std::uint8_t { tasks, pilot, gang_on_node, gang };
BOOST_DESCRIBE_ENUM(BatchKind, tasks, pilot, gang_on_node, gang)

/// What each task of a batch needs.
struct TaskNeed {
  core::MilliCpus cpus;
  core::Bytes memory;
  std::vector<Gres> gres;
  core::Duration time_limit;  // 0: none.

  friend bool operator==(const TaskNeed&, const TaskNeed&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskNeed, (), (cpus, memory, gres, time_limit))

struct Submission {
  std::string name;
  BatchKind kind = BatchKind::tasks;
  std::uint32_t tasks = 1;
  std::uint32_t slots = 1;  // Of a pilot.
  TaskNeed need;
  std::string partition;
  std::string account;
  std::string qos;
  std::string constraint;
  std::string folder;                       // Of the batch: its log stands there.
  std::optional<std::int64_t> minutes_max;  // Of the partition.
};
BOOST_DESCRIBE_STRUCT(Submission, (),
                      (name, kind, tasks, slots, need, partition, account, qos, constraint, folder,
                       minutes_max))

/// Whole processors, at least one: Slurm sells no parts of them.
std::int64_t compute_cpus(core::MilliCpus cpus);

/// Minutes for Slurm's own limit: the tasks' limit, once for each turn of a pilot, and two minutes
/// for what is around them; never above the partition's. The meter keeps the exact limit. 0: none
/// was asked for, and the partition's default applies.
std::int64_t compute_minutes(const Submission& submission);

/// The arguments after "sbatch". The script comes on standard input. Jobs are never requeued by
/// Slurm: whether a task runs again is the hub's decision.
std::vector<std::string> make_sbatch_arguments(const Submission& submission);

/// The batch script: the driver with the batch's folder, under srun for a gang over several nodes.
/// `program` and `folder` are quoted for the shell.
std::string make_script(const Submission& submission, std::string_view program);

/// What became of a submission. refused: Slurm said no, and nothing is there. later: nothing is
/// there, try again. unknown: it may be there or not; look for the batch's name.
enum class SubmitVerdict : std::uint8_t { accepted, refused, later, unknown };

struct SubmitOutcome {
  SubmitVerdict verdict = SubmitVerdict::unknown;
  std::uint64_t job = 0;  // Of accepted.
  std::string detail;     // What Slurm said.
};

/// Reads the answer of `sbatch --parsable`: exit code (negative: it was killed or timed out),
/// output ("12" or "12;cluster") and complaints.
SubmitOutcome read_submit_answer(int exit_code, std::string_view output, std::string_view errors);

/// "KillWait = 30 sec" of `scontrol show config`; nothing if it is not there.
std::optional<std::int64_t> find_config_number(std::string_view config, std::string_view name);

/// "slurm 22.05.8", "slurm-wlm 22.05.8": major, minor; nothing if it is no version.
struct SlurmVersion {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  friend auto operator<=>(const SlurmVersion&, const SlurmVersion&) = default;
};
std::optional<SlurmVersion> parse_version(std::string_view text);

}  // namespace intertie::execution_slurm
