// What the agent remembers of each batch, in its own folder: batches/NUMBER.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/execution/task.h"
#include "intertie/execution_slurm/submission.h"

namespace intertie::slurm_runner {

/// One task of a batch. `key`'s reports must be signed with `public_key`.
struct RecordedTask {
  execution::TaskKey key;
  std::string folder;  // Of the rank.
  std::string public_key;
  bool is_leased = false;
  std::uint32_t tries = 1;  // Batches that it has been in.
};
BOOST_DESCRIBE_STRUCT(RecordedTask, (), (key, folder, public_key, is_leased, tries))

/// Written before the submission with job 0, and again when Slurm has given a number. Between the
/// two a crash leaves open whether the job is there; its name tells.
struct BatchRecord {
  std::uint64_t number = 0;
  std::string unix_user;
  execution_slurm::Submission submission;
  std::vector<RecordedTask> tasks;
  std::uint64_t job = 0;
};
BOOST_DESCRIBE_STRUCT(BatchRecord, (), (number, unix_user, submission, tasks, job))

/// The folder of the records, and what stands above them: the tag of this site.
struct BatchStore {
  std::string folder;

  /// Made at the first start: 8 hex digits. io_failed.
  core::Result<std::string> open_tag() const;
  /// io_failed; a record that cannot be read stops the start: bad_syntax.
  core::Result<std::vector<BatchRecord>> read_all() const;
  core::Result<void> write(const BatchRecord& record) const;
  void remove(std::uint64_t number) const;
};

}  // namespace intertie::slurm_runner
