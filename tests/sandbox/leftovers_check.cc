#include "leftovers_check.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace intertie::attack {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void find_processes(const std::string& mark, std::vector<std::string>& found) {
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc", error);
  for (const std::filesystem::directory_iterator end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    // A dead one that nobody has waited for has neither.
    const std::string told =
        read_text(entry->path() / "environ") + read_text(entry->path() / "cmdline");
    if (told.find(mark) != std::string::npos) found.push_back("process " + name);
  }
}

void find_names(const std::string& mark, std::vector<std::string>& found) {
  for (const char* folder :
       {"/tmp", "/var/tmp", "/dev/shm", "/dev", "/dev/mqueue", "/run", "/run/lock", "/var/lock"}) {
    std::error_code error;
    std::filesystem::directory_iterator entry(folder, error);
    for (const std::filesystem::directory_iterator end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename();
      if (name.starts_with(mark)) found.push_back(entry->path());
    }
  }
}

}  // namespace

std::vector<std::string> find_leftovers(const std::string& mark, key_t key) {
  std::vector<std::string> found;
  find_processes(mark, found);
  find_names(mark, found);
  if (read_text("/proc/self/mountinfo").find(mark) != std::string::npos) found.push_back("a mount");
  const auto add_unless_missing = [&found](int result, const char* what) {
    if (result >= 0 || errno != ENOENT) found.push_back(what);
  };
  add_unless_missing(::shmget(key, 0, 0), "System V memory");
  add_unless_missing(::semget(key, 0, 0), "a System V semaphore");
  add_unless_missing(::msgget(key, 0), "a System V queue");
  add_unless_missing(::mq_open(("/" + mark).c_str(), O_RDONLY), "a POSIX queue");
  return found;
}

}  // namespace intertie::attack
