#include "durable_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace intertie::storage_sqlite {
namespace {

core::Error failed(std::string_view what, const std::string& path) {
  const int code = errno;
  return {core::Reason::store_unavailable,
          std::string(what) + " " + path + ": " + std::generic_category().message(code)};
}

core::Result<FileDescriptor> open_file(const std::string& path, int flags) {
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (file.is_open()) return file;
  if (errno == ENOENT) return {core::Reason::not_found, path};
  return failed("open", path);
}

core::Result<void> write_at(const FileDescriptor& file, std::string_view bytes, off_t offset,
                            const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file.number(), bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return {};
}

core::Result<void> sync(const FileDescriptor& file, const std::string& path) {
  if (::fsync(file.number()) != 0) return failed("sync", path);
  return {};
}

core::Result<void> sync_opened(const std::string& path, int flags) {
  const core::Result<FileDescriptor> file = open_file(path, flags);
  if (!file.has_value()) return file.error();
  return sync(*file, path);
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (is_open()) ::close(number_);
}

int FileDescriptor::release() { return std::exchange(number_, -1); }

std::string get_parent(const std::string& path) {
  const std::size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const std::size_t slash = path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

core::Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(get_parent(path));
  if (errno == EEXIST) return {};
  return failed("create folder", path);
}

core::Result<void> make_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return errno == EEXIST ? core::Result<void>{} : failed("create", path);
  if (auto synced = sync(file, path); !synced.has_value()) return synced;
  return sync_folder(get_parent(path));
}

core::Result<void> write_synced(const std::string& path, std::string_view bytes) {
  const core::Result<FileDescriptor> file = open_file(path, O_RDWR | O_CREAT | O_TRUNC);
  if (!file.has_value()) return failed("create", path);
  if (auto written = write_at(*file, bytes, 0, path); !written.has_value()) return written;
  return sync(*file, path);
}

core::Result<void> rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("rename to", to);
  return sync_folder(get_parent(to));
}

core::Result<std::string> read_whole_file(const std::string& path) {
  const core::Result<FileDescriptor> file = open_file(path, O_RDONLY);
  if (!file.has_value()) return file.error();
  struct stat status {};
  if (::fstat(file->number(), &status) != 0) return failed("read", path);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t length = 0;
  while (length < bytes.size()) {
    const ssize_t got = ::read(file->number(), bytes.data() + length, bytes.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  bytes.resize(length);
  return bytes;
}

core::Result<void> rewrite_durably(const std::string& path) {
  const core::Result<FileDescriptor> file = open_file(path, O_RDWR);
  if (!file.has_value()) {
    const bool is_missing = file.error().reason == core::Reason::not_found;
    return is_missing ? core::Result<void>{} : core::Result<void>{file.error()};
  }
  std::array<char, 64 << 10> buffer;
  for (off_t offset = 0;;) {
    const ssize_t got = ::pread(file->number(), buffer.data(), buffer.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path);
    if (got == 0) break;
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(got));
    if (auto written = write_at(*file, bytes, offset, path); !written.has_value()) return written;
    offset += got;
  }
  return sync(*file, path);
}

bool has_file(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

core::Result<void> sync_file(const std::string& path) { return sync_opened(path, O_RDWR); }

core::Result<void> sync_folder(const std::string& path) {
  return sync_opened(path, O_RDONLY | O_DIRECTORY);
}

core::Result<FileDescriptor> lock_folder(const std::string& folder) {
  const std::string path = folder + "/lock";
  core::Result<FileDescriptor> file = open_file(path, O_RDWR | O_CREAT);
  if (!file.has_value()) return failed("open", path);
  if (::flock(file->number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", path);
    return {core::Reason::store_unavailable,
            folder + ": another process has the store open for writing"};
  }
  return file;
}

}  // namespace intertie::storage_sqlite
