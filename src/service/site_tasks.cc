#include "site_tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/execution/task.h"
#include "intertie/execution_runners/task_tree.h"

#include "clock.h"
#include "files.h"
#include "site_descriptor.h"

namespace intertie::service {
namespace {

constexpr std::string_view kOutputPrefix = "output:";

core::Result<void> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return make_io_error("write of an input");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

struct FoundOutput {
  SiteDescriptor file;  // Closed if there is none.
  std::string refusal;  // Why what is there is not taken.
};

/// A regular file beneath `folder`, whatever the task has planted there.
FoundOutput find_output(const std::string& folder, const std::string& place) {
  FoundOutput found;
  const SiteDescriptor root(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  SiteDescriptor file(
      static_cast<int>(::syscall(SYS_openat2, root.get(), place.c_str(), &how, sizeof how)));
  struct stat status {};
  struct stat work {};
  if (!file.is_open()) {
    if (errno == EXDEV) found.refusal = "a link out of the task's folder";
    if (errno == ENXIO || errno == ELOOP) found.refusal = "not a file";
    return found;
  }
  const std::string own(execution::kWorkFolder);
  if (::fstat(file.get(), &status) != 0 || ::fstatat(root.get(), own.c_str(), &work, 0) != 0) {
    return found;
  }
  // A second name of a file that belongs to somebody else: the agent may read what the task may
  // not.
  const bool is_anothers = status.st_nlink > 1 && status.st_uid != work.st_uid;
  if (!S_ISREG(status.st_mode)) {
    found.refusal = "not a file";
  } else if (is_anothers) {
    found.refusal = "a hard link to somebody else's file";
  } else {
    found.file = std::move(file);
  }
  return found;
}

core::Result<FilePiece> read_piece(const std::string& path, std::uint64_t offset,
                                   std::uint64_t length) {
  const SiteDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) return core::Error{core::Reason::not_found, "no such file at the site"};
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return make_io_error(path);
  FilePiece piece;
  piece.size = static_cast<std::uint64_t>(status.st_size);
  if (offset >= piece.size) return piece;
  piece.bytes.resize(std::min(length, piece.size - offset));
  std::size_t done = 0;
  while (done < piece.bytes.size()) {
    const ssize_t count = ::pread(file.get(), piece.bytes.data() + done, piece.bytes.size() - done,
                                  static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_io_error(path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  piece.bytes.resize(done);
  return piece;
}

std::optional<agent::AttemptId> parse_name(const std::string& name) {
  agent::AttemptId id;
  const char* end = name.data() + name.size();
  const auto job = std::from_chars(name.data(), end, id.first);
  if (job.ec != std::errc() || job.ptr == end || *job.ptr != '.') return std::nullopt;
  const auto attempt = std::from_chars(job.ptr + 1, end, id.second);
  if (attempt.ec != std::errc() || attempt.ptr != end) return std::nullopt;
  return id;
}

}  // namespace

core::Result<std::unique_ptr<SiteTasks>> SiteTasks::open(std::string folder, SiteContent& content,
                                                         FailPoints& fail_points) {
  if (auto made = make_private_folder(folder); !made) return made.error();
  return std::unique_ptr<SiteTasks>(new SiteTasks(std::move(folder), content, fail_points));
}

std::string SiteTasks::format_name(const agent::AttemptId& attempt) {
  return std::to_string(attempt.first) + "." + std::to_string(attempt.second);
}

std::string SiteTasks::get_folder(const agent::AttemptId& attempt) const {
  return folder_ + "/" + format_name(attempt);
}

std::string SiteTasks::get_rank_folder(const agent::AttemptId& attempt, std::uint32_t rank) const {
  return get_folder(attempt) + "/" + std::to_string(rank);
}

core::Result<void> SiteTasks::make_rank(const agent::AttemptId& attempt, std::uint32_t rank,
                                        const FilePlan& plan) {
  const std::string folder = get_rank_folder(attempt, rank);
  if (auto made = make_private_folder(get_folder(attempt)); !made) return made;
  if (auto removed = execution_runners::remove_tree(folder); !removed) return removed;
  if (auto made = make_private_folder(folder); !made) return made;
  for (const std::string& each : plan.folders) {
    const std::string path = folder + "/" + each;
    // Readable by the task, which may have a user of its own; the folder above keeps others out.
    if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), 0755) != 0) {
      return make_io_error("mkdir " + path);
    }
  }
  return {};
}

core::Result<void> SiteTasks::put_input(const agent::AttemptId& attempt, std::uint32_t rank,
                                        const InputFile& input) {
  const std::string path = get_rank_folder(attempt, rank) + "/" + input.place;
  const mode_t mode = input.is_executable ? 0755 : 0644;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const SiteDescriptor file(::open(path.c_str(), flags, mode));
  if (!file.is_open()) return make_io_error(path);
  const auto written = input.dataset ? content_.copy_to(input.owner, *input.dataset, file.get())
                                     : write_all(file.get(), input.content);
  if (!written) return written;
  if (::fchmod(file.get(), mode) != 0) return make_io_error(path);
  return {};
}

core::Result<void> SiteTasks::keep_boxes(const agent::AttemptId& attempt,
                                         const std::string& boxes) {
  if (auto made = make_private_folder(get_folder(attempt)); !made) return made;
  return write_file_durably(get_folder(attempt) + "/boxes.json", boxes, 0600);
}

core::Result<std::string> SiteTasks::read_boxes(const agent::AttemptId& attempt) const {
  return read_private_file(get_folder(attempt) + "/boxes.json", core::limits::document_bytes_max);
}

core::Result<CollectedOutputs> SiteTasks::collect(const agent::AttemptId& attempt,
                                                  const std::vector<std::uint32_t>& ranks,
                                                  const FilePlan& plan) {
  ::unlink((get_folder(attempt) + "/boxes.json").c_str());  // Most attempts have none.
  CollectedOutputs collected;
  for (const PlannedOutput& output : plan.outputs) {
    const auto miss = [&](const std::string& why) {
      collected.missing += (collected.missing.empty() ? "" : ", ") + output.name;
      if (!why.empty()) collected.missing += " (" + why + ")";
    };
    FoundOutput found;
    std::string refusal;
    for (const std::uint32_t rank : ranks) {
      found = find_output(get_rank_folder(attempt, rank), output.place);
      if (found.file.is_open()) break;
      if (refusal.empty()) refusal = found.refusal;
    }
    if (!found.file.is_open()) {
      miss(refusal);
      continue;
    }
    const auto stored = content_.store(found.file.get(), format_name(attempt));
    if (!stored && stored.error().reason == core::Reason::too_large) {
      miss(stored.error().detail);
      continue;
    }
    if (!stored) return stored.error();
    collected.outputs.push_back({output.name, crypto::to_text(stored->digest), stored->size});
  }
  fail_points_.pass(ServicePoint::outputs_before_write);
  const auto written =
      write_file_durably(get_folder(attempt) + "/outputs.json", codec::to_json(collected), 0600);
  if (!written) return written.error();
  fail_points_.pass(ServicePoint::outputs_after_write);
  return collected;
}

core::Result<FilePiece> SiteTasks::read(const agent::AttemptId& attempt, std::uint32_t rank,
                                        const std::string& file, std::uint64_t offset,
                                        std::uint64_t length) const {
  const std::string folder = get_rank_folder(attempt, rank) + "/";
  if (file == "stdout") {
    return read_piece(folder + std::string(execution::kStdoutFile), offset, length);
  }
  if (file == "stderr") {
    return read_piece(folder + std::string(execution::kStderrFile), offset, length);
  }
  if (!file.starts_with(kOutputPrefix)) return core::Error{core::Reason::bad_field, "file"};
  const auto text =
      read_whole_file(get_folder(attempt) + "/outputs.json", core::limits::document_bytes_max);
  if (!text) return core::Error{core::Reason::not_found, "no outputs of this attempt here"};
  const auto collected = codec::from_json<CollectedOutputs>(*text, codec::Boundary::tolerant);
  if (!collected) return collected.error();
  const std::string name = file.substr(kOutputPrefix.size());
  for (const execution::OutputFile& output : collected->outputs) {
    if (output.name != name) continue;
    const auto digest = crypto::parse_digest(output.digest);
    if (!digest) return digest.error();
    auto bytes = content_.read(format_name(attempt), *digest, offset, length);
    if (!bytes) return bytes.error();
    return FilePiece{std::move(*bytes), static_cast<std::uint64_t>(output.size.count)};
  }
  return core::Error{core::Reason::not_found, "output " + name};
}

std::size_t SiteTasks::sweep(const IsNeeded& is_needed, core::Duration keep,
                             core::Bytes bytes_max) const {
  struct Kept {
    core::Time touched;
    std::int64_t bytes = 0;
    std::filesystem::path path;
  };
  std::vector<Kept> kept;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const auto id = parse_name(entry.path().filename());
    struct stat status {};
    if (!id || is_needed(*id) || ::stat(entry.path().c_str(), &status) != 0) continue;
    const core::Time touched{static_cast<std::int64_t>(status.st_mtime) * 1'000'000};
    kept.push_back({touched, execution_runners::measure_tree(entry.path()), entry.path()});
  }
  std::ranges::sort(kept, [](const Kept& a, const Kept& b) { return a.touched > b.touched; });
  const core::Time oldest = read_clock() - keep;
  std::int64_t bytes = 0;
  std::size_t removed = 0;
  for (const Kept& each : kept) {
    bytes += each.bytes;
    if (each.touched >= oldest && bytes <= bytes_max.count) continue;
    content_.remove_outputs(each.path.filename());
    if (execution_runners::remove_tree(each.path)) ++removed;
  }
  return removed;
}

}  // namespace intertie::service
