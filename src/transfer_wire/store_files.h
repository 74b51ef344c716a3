// Files and folders as the content store writes them: durably, and under their name only when
// whole.
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::transfer_wire {

/// A file descriptor that is closed with its owner.
class OpenFile {
 public:
  explicit OpenFile(int number = -1) : number_(number) {}
  /// open(2) with O_CLOEXEC and mode 0600.
  OpenFile(const std::string& path, int flags);
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

/// io_failed (store_unavailable for ENOSPC, EDQUOT and EROFS) with what and errno's text.
core::Error make_file_error(const std::string& what);

/// mkdir with mode 0700; one that is there already is fine.
core::Result<void> make_folder(const std::string& path);
core::Result<void> sync_folder(const std::string& path);
core::Result<void> write_all(int file, std::string_view bytes);

/// As much as there is up to `length` from `offset`, appended.
core::Result<void> read_at(int file, std::uint64_t offset, std::size_t length, std::string& bytes);

/// Writes `temporary`, syncs it, renames it to `path`, syncs the folder.
core::Result<void> write_durably(const std::string& temporary, const std::string& path,
                                 std::string_view bytes);

/// not_found, io_failed, too_large.
core::Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

/// The file's times become `time`. Not durable.
void set_file_time(const std::string& path, core::Time time);

}  // namespace intertie::transfer_wire
