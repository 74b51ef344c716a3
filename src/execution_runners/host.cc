// Facts of this machine and this process.
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "descriptor.h"
#include "landlock.h"

namespace intertie::execution_runners {
namespace {

using core::Result;

std::vector<SystemPart> find_system_parts() {
  std::vector<SystemPart> parts;
  for (const char* path :
       {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache",
        "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
        "/etc/ssl/certs", "/etc/ssl/openssl.cnf"}) {
    struct stat status {};
    if (::lstat(path, &status) != 0) continue;
    SystemPart part{path, {}, S_ISDIR(status.st_mode)};
    if (S_ISLNK(status.st_mode)) {
      char text[1'024];
      const ssize_t length = ::readlink(path, text, sizeof(text));
      if (length <= 0 || length == sizeof(text)) continue;
      part.link.assign(text, static_cast<std::size_t>(length));
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

/// Fields 48 to 51 of /proc/self/stat (proc(5)): arg_start, arg_end, env_start, env_end. They read
/// as 0 where the kernel hides them.
void find_argument_memory(Host& host) {
  const auto stat = read_file(AT_FDCWD, "/proc/self/stat", 4'096);
  if (!stat) return;
  // The name in field 2 may hold anything, so count from the last ")".
  std::size_t position = stat->rfind(')');
  for (int field = 3; position != std::string::npos && field < 48; ++field) {
    position = stat->find(' ', position + 1);
  }
  std::uintptr_t* const targets[] = {&host.arguments_begin, &host.arguments_end,
                                     &host.environment_begin, &host.environment_end};
  for (std::uintptr_t* target : targets) {
    if (position == std::string::npos) return;
    position = stat->find(' ', position + 1);
    if (position == std::string::npos) return;
    *target = static_cast<std::uintptr_t>(parse_count(std::string_view(*stat).substr(position), 0));
  }
}

void wipe(std::uintptr_t begin, std::uintptr_t end) {
  if (begin != 0 && begin < end) std::memset(reinterpret_cast<void*>(begin), 0, end - begin);
}

}  // namespace

std::uint64_t read_namespace(std::string_view name) {
  struct stat status {};
  const std::string path = "/proc/self/ns/" + std::string(name);
  return ::stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

void wipe_arguments(const Host& host) {
  wipe(host.arguments_begin, host.arguments_end);
  wipe(host.environment_begin, host.environment_end);
}

Result<Host> read_host(const std::string& folder) {
  Host host;
  host.is_root = ::geteuid() == 0;
  auto filters = build_seccomp_filters(host.is_root);
  if (!filters) return filters.error();
  host.filters = std::move(*filters);
  host.landlock = find_landlock_version();
  host.groups = find_group_roots();
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return make_io_error(folder, errno);
  host.group_prefix = std::to_string(status.st_dev) + "-" + std::to_string(status.st_ino) + "-";
  host.system_parts = find_system_parts();
  if (!host.is_root) host.readable_folders = find_readable_folders(folder);
  for (std::size_t index = 0; index < kNamespaceNames.size(); ++index) {
    host.namespaces[index] = read_namespace(kNamespaceNames[index]);
  }
  find_argument_memory(host);
  return host;
}

}  // namespace intertie::execution_runners
