#include "shared_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

#include "descriptor.h"

namespace intertie::slurm_runner {
namespace {

using core::Reason;
using core::Result;

constexpr int kDepthMax = 64;
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

Result<void> write_bytes(int file, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_errno_error(what);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

/// All that lies in the open folder, and the folder itself.
Result<void> give_tree(int folder, const Owner& owner, const std::string& what, int depth) {
  if (depth > kDepthMax) return {Reason::too_deep, what};
  if (::fchown(folder, owner.user, owner.group) != 0) return make_errno_error("chown of " + what);
  const int copy = ::openat(folder, ".", kFolderFlags);
  if (copy < 0) return make_errno_error(what);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(copy), ::closedir);
  if (entries == nullptr) return make_errno_error(what);
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const Descriptor child(::openat(folder, name.c_str(), kFolderFlags));
    if (child.is_open()) {
      if (auto given = give_tree(child.get(), owner, what, depth + 1); !given) return given;
    } else if (::fchownat(folder, name.c_str(), owner.user, owner.group, AT_SYMLINK_NOFOLLOW) !=
               0) {
      return make_errno_error("chown of " + what + "/" + name);
    }
  }
  return {};
}

}  // namespace

core::Error make_errno_error(const std::string& what) {
  const int number = errno;
  char text[128];
  return {number == ENOENT ? Reason::not_found : Reason::io_failed,
          what + ": " + ::strerror_r(number, text, sizeof text)};
}

Result<Owner> find_owner(const std::string& unix_user) {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[16'384];
  ::getpwnam_r(unix_user.c_str(), &entry, buffer, sizeof buffer, &found);
  if (found == nullptr) {
    return core::Error{Reason::not_found, "no Unix user " + unix_user + " on the agent's machine"};
  }
  if (entry.pw_uid == 0) return core::Error{Reason::denied, unix_user + " is root"};
  return Owner{entry.pw_uid, entry.pw_gid};
}

Result<void> make_folder(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), mode) != 0 && errno == ENOENT) {
    const std::size_t slash = path.rfind('/');
    if (slash == 0 || slash == path.npos) return make_errno_error("mkdir " + path);
    if (auto made = make_folder(path.substr(0, slash), 0711); !made) return made;
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
      return make_errno_error("mkdir " + path);
    }
  } else if (::access(path.c_str(), F_OK) != 0) {
    return make_errno_error("mkdir " + path);
  } else {
    return {};
  }
  if (::chmod(path.c_str(), mode) != 0) return make_errno_error("chmod " + path);
  return {};
}

Result<void> give_rank(const std::string& rank, const Owner& owner) {
  const std::string parent = rank.substr(0, rank.rfind('/'));
  if (::chmod(parent.c_str(), 0711) != 0) return make_errno_error("chmod " + parent);
  const Descriptor folder(::open(rank.c_str(), kFolderFlags));
  if (!folder.is_open()) return make_errno_error(rank);
  for (const char* name : {"in", "work", "engine"}) {
    const mode_t mode = name == std::string_view("engine") ? 0700 : 0755;
    if (::mkdirat(folder.get(), name, mode) != 0 && errno != EEXIST) {
      return make_errno_error(rank + "/" + name);
    }
  }
  return give_tree(folder.get(), owner, rank, 0);
}

Result<void> write_shared(const std::string& folder, const std::string& name,
                          std::string_view bytes, const std::optional<Owner>& owner, Keep keep) {
  const std::string what = folder + "/" + name;
  const Descriptor parent(::open(folder.c_str(), kFolderFlags));
  if (!parent.is_open()) return make_errno_error(folder);
  const std::string part = name + ".part";
  ::unlinkat(parent.get(), part.c_str(), 0);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const Descriptor file(::openat(parent.get(), part.c_str(), flags, 0600));
  if (!file.is_open()) return make_errno_error(what);
  if (auto written = write_bytes(file.get(), bytes, what); !written) return written;
  if (owner && ::fchown(file.get(), owner->user, owner->group) != 0) {
    return make_errno_error("chown of " + what);
  }
  if (keep == Keep::durable && ::fsync(file.get()) != 0) return make_errno_error(what);
  if (::renameat(parent.get(), part.c_str(), parent.get(), name.c_str()) != 0) {
    return make_errno_error(what);
  }
  if (keep == Keep::durable && ::fsync(parent.get()) != 0) return make_errno_error(folder);
  return {};
}

Result<std::string> read_shared(const std::string& folder, const std::string& name,
                                std::size_t bytes_max) {
  const std::string what = folder + "/" + name;
  const Descriptor parent(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!parent.is_open()) return make_errno_error(folder);
  const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const Descriptor file(::openat(parent.get(), name.c_str(), flags));
  if (!file.is_open()) return make_errno_error(what);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return core::Error{Reason::io_failed, what + " is no file"};
  }
  std::string bytes;
  char buffer[65'536];
  while (true) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_errno_error(what);
    if (count == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(count));
    if (bytes.size() > bytes_max) return core::Error{Reason::too_large, what};
  }
}

void remove_shared(const std::string& folder, const std::string& name) {
  const Descriptor parent(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (parent.is_open()) ::unlinkat(parent.get(), name.c_str(), 0);
}

Result<bool> claim(const std::string& engine_folder, std::string_view who) {
  const Descriptor parent(::open(engine_folder.c_str(), kFolderFlags));
  if (!parent.is_open()) return make_errno_error(engine_folder);
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const Descriptor file(::openat(parent.get(), "claim", flags, 0600));
  if (!file.is_open() && errno == EEXIST) return false;
  if (!file.is_open()) return make_errno_error(engine_folder + "/claim");
  if (auto written = write_bytes(file.get(), who, engine_folder); !written) return written.error();
  return true;
}

}  // namespace intertie::slurm_runner
