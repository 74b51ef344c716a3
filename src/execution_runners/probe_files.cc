// Doors that are files, descriptors, names and sizes: looked at, opened, never written.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "descriptor.h"
#include "probe.h"

namespace intertie::execution_runners {
namespace {

using enum execution::ProbeOutcome;
using execution::ProbeOutcome;

constexpr std::uint64_t kSharedMemoryMax = std::uint64_t{64} << 20;

/// A file that is not there is a door that this task cannot have.
ProbeOutcome try_open(const char* path, int flags) {
  return open_if(Descriptor(::open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600)).is_open());
}

ProbeOutcome try_content(const char* path) {
  const auto text = read_file(AT_FDCWD, path, 1u << 20);
  return open_if(text && text->find_first_not_of('\0') != std::string::npos);
}

std::int64_t read_status(std::string_view name) {
  const auto status = read_file(AT_FDCWD, "/proc/self/status", 1u << 16);
  return status ? find_count(*status, name, -1) : -1;
}

ProbeOutcome try_capabilities(const ProbeContext&) {
  const auto status = read_file(AT_FDCWD, "/proc/self/status", 1u << 16);
  return open_if(!status || status->find("\nCapEff:\t0000000000000000\n") == std::string::npos ||
                 status->find("\nCapPrm:\t0000000000000000\n") == std::string::npos);
}

/// Also for a parent with capabilities: the user is another one in the kernel's own numbers.
ProbeOutcome try_root_outside(const ProbeContext&) {
  const auto map = read_file(AT_FDCWD, "/proc/self/uid_map", 4'096);
  const std::size_t second =
      map ? map->find_first_not_of(' ', map->find_first_of(' ', map->find_first_not_of(' ')))
          : std::string::npos;
  const bool maps_root =
      second == std::string::npos ||
      (parse_count(std::string_view(*map).substr(second), 0) == 0 && parse_count(*map, -1) != 0);
  return open_if(::geteuid() == 0 || ::getuid() == 0 || maps_root);
}

ProbeOutcome try_descriptors(const ProbeContext&) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (folder == nullptr) return open;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::int64_t number = parse_count(entry->d_name, -1);
    if (number <= STDERR_FILENO || number == ::dirfd(folder.get())) continue;
    // The report pipe closes when a program is executed.
    if ((::fcntl(static_cast<int>(number), F_GETFD) & FD_CLOEXEC) == 0) return open;
  }
  return closed;
}

/// A crash would write a file, or start the helper that core_pattern names on the host.
ProbeOutcome try_core(const ProbeContext&) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0 || limit.rlim_max > 1) return open;
  const auto pattern = read_file(AT_FDCWD, "/proc/sys/kernel/core_pattern", 4'096);
  const bool has_helper = pattern && (pattern->starts_with('|') || pattern->starts_with('@'));
  return open_if(has_helper && limit.rlim_cur != 1);
}

ProbeOutcome try_namespaces(const ProbeContext& context) {
  for (std::size_t index = 0; index < kNamespaceNames.size(); ++index) {
    const std::uint64_t own = read_namespace(kNamespaceNames[index]);
    if (own == 0 || own == context.host.namespaces[index]) return open;
  }
  return closed;
}

ProbeOutcome try_interfaces(const ProbeContext&) {
  const auto devices = read_file(AT_FDCWD, "/proc/net/dev", 1u << 20);
  if (!devices) return open;
  std::size_t interfaces = 0;
  for (const char letter : *devices) interfaces += letter == ':' ? 1 : 0;
  return open_if(interfaces != 1 || devices->find("lo:") == std::string::npos);
}

ProbeOutcome try_host_name(const ProbeContext&) {
  utsname names{};
  return open_if(::uname(&names) != 0 || std::string_view(names.nodename) != "task");
}

ProbeOutcome try_shared_memory_size(const ProbeContext&) {
  struct statvfs space {};
  if (::statvfs("/dev/shm", &space) != 0) return untried;
  return open_if(space.f_blocks * space.f_frsize > kSharedMemoryMax);
}

/// In the task's own folder. 7:4095 is a loop device that no machine has.
ProbeOutcome try_block_device(const ProbeContext&) {
  if (::mknod("probe-device", S_IFBLK | 0600, makedev(7, 4'095)) != 0) return closed;
  ::unlink("probe-device");
  return open;
}

ProbeOutcome try_release_agent(const ProbeContext&) {
  for (const char* path :
       {"/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory/release_agent",
        "/sys/fs/cgroup/cpu/release_agent", "/sys/fs/cgroup/systemd/release_agent",
        "/sys/fs/cgroup/freezer/release_agent", "/sys/fs/cgroup/cgroup.procs",
        "/sys/fs/cgroup/unified/cgroup.procs"}) {
    if (try_open(path, O_WRONLY) == open) return open;
  }
  return closed;
}

ProbeOutcome try_writable_system(const ProbeContext&) {
  return open_if(::access("/usr/bin", W_OK) == 0 || ::access("/", W_OK) == 0 ||
                 ::access("/etc", W_OK) == 0);
}

/// More processes than the probe and its init: others' are seen.
ProbeOutcome try_processes(const ProbeContext&) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  int others = 0;
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::int64_t process = parse_count(entry->d_name, 0);
    if (process > 1 && process != ::getpid()) ++others;
  }
  return open_if(folder == nullptr || others > 0);
}

/// The launcher's folder lies above the probe's: the agent's own files begin there.
ProbeOutcome try_agent_files(const ProbeContext& context) {
  const std::string& folder = context.request.folder;
  const std::string above = folder.substr(0, folder.rfind('/'));
  return open_if(try_open((above + "/launcher.lock").c_str(), O_RDONLY) == open ||
                 try_open(above.c_str(), O_RDONLY | O_DIRECTORY) == open);
}

ProbeOutcome try_temporary_folders(const ProbeContext& context) {
  if (context.request.isolation == execution::Isolation::namespace_) {
    // Its own, empty ones: whatever lies there is another's.
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/tmp"), ::closedir);
    int entries = 0;
    while (folder && ::readdir(folder.get()) != nullptr) ++entries;
    return open_if(entries > 2);
  }
  // Unnamed, so that it vanishes at once.
  return try_open("/tmp", O_TMPFILE | O_RDWR);
}

template <int flags>
ProbeOutcome try_any(std::initializer_list<const char*> paths) {
  for (const char* path : paths) {
    if (try_open(path, flags) == open) return open;
  }
  return closed;
}

constexpr std::array kFileDoors = {
    Door{1, "core_pattern, for writing", closed, closed,
         [](const ProbeContext&) { return try_open("/proc/sys/kernel/core_pattern", O_WRONLY); }},
    Door{2, "/etc/shadow", closed, closed,
         [](const ProbeContext&) { return try_open("/etc/shadow", O_RDONLY); }},
    Door{3, "/proc/1/root", closed, closed,
         [](const ProbeContext&) {
           return try_any<O_RDONLY>({"/proc/1/root/etc/shadow", "/proc/1/root/etc/passwd"});
         }},
    Door{4, "init's environment", closed, closed,
         [](const ProbeContext&) { return try_content("/proc/1/environ"); }},
    Door{5, "/proc/kallsyms", open, open,
         [](const ProbeContext&) { return try_open("/proc/kallsyms", O_RDONLY); }},
    Door{23, "inherited descriptor", closed, closed, try_descriptors},
    Door{25, "shared memory above 64 MiB", open, closed, try_shared_memory_size},
    Door{27, "the host's name", open, closed, try_host_name},
    Door{28, "block device", closed, closed, try_block_device},
    Door{29, "/dev/mem", closed, closed,
         [](const ProbeContext&) {
           return try_any<O_RDONLY>({"/dev/mem", "/proc/kcore"});
         }},
    Door{30, "/dev/kmsg", closed, closed,
         [](const ProbeContext&) { return try_open("/dev/kmsg", O_RDONLY); }},
    Door{31, "sysrq-trigger", closed, closed,
         [](const ProbeContext&) { return try_open("/proc/sysrq-trigger", O_WRONLY); }},
    Door{32, "release_agent", closed, closed, try_release_agent},
    Door{33, "uevent_helper", closed, closed,
         [](const ProbeContext&) {
           return try_any<O_WRONLY>({"/sys/kernel/uevent_helper", "/proc/sys/kernel/hotplug",
                                     "/proc/sys/kernel/modprobe"});
         }},
    Door{34, "writable system", closed, closed, try_writable_system},
    Door{40, "root outside", closed, closed, try_root_outside},
    Door{41, "capabilities", closed, closed, try_capabilities},
    Door{43, "no system-call filter", closed, closed,
         [](const ProbeContext&) { return open_if(read_status("Seccomp:") != 2); }},
    Door{44, "core dump or its helper", closed, closed, try_core},
    Door{45, "shared namespace", open, closed, try_namespaces},
    Door{46, "the host's network interfaces", open, closed, try_interfaces},
    Door{47, "init's memory", closed, closed,
         [](const ProbeContext&) { return try_open("/proc/1/mem", O_RDONLY); }},
    Door{48, "/sys", open, closed, [](const ProbeContext&) { return try_open("/sys", O_RDONLY); }},
    Door{49, "home folders", open, closed,
         [](const ProbeContext&) {
           return try_any<O_PATH>({"/root", "/home"});
         }},
    Door{50, "the host's processes", open, closed, try_processes},
    Door{51, "the agent's files", closed, closed, try_agent_files},
    Door{52, "/tmp of others", closed, closed, try_temporary_folders, 1},
};

}  // namespace

std::span<const Door> list_file_doors() { return kFileDoors; }

}  // namespace intertie::execution_runners
