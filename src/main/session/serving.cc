// Folders and contexts of services that this process runs.
#include "session/serving.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "session/context.h"
#include "session/local_file.h"

namespace intertie::cli {

core::Result<ServedFolder> ServedFolder::open(const std::string& path) {
  const std::string folder = make_absolute(path);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return {core::Reason::io_failed, folder + ": " + error.message()};
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) return {core::Reason::io_failed, folder + ": " + error.message()};
  const std::string name = folder + "/serving.lock";
  const int lock = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return {core::Reason::io_failed, name + ": " + std::strerror(errno)};
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const core::Result<std::string> owner = read_file(name, 100);
    ::close(lock);
    return {core::Reason::already_exists,
            folder + " is served by process " + (owner ? *owner : "unknown")};
  }
  const std::string own = std::to_string(::getpid());
  const bool written = ::ftruncate(lock, 0) == 0 &&
                       ::write(lock, own.data(), own.size()) == static_cast<ssize_t>(own.size());
  if (!written) {
    ::close(lock);
    return {core::Reason::io_failed, name + ": " + std::strerror(errno)};
  }
  return ServedFolder(folder, lock);
}

ServedFolder::ServedFolder(ServedFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(other.lock_) {
  other.lock_ = -1;
}

ServedFolder::~ServedFolder() {
  if (lock_ >= 0) ::close(lock_);
}

core::Result<std::string> write_hub_context(service::HubService& hub, const std::string& folder,
                                            const std::string& file, const std::string& principal,
                                            std::vector<std::string> scopes,
                                            const std::string& currency) {
  const core::Result<std::string> token =
      hub.mint_user_token(principal, std::move(scopes), context_lifetime);
  if (!token) return token.error();
  const std::string path = folder + "/" + file;
  const core::Result<void> written =
      write_context(path, {hub.user_address(), hub.user_fingerprint(), *token, currency});
  if (!written) return written.error();
  return path;
}

service::SiteOptions make_site_options(const std::string& folder) {
  service::SiteOptions options;
  options.folder = folder;
  options.log_path = folder + ".log";
  options.launcher_argv = {"/proc/self/exe", "launcher"};
  return options;
}

}  // namespace intertie::cli
