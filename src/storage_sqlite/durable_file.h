// File operations that say when something is on the disk.
#pragma once

#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::storage_sqlite {

/// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release();

 private:
  int number_ = -1;
};

// All errors below are store_unavailable with the path and the system's answer, except where said.

/// Creates a folder with mode 0700, durably, unless it is there.
core::Result<void> make_folder(const std::string& path);

/// Creates an empty file with mode 0600, durably, unless it is there.
core::Result<void> make_file(const std::string& path);

/// Replaces the file's content; durable on return (its name may not be: see rename_durably).
core::Result<void> write_synced(const std::string& path, std::string_view bytes);

/// Renames within one folder; durable on return.
core::Result<void> rename_durably(const std::string& from, const std::string& to);

/// The whole file. not_found if there is none.
core::Result<std::string> read_whole_file(const std::string& path);

/// Makes what the file seems to hold durable, by writing the same bytes again and syncing them. A
/// plain sync is not enough: once it failed, the kernel may hold pages that it believes to be on
/// the disk and that are not (Rebello et al., "Can Applications Recover from fsync Failures?",
/// USENIX ATC 2020). A missing file is fine.
core::Result<void> rewrite_durably(const std::string& path);

core::Result<void> sync_file(const std::string& path);
core::Result<void> sync_folder(const std::string& path);

/// Whether there is anything under this name.
bool has_file(const std::string& path);

/// The folder that holds `path`.
std::string get_parent(const std::string& path);

/// The one writer's lock on a store: flock on <folder>/lock, released by the kernel when the
/// process ends however it ends. Also refuses a second holder within the process.
core::Result<FileDescriptor> lock_folder(const std::string& folder);

}  // namespace intertie::storage_sqlite
