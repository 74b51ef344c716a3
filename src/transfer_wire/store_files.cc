// Durable files.
#include "store_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace intertie::transfer_wire {

OpenFile::OpenFile(const std::string& path, int flags)
    : number_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}

OpenFile::~OpenFile() {
  if (number_ >= 0) ::close(number_);
}

OpenFile::OpenFile(OpenFile&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

core::Error make_file_error(const std::string& what) {
  const int code = errno;
  const bool is_store = code == ENOSPC || code == EDQUOT || code == EROFS;
  return {is_store ? core::Reason::store_unavailable : core::Reason::io_failed,
          what + ": " + std::strerror(code)};
}

core::Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return make_file_error(path);
}

core::Result<void> sync_folder(const std::string& path) {
  const OpenFile folder(path, O_RDONLY | O_DIRECTORY);
  if (!folder || ::fsync(folder.get()) != 0) return make_file_error(path);
  return {};
}

core::Result<void> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return make_file_error("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

core::Result<void> read_at(int file, std::uint64_t offset, std::size_t length, std::string& bytes) {
  // By way of a small buffer that stays in the cache: growing a text first writes zeros over all of
  // it, which for megabytes costs as much as reading them.
  std::array<char, 64u << 10> piece;
  const std::size_t end = bytes.size() + length;
  while (bytes.size() < end) {
    const std::size_t wanted = std::min(piece.size(), end - bytes.size());
    const ssize_t count = ::pread(file, piece.data(), wanted, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_file_error("read");
    if (count == 0) break;
    // All at once, and only for a file that has something there.
    bytes.reserve(end);
    bytes.append(piece.data(), static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

core::Result<void> write_durably(const std::string& temporary, const std::string& path,
                                 std::string_view bytes) {
  core::Result<void> done;
  {
    const OpenFile file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return make_file_error(temporary);
    done = write_all(file.get(), bytes);
    if (done && ::fsync(file.get()) != 0) done = make_file_error(temporary);
  }
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = make_file_error(path);
  if (!done) {
    ::unlink(temporary.c_str());
    return done;
  }
  return sync_folder(path.substr(0, path.rfind('/')));
}

core::Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const OpenFile file(path, O_RDONLY);
  if (!file && errno == ENOENT) return core::Error{core::Reason::not_found, path};
  if (!file) return make_file_error(path);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return make_file_error(path);
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > bytes_max) return core::Error{core::Reason::too_large, path};
  std::string bytes;
  if (auto done = read_at(file.get(), 0, size, bytes); !done) return done.error();
  return bytes;
}

void set_file_time(const std::string& path, core::Time time) {
  timespec times[2];
  times[0].tv_sec = time.micros / 1'000'000;
  times[0].tv_nsec = time.micros % 1'000'000 * 1'000;
  times[1] = times[0];
  static_cast<void>(::utimensat(AT_FDCWD, path.c_str(), times, 0));
}

}  // namespace intertie::transfer_wire
