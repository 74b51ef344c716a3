// Numbers are the kernel's (Documentation/userspace-api/landlock.rst); Debian 12's header has only
// the older ones.
#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace intertie::execution_runners {
namespace {

using core::Result;

constexpr std::uint64_t kTruncate = 1ull << 14;  // LANDLOCK_ACCESS_FS_TRUNCATE, version 3.
constexpr std::uint64_t kScopes = 3;  // Abstract sockets and signals: LANDLOCK_SCOPE_*, version 6.
constexpr int kWithRefer = 2;
constexpr int kWithTruncate = 3;

constexpr std::uint64_t kReads =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrites = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                  LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                  LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                  LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                  LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
// What a rule for a single file may hold.
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
                                   LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;
  std::uint64_t scopes = 0;
};

std::string find_top(std::string_view path) {
  if (!path.starts_with('/')) return {};
  return std::string(path.substr(0, path.find('/', 1)));
}

}  // namespace

int find_landlock_version() {
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

std::vector<std::string> find_readable_folders(const std::string& private_folder) {
  constexpr std::array<std::string_view, 10> kClosed = {
      "/dev", "/home", "/media", "/mnt", "/root", "/run", "/srv", "/tmp", "/var", "/lost+found"};
  const passwd* const account = ::getpwuid(::geteuid());
  const std::string home = find_top(account != nullptr ? account->pw_dir : "");
  const std::string own = find_top(private_folder);
  std::vector<std::string> readable;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/", error)) {
    const std::string path = entry.path();
    if (std::ranges::find(kClosed, path) != kClosed.end()) continue;
    // The system's own folders stay readable even for an account whose home lies in one.
    const bool is_system = path == "/usr" || path == "/etc" || path.starts_with("/lib") ||
                           path == "/bin" || path == "/sbin";
    if (is_system || (path != home && path != own)) readable.push_back(path);
  }
  return readable;
}

Result<FileRules> FileRules::create(int version, bool limits_reading) {
  FileRules rules;
  if (version == 0) return rules;
  rules.writes_ = kWrites;
  if (version >= kWithRefer) rules.writes_ |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= kWithTruncate) rules.writes_ |= kTruncate;
  if (limits_reading) rules.reads_ = kReads;
  RulesetAttributes attributes;
  attributes.files = rules.reads_ | rules.writes_;
  if (version >= kLandlockWithScopes) attributes.scopes = kScopes;
  // An older kernel takes the longer structure if what it does not know is zero.
  rules.rules_.reset(
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
  if (!rules.rules_.is_open()) return make_io_error("landlock_create_ruleset", errno);
  return rules;
}

Result<void> FileRules::allow(int file, Use use) {
  if (!rules_.is_open()) return {};
  struct stat status {};
  if (::fstat(file, &status) != 0) return make_io_error("a rule for files", errno);
  landlock_path_beneath_attr rule{};
  rule.allowed_access = reads_ | (use == Use::write ? writes_ : 0);
  if (!S_ISDIR(status.st_mode)) rule.allowed_access &= kOfFiles;
  rule.parent_fd = file;
  if (rule.allowed_access == 0) return {};
  if (::syscall(SYS_landlock_add_rule, rules_.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0) {
    return {};
  }
  return make_io_error("landlock_add_rule", errno);
}

Result<void> FileRules::allow(const std::string& path, Use use) {
  if (!rules_.is_open()) return {};
  const Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  return file.is_open() ? allow(file.get(), use) : Result<void>();
}

Result<void> FileRules::enter() const {
  if (!rules_.is_open()) return {};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
      ::syscall(SYS_landlock_restrict_self, rules_.get(), 0) == 0) {
    return {};
  }
  return make_io_error("landlock_restrict_self", errno);
}

}  // namespace intertie::execution_runners
