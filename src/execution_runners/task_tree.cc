// Removing flattens: a folder that is not empty gives its folders to the top one and can then go,
// so that no more than two levels are open at once, and each folder is moved once at most.
#include "intertie/execution_runners/task_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "descriptor.h"

namespace intertie::execution_runners {
namespace {

using core::Result;

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr std::size_t kMovedMax = 1'000;
constexpr std::int64_t kStatBlockBytes = 512;  // Unit of st_blocks (stat(2)).

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Opens a folder; one that its user has closed is opened up first. Root needs no right for it.
Folder open_folder(int parent, const std::string& name) {
  int number = ::openat(parent, name.c_str(), kFolderFlags);
  if (number < 0 && errno == EACCES) {
    struct stat status {};
    const bool is_folder = ::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                           S_ISDIR(status.st_mode);
    if (is_folder && ::fchmodat(parent, name.c_str(), 0700, 0) == 0) {
      number = ::openat(parent, name.c_str(), kFolderFlags);
    }
  }
  Folder folder(number < 0 ? nullptr : ::fdopendir(number), ::closedir);
  // Entries of a folder without the right to write cannot be removed. Refused for root's own trees
  // on other users' disks only.
  struct stat status {};
  if (folder != nullptr && ::fstat(number, &status) == 0 && (status.st_mode & 0700) != 0700) {
    (void)!::fchmod(number, 0700);
  }
  return folder;
}

class Remover {
 public:
  explicit Remover(DIR* top) : top_(top) {}

  Result<void> run() {
    while (true) {
      bool has_entries = false;
      std::uint64_t before = done_;
      ::rewinddir(top_);
      while (const dirent* entry = ::readdir(top_)) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        has_entries = true;
        remove(name);
        // At once: a deep tree has but one folder to look at in each round.
        while (!moved_up_.empty()) {
          const std::string next = std::move(moved_up_.back());
          moved_up_.pop_back();
          remove(next);
        }
      }
      if (!has_entries) return {};
      if (done_ == before) return make_io_error("removing what a task left", errno);
    }
  }

 private:
  void remove(const std::string& name) {
    if (remove_one(::dirfd(top_), name) || flatten(name)) ++done_;
  }

  static bool remove_one(int parent, const std::string& name) {
    if (::unlinkat(parent, name.c_str(), 0) == 0) return true;
    const int error = errno;
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return true;
    if (errno == ENOTDIR) errno = error;
    return false;
  }

  /// Moves the folders of a folder of the top one up, removes its files and then itself.
  bool flatten(const std::string& name) {
    const Folder folder = open_folder(::dirfd(top_), name);
    if (folder == nullptr) return false;
    while (const dirent* entry = ::readdir(folder.get())) {
      const std::string child = entry->d_name;
      if (child == "." || child == "..") continue;
      if (!remove_one(::dirfd(folder.get()), child)) move_up(::dirfd(folder.get()), child);
    }
    return ::unlinkat(::dirfd(top_), name.c_str(), AT_REMOVEDIR) == 0;
  }

  void move_up(int parent, const std::string& name) {
    // A folder that changes its parent must be writable to who moves it.
    (void)open_folder(parent, name);
    while (true) {
      const std::string target = "moved-" + std::to_string(moved_++);
      const int moved =
          ::renameat2(parent, name.c_str(), ::dirfd(top_), target.c_str(), RENAME_NOREPLACE);
      if (moved != 0 && errno == EEXIST) continue;
      if (moved == 0) ++done_;
      // What is left out here is found when the top folder is read again.
      if (moved == 0 && moved_up_.size() < kMovedMax) moved_up_.push_back(target);
      return;
    }
  }

  DIR* const top_;
  std::vector<std::string> moved_up_;
  std::uint64_t moved_ = 0;
  std::uint64_t done_ = 0;  // Entries removed or moved up: without one, a round was in vain.
};

/// Adds what a folder's entries take, and the names of its folders to `folders`.
void measure_folder(int number, std::int64_t& bytes, std::vector<std::string>& folders) {
  const Folder folder(::fdopendir(::fcntl(number, F_DUPFD_CLOEXEC, 0)), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    struct stat status {};
    if (name == "." || name == "..") continue;
    if (::fstatat(number, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    bytes += status.st_blocks * kStatBlockBytes;
    if (S_ISDIR(status.st_mode)) folders.emplace_back(name);
  }
}

}  // namespace

Result<void> remove_tree(int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return make_io_error(name, errno);
  const Folder folder = open_folder(parent, name);
  if (folder == nullptr) return make_io_error(name, errno);
  if (auto done = Remover(folder.get()).run(); !done) return done;
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return {};
  return make_io_error(name, errno);
}

Result<void> remove_tree(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string above = slash == 0 ? "/" : path.substr(0, slash);
  const Descriptor parent(::open(above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent.is_open()) return errno == ENOENT ? Result<void>() : make_io_error(above, errno);
  return remove_tree(parent.get(), path.substr(slash + 1));
}

std::int64_t measure_tree(const std::string& path) {
  Descriptor here(::open(path.c_str(), kFolderFlags));
  if (!here.is_open()) return 0;
  std::int64_t bytes = 0;
  std::vector<std::vector<std::string>> waiting(1);  // Of each level: folders still to be seen.
  measure_folder(here.get(), bytes, waiting.back());
  while (true) {
    if (waiting.back().empty()) {
      waiting.pop_back();
      if (waiting.empty()) return bytes;
      Descriptor above(::openat(here.get(), "..", kFolderFlags));
      if (!above.is_open()) return bytes;
      here = std::move(above);
      continue;
    }
    const std::string name = std::move(waiting.back().back());
    waiting.back().pop_back();
    Descriptor child(::openat(here.get(), name.c_str(), kFolderFlags));
    if (!child.is_open()) continue;
    here = std::move(child);
    waiting.emplace_back();
    measure_folder(here.get(), bytes, waiting.back());
  }
}

}  // namespace intertie::execution_runners
