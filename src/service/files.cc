#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace intertie::service {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }
  bool is_open() const { return number_ >= 0; }

 private:
  int number_;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

core::Result<void> write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return make_io_error(path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

core::Result<std::string> read_checked(const std::string& path, std::size_t bytes_max,
                                       bool is_private) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return core::Error{core::Reason::not_found, path};
    return make_io_error(path);
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return make_io_error(path);
  if (is_private && (facts.st_mode & 077) != 0) {
    return core::Error{core::Reason::denied, path + ": others may read it; chmod 600"};
  }
  std::string content;
  char piece[16 << 10];
  while (true) {
    const ssize_t count = ::read(file.get(), piece, sizeof piece);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_io_error(path);
    if (count == 0) return content;
    content.append(piece, static_cast<std::size_t>(count));
    if (content.size() > bytes_max) return core::Error{core::Reason::too_large, path};
  }
}

}  // namespace

core::Error make_io_error(const std::string& what) {
  const int code = errno;
  const bool is_store = code == ENOSPC || code == EDQUOT || code == EROFS;
  return {is_store ? core::Reason::store_unavailable : core::Reason::io_failed,
          what + ": " + std::strerror(code)};
}

core::Result<void> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return sync_folder(folder_of(path));
  if (errno != EEXIST) return make_io_error(path);
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return make_io_error(path);
  if (!S_ISDIR(facts.st_mode)) return core::Error{core::Reason::io_failed, path + ": not a folder"};
  if ((facts.st_mode & 022) != 0) {
    return core::Error{core::Reason::denied, path + ": others may write to it; chmod 700"};
  }
  return {};
}

core::Result<void> write_file_durably(const std::string& path, std::string_view bytes,
                                      mode_t mode) {
  static std::atomic<unsigned> count{0};
  const std::string temporary =
      path + ".new-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file.is_open()) return make_io_error(temporary);
    core::Result<void> done = write_all(file.get(), bytes, temporary);
    if (done && ::fsync(file.get()) != 0) done = make_io_error(temporary);
    if (!done) {
      ::unlink(temporary.c_str());
      return done;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const core::Error error = make_io_error(path);
    ::unlink(temporary.c_str());
    return error;
  }
  return sync_folder(folder_of(path));
}

core::Result<std::string> read_whole_file(const std::string& path, std::size_t bytes_max) {
  return read_checked(path, bytes_max, false);
}

core::Result<std::string> read_private_file(const std::string& path, std::size_t bytes_max) {
  return read_checked(path, bytes_max, true);
}

core::Result<void> sync_folder(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return make_io_error(path);
  if (::fsync(folder.get()) != 0) return make_io_error(path);
  return {};
}

}  // namespace intertie::service
