// The folders of attempts: FOLDER/<job>.<attempt>/<rank>/, and what is read from them afterwards.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/agent/state.h"
#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/execution/site_messages.h"

#include "fail_points.h"
#include "site_content.h"
#include "site_file_plan.h"

namespace intertie::service {

/// A piece of a file, and how long the file is now.
struct FilePiece {
  std::string bytes;
  std::uint64_t size = 0;
};

/// What was collected: ATTEMPT/outputs.json.
struct CollectedOutputs {
  std::vector<execution::OutputFile> outputs;
  std::string missing;  // Names, separated by ", "; behind one in brackets why it was not taken.
};
BOOST_DESCRIBE_STRUCT(CollectedOutputs, (), (outputs, missing))

/// Any thread; two threads never work on one attempt at the same time.
class SiteTasks {
 public:
  /// `folder` is made if missing (0700: nobody but this user gets in).
  static core::Result<std::unique_ptr<SiteTasks>> open(std::string folder, SiteContent& content,
                                                       FailPoints& fail_points);

  /// "7.1": how an attempt is called in folders and in the content store.
  static std::string format_name(const agent::AttemptId& attempt);
  std::string get_rank_folder(const agent::AttemptId& attempt, std::uint32_t rank) const;

  /// Removes what an interrupted try left and makes the rank's folders. io_failed.
  core::Result<void> make_rank(const agent::AttemptId& attempt, std::uint32_t rank,
                               const FilePlan& plan);

  /// Puts a file at `place` of the rank: a copy of the owner's dataset, or `content` without one.
  struct InputFile {
    std::string place;
    std::optional<crypto::Digest> dataset;
    std::string owner;
    std::string content;
    bool is_executable = false;
  };
  core::Result<void> put_input(const agent::AttemptId& attempt, std::uint32_t rank,
                               const InputFile& input);

  /// Keeps the attempt's sealed boxes (JSON) beside its ranks' folders, where no task looks:
  /// ATTEMPT/boxes.json (0600). collect() removes them. io_failed; not_found.
  core::Result<void> keep_boxes(const agent::AttemptId& attempt, const std::string& boxes);
  core::Result<std::string> read_boxes(const agent::AttemptId& attempt) const;

  /// Stores the promised outputs, each from the first rank that has it. What is no regular file, is
  /// not reached beneath the rank's folder, belongs to somebody else under a second name, or is too
  /// large for the store counts as missing: the task may have planted it.
  core::Result<CollectedOutputs> collect(const agent::AttemptId& attempt,
                                         const std::vector<std::uint32_t>& ranks,
                                         const FilePlan& plan);

  /// "stdout", "stderr" of a rank, or "output:<name>". not_found; bad_field for another name.
  core::Result<FilePiece> read(const agent::AttemptId& attempt, std::uint32_t rank,
                               const std::string& file, std::uint64_t offset,
                               std::uint64_t length) const;

  /// Removes the folders of attempts for which `is_needed` is false: those not touched for `keep`,
  /// and the oldest until the rest fits `bytes_max`. Returns how many went.
  using IsNeeded = std::function<bool(const agent::AttemptId&)>;
  std::size_t sweep(const IsNeeded& is_needed, core::Duration keep, core::Bytes bytes_max) const;

 private:
  SiteTasks(std::string folder, SiteContent& content, FailPoints& fail_points)
      : folder_(std::move(folder)), content_(content), fail_points_(fail_points) {}
  std::string get_folder(const agent::AttemptId& attempt) const;

  const std::string folder_;
  SiteContent& content_;
  FailPoints& fail_points_;
};

}  // namespace intertie::service
