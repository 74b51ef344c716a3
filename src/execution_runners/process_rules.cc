#include "process_rules.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "file_view.h"

namespace intertie::execution_runners {
namespace {

using core::Result;
using Use = FileRules::Use;

constexpr std::size_t kStatusBytesMax = 1u << 16;

}  // namespace

Result<FileRules> make_process_rules(const SandboxRequest& sandbox, int work) {
  const bool has_own_user = sandbox.user.has_value();
  auto made = FileRules::create(sandbox.host.landlock, !has_own_user);
  if (!made) return made;
  FileRules& rules = *made;
  Result<void> done = rules.allow(work, Use::write);
  const auto allow = [&](const std::string& path, Use use) {
    if (done) done = rules.allow(path, use);
  };
  for (const char* node : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}) {
    allow(node, Use::write);
  }
  for (const std::string& node : sandbox.request.devices.nodes) allow(node, Use::write);
  if (has_own_user) allow("/dev/shm", Use::write);
  for (const std::string& folder : sandbox.host.readable_folders) allow(folder, Use::read);
  const auto allow_source = [&](const std::string& source, bool is_read_only) {
    const auto file = open_bind_source(sandbox.folder, source);
    if (done && !file) done = file.error();
    if (done) done = rules.allow(file->get(), is_read_only ? Use::read : Use::write);
  };
  allow_source(std::string(execution::kInputFolder), true);
  for (const execution::Bind& bind : sandbox.request.file_view) {
    allow_source(bind.source, bind.read_only);
  }
  if (!done) return done.error();
  return made;
}

std::int64_t count_threads_of(uid_t user) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  std::int64_t threads = 0;
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    if (parse_count(entry->d_name, 0) <= 0) continue;
    struct stat status {};
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &status, 0) != 0) continue;
    if (status.st_uid != user) continue;
    const auto text =
        read_file(::dirfd(folder.get()), std::string(entry->d_name) + "/status", kStatusBytesMax);
    if (text) threads += find_count(*text, "Threads:", 1);
  }
  return threads;
}

}  // namespace intertie::execution_runners
