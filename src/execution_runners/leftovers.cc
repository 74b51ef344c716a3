// /proc/sysvipc (proc(5)) and /dev/shm (shm_overview(7)).
#include "leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "intertie/execution_runners/task_tree.h"

#include "descriptor.h"
#include "process_rules.h"

namespace intertie::execution_runners {
namespace {

constexpr std::size_t kTableBytesMax = 16u << 20;

struct Table {
  const char* path;
  std::size_t owner;  // Columns, counted from 0: owner, creator.
  std::size_t creator;
  int (*remove)(int id);
};

constexpr Table kTables[] = {
    {"/proc/sysvipc/shm", 7, 9, [](int id) { return ::shmctl(id, IPC_RMID, nullptr); }},
    {"/proc/sysvipc/sem", 4, 6, [](int id) { return ::semctl(id, 0, IPC_RMID); }},
    {"/proc/sysvipc/msg", 7, 9, [](int id) { return ::msgctl(id, IPC_RMID, nullptr); }}};

/// The identifiers of a user's objects in one table; its first line has titles.
std::vector<int> find_objects(const Table& table, uid_t user) {
  std::vector<int> found;
  const auto text = read_file(AT_FDCWD, table.path, kTableBytesMax);
  if (!text) return found;
  std::istringstream lines(*text);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream columns(line);
    std::vector<std::int64_t> values;
    for (std::int64_t value = 0; columns >> value;) values.push_back(value);
    if (values.size() <= table.creator) continue;
    const auto is_own = [&](std::size_t column) { return values[column] == std::int64_t{user}; };
    if (is_own(table.owner) || is_own(table.creator)) found.push_back(static_cast<int>(values[1]));
  }
  return found;
}

std::vector<std::string> find_shared_files(int folder, uid_t user) {
  std::vector<std::string> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      ::fdopendir(::fcntl(folder, F_DUPFD_CLOEXEC, 0)), ::closedir);
  while (const dirent* entry = entries ? ::readdir(entries.get()) : nullptr) {
    struct stat status {};
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const int looked = ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW);
    if (looked == 0 && status.st_uid == user) found.push_back(name);
  }
  return found;
}

}  // namespace

void remove_leftovers(uid_t user) {
  const Descriptor shared(::open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::vector<std::string> files;
  if (shared.is_open()) files = find_shared_files(shared.get(), user);
  std::vector<std::pair<const Table*, int>> objects;
  for (const Table& table : kTables) {
    for (const int id : find_objects(table, user)) objects.emplace_back(&table, id);
  }
  if (files.empty() && objects.empty()) return;
  // A launcher of another folder may have chosen the same user.
  if (count_threads_of(user) > 0) return;
  // As the user itself: what it could not have made cannot be removed by mistake either, and a root
  // without CAP_SYS_ADMIN may not remove others' objects.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(user, user, user) != 0 || ::setresuid(user, user, user) != 0) ::_exit(1);
    for (const std::string& name : files) (void)remove_tree(shared.get(), name);
    for (const auto& [table, id] : objects) (void)table->remove(id);
    ::_exit(0);
  }
  if (child > 0) ::waitpid(child, nullptr, 0);
}

}  // namespace intertie::execution_runners
