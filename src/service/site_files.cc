#include "site_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace intertie::service {
namespace {

// A descriptor that is closed at the end of its block.
class OpenFile {
 public:
  explicit OpenFile(int number) : number_(number) {}
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

core::Result<void> write_and_sync(const std::string& path, std::string_view content) {
  const OpenFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.get() < 0) return make_file_error(path, errno);
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return make_file_error(path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return make_file_error(path, errno);
  return {};
}

}  // namespace

core::Error make_file_error(const std::string& path, int error) {
  const core::Reason reason = error == ENOENT ? core::Reason::not_found : core::Reason::io_failed;
  return {reason, path + ": " + std::system_category().message(error)};
}

core::Result<void> make_folder(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return make_file_error(path, errno);
}

core::Result<void> make_folders_beneath(const std::string& root, std::string_view relative) {
  std::string path = root;
  while (!relative.empty()) {
    const std::size_t slash = relative.find('/');
    path += '/';
    path += relative.substr(0, slash);
    if (auto made = make_folder(path, 0755); !made) return made;
    if (slash == std::string_view::npos) break;
    relative.remove_prefix(slash + 1);
  }
  return {};
}

core::Result<void> replace_file(const std::string& path, std::string_view content) {
  const std::string fresh = path + ".new";
  if (auto written = write_and_sync(fresh, content); !written) return written;
  if (::rename(fresh.c_str(), path.c_str()) != 0) return make_file_error(path, errno);
  const std::string folder = path.substr(0, path.rfind('/'));
  const OpenFile parent(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() < 0 || ::fsync(parent.get()) != 0) return make_file_error(folder, errno);
  return {};
}

core::Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return make_file_error(path, errno);
  std::string content;
  char buffer[16384];
  while (true) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_file_error(path, errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > bytes_max) return {core::Reason::too_large, path};
  }
}

}  // namespace intertie::service
