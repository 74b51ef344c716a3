// The queue as squeue prints it, and what a job's state means for the task in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"

namespace intertie::execution_slurm {

/// For `squeue -h -r -a -t all -o FORMAT`: one line for each job and each element of an array.
inline constexpr std::string_view kQueueFormat = "%i|%T|%r|%N|%j";

/// A job, or one element of an array.
struct SlurmJobId {
  std::uint64_t job = 0;
  std::optional<std::uint32_t> element;

  friend auto operator<=>(const SlurmJobId&, const SlurmJobId&) = default;
};

/// "12" or "12_3", as scancel takes it.
std::string to_text(const SlurmJobId& id);

/// waiting: it may still start. running: it has a node. ended_*: Slurm says that nothing runs.
enum class JobStage : std::uint8_t { waiting, running, ended };
BOOST_DESCRIBE_ENUM(JobStage, waiting, running, ended)

/// Why Slurm says a job has ended.
enum class JobEnd : std::uint8_t {
  completed,
  failed,
  cancelled,
  time_limit,
  memory_limit,
  preempted,
  node_failed,
};
BOOST_DESCRIBE_ENUM(JobEnd, completed, failed, cancelled, time_limit, memory_limit, preempted,
                    node_failed)

struct QueueRow {
  SlurmJobId id;
  JobStage stage = JobStage::waiting;
  std::optional<JobEnd> end;  // With stage ended.
  std::string state;          // As Slurm says it.
  std::string reason;         // Why it waits, for people; empty: none.
  bool has_node = false;      // It has, or had, nodes.
  std::string name;
};

/// All rows. Elements that stand together ("7_[2-5,8%3]", from a version that ignores -r) become a
/// row each. A line that cannot be read makes the whole answer unusable: bad_syntax with its
/// number and text. A job that is left out of an answer would count as forgotten, so half an
/// answer must not be believed.
core::Result<std::vector<QueueRow>> parse_queue(std::string_view output);

/// The name that a batch's job has in Slurm: "it-TAG-NUMBER". TAG tells sites apart that share a
/// cluster. By it an agent finds what it submitted and did not write down.
std::string make_batch_name(std::string_view tag, std::uint64_t number);
/// Nothing for jobs of others.
std::optional<std::uint64_t> find_batch_number(std::string_view name, std::string_view tag);

}  // namespace intertie::execution_slurm
