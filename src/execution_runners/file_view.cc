// A small read-only root made of system folders, devices, and what the request binds.
#include "file_view.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "kernel_calls.h"

namespace intertie::execution_runners {
namespace {

using core::Reason;
using core::Result;
using execution::RunRequest;

constexpr std::string_view kRootOptions = "mode=0755,size=4m,nr_inodes=16k";
constexpr std::string_view kSharedMemoryOptions = "mode=1777,size=64m,nr_inodes=16k";
constexpr std::int64_t kBytesPerInode = 4'096;  // Else names alone could fill the memory.
constexpr std::int64_t kScratchDefault = std::int64_t{1} << 30;

Result<ViewPart> clone_part(int source, std::string target, std::uint64_t attributes) {
  struct stat status {};
  if (::fstat(source, &status) != 0) return make_io_error(target, errno);
  ViewPart part;
  part.is_folder = S_ISDIR(status.st_mode);
  part.mount.reset(open_tree_clone(source, "", part.is_folder));
  if (!part.mount.is_open()) return make_io_error("open_tree for " + target, errno);
  if (set_mount_attributes(part.mount.get(), attributes, part.is_folder) != 0) {
    return make_io_error("mount_setattr for " + target, errno);
  }
  part.target = std::move(target);
  return part;
}

Result<ViewPart> clone_path(const std::string& path, std::uint64_t attributes) {
  const Descriptor source(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!source.is_open()) return make_io_error(path, errno);
  return clone_part(source.get(), path, attributes);
}

std::string make_target(const execution::Bind& bind) {
  if (bind.target.starts_with('/')) return bind.target;
  return std::string(execution::kWorkPath) + "/" + bind.target;
}

/// The folder that holds `path`'s last component beneath `root`, made as needed, and never through
/// a symbolic link: what is there may have been written by an earlier attempt.
Result<Descriptor> make_parent(int root, std::string_view path, std::string& name) {
  Descriptor folder(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  while (true) {
    const std::size_t slash = path.find('/');
    name = std::string(path.substr(0, slash));
    if (slash == std::string_view::npos) return folder;
    if (::mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
      return make_io_error("mkdir " + name, errno);
    }
    const int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    Descriptor next(::openat(folder.get(), name.c_str(), flags));
    if (!next.is_open()) return make_io_error("folder " + name, errno);
    folder = std::move(next);
    path.remove_prefix(slash + 1);
  }
}

Result<void> attach_part(int root, const ViewPart& part) {
  std::string name;
  const auto parent = make_parent(root, part.target, name);
  if (!parent) return parent.error();
  if (!part.link.empty()) {
    if (::symlinkat(part.link.c_str(), parent->get(), name.c_str()) == 0) return {};
    return make_io_error("symlink " + part.target, errno);
  }
  if (part.is_folder) {
    if (::mkdirat(parent->get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
      return make_io_error("mkdir " + part.target, errno);
    }
  } else {
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const Descriptor point(::openat(parent->get(), name.c_str(), flags, 0644));
    if (!point.is_open() && errno != EEXIST) return make_io_error(part.target, errno);
  }
  if (attach_mount(part.mount.get(), parent->get(), name.c_str()) != 0) {
    return make_io_error("attach " + part.target, errno);
  }
  return {};
}

Result<void> write_text(int root, const char* path, std::string_view text) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  const Descriptor file(::openat(root, path, flags, 0644));
  if (!file.is_open()) return make_io_error(path, errno);
  return write_all(file.get(), text);
}

/// The files of /etc that would tell about the host are written anew.
Result<void> write_accounts(int root) {
  const std::string ids = std::to_string(::getuid()) + ":" + std::to_string(::getgid());
  auto done = write_text(root, "etc/passwd",
                         "task:x:" + ids + ":task:" + std::string(execution::kWorkPath) +
                             ":/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n");
  if (done) {
    done = write_text(root, "etc/group",
                      "task:x:" + std::to_string(::getgid()) + ":\nnogroup:x:65534:\n");
  }
  if (done) done = write_text(root, "etc/nsswitch.conf", "passwd: files\nhosts: files dns\n");
  if (done) {
    done = write_text(root, "etc/hosts", "127.0.0.1 localhost task\n::1 localhost\n");
  }
  return done;
}

Result<void> make_folders(int root) {
  for (const char* path : {"etc", "etc/ssl", "dev", "dev/shm", "proc", "tmp", "var", "run"}) {
    if (::mkdirat(root, path, 0755) != 0) return make_io_error(path, errno);
  }
  constexpr std::pair<const char*, const char*> kLinks[] = {{"/proc/self/fd", "dev/fd"},
                                                            {"/proc/self/fd/0", "dev/stdin"},
                                                            {"/proc/self/fd/1", "dev/stdout"},
                                                            {"/proc/self/fd/2", "dev/stderr"},
                                                            {"/tmp", "var/tmp"}};
  for (const auto& [text, path] : kLinks) {
    if (::symlinkat(text, root, path) != 0) return make_io_error(path, errno);
  }
  return {};
}

Result<void> mount_own(const char* type, const char* target, std::string_view options) {
  unsigned long flags = MS_NOSUID | MS_NODEV;
  if (std::string_view(type) == "proc") flags |= MS_NOEXEC;
  if (::mount(type, target, type, flags, std::string(options).c_str()) == 0) return {};
  return make_io_error(std::string("mount of ") + target, errno);
}

Result<void> fill_root(const RunRequest& request, int root, const std::vector<ViewPart>& parts) {
  auto done = make_folders(root);
  if (done) done = write_accounts(root);
  if (done) done = mount_own("proc", "proc", "");
  const std::int64_t scratch = request.scratch.count > 0 ? request.scratch.count : kScratchDefault;
  const std::string size = "mode=1777,size=" + std::to_string(scratch) +
                           ",nr_inodes=" + std::to_string(scratch / kBytesPerInode + 1'024);
  if (done) done = mount_own("tmpfs", "tmp", size);
  if (done) done = mount_own("tmpfs", "dev/shm", kSharedMemoryOptions);
  for (const ViewPart& part : parts) {
    if (!done) return done;
    done = attach_part(root, part);
  }
  return done;
}

}  // namespace

Result<Descriptor> open_bind_source(int folder, const std::string& source) {
  Descriptor file;
  if (source.starts_with('/')) {
    file.reset(::open(source.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  } else {
    open_how how{};
    how.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    file.reset(static_cast<int>(::syscall(SYS_openat2, folder, source.c_str(), &how, sizeof(how))));
  }
  if (!file.is_open()) return make_io_error(source, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return make_io_error(source, errno);
  if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return file;
  return {Reason::start_failed, source + ": neither a file nor a folder"};
}

Result<std::vector<ViewPart>> open_view(const RunRequest& request, int folder, const Host& host) {
  constexpr std::uint64_t kSafe = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  std::vector<ViewPart> parts;
  core::Result<void> done;
  const auto add = [&parts, &done](Result<ViewPart> part) {
    if (part) parts.push_back(std::move(*part));
    if (!part && done) done = part.error();
  };
  for (const SystemPart& system : host.system_parts) {
    if (system.link.empty()) {
      add(clone_path(system.path, kSafe | MOUNT_ATTR_RDONLY));
    } else {
      parts.push_back({{}, system.path, system.link, false});
    }
  }
  const bool has_resolver = ::access("/etc/resolv.conf", R_OK) == 0;
  if (request.network == execution::Network::outside && has_resolver) {
    add(clone_path("/etc/resolv.conf", kSafe | MOUNT_ATTR_RDONLY));
  }
  constexpr std::uint64_t kDevice = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  for (const char* node : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    add(clone_path(node, kDevice));
  }
  for (const std::string& node : request.devices.nodes) add(clone_path(node, kDevice));
  const auto add_bind = [&](const std::string& source, std::string target, bool is_read_only) {
    const auto file = open_bind_source(folder, source);
    if (!file) return add(file.error());
    add(clone_part(file->get(), std::move(target), kSafe | (is_read_only ? MOUNT_ATTR_RDONLY : 0)));
  };
  add_bind(std::string(execution::kWorkFolder), std::string(execution::kWorkPath), false);
  add_bind(std::string(execution::kInputFolder), std::string(execution::kInputPath), true);
  for (const execution::Bind& bind : request.file_view) {
    add_bind(bind.source, make_target(bind), bind.read_only);
  }
  if (!done) return done.error();
  return parts;
}

Result<void> enter_view(const RunRequest& request, const Host& host, std::vector<ViewPart> parts) {
  // Nothing mounted here may reach the host.
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return make_io_error("private mounts", errno);
  }
  if (parts.empty()) {
    // Opened anew: the meter's own descriptor shows the folder in the host's mount namespace.
    const Descriptor folder(
        ::open(request.folder.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.is_open()) return make_io_error(request.folder, errno);
    auto opened = open_view(request, folder.get(), host);
    if (!opened) return opened.error();
    parts = std::move(*opened);
  }
  if (auto done = mount_own("tmpfs", "/tmp", kRootOptions); !done) return done;
  if (::chdir("/tmp") != 0) return make_io_error("chdir", errno);
  const Descriptor root(::open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) return make_io_error("root", errno);
  if (auto done = fill_root(request, root.get(), parts); !done) return done;
  // pivot_root(2), NOTES: with "." twice the old root ends up on top and is then detached.
  if (pivot_root_here() != 0) return make_io_error("pivot_root", errno);
  if (::umount2(".", MNT_DETACH) != 0) return make_io_error("umount of the old root", errno);
  const Descriptor slash(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (set_mount_attributes(slash.get(), MOUNT_ATTR_RDONLY, false) != 0) {
    return make_io_error("read-only root", errno);
  }
  return {};
}

}  // namespace intertie::execution_runners
