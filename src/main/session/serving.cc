// Folders and contexts of services that this process runs.
#include "session/serving.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "intertie/core/limits.h"
#include "intertie/identity/identifier.h"
#include "intertie/storage_postgres/postgres_store.h"

#include "session/context.h"
#include "session/local_file.h"

namespace intertie::cli {

namespace {

core::Error refuse(std::string_view option, std::string_view value, std::string_view expected) {
  return {core::Reason::bad_argument, "--" + std::string(option) + " " + std::string(value) +
                                          ": expected " + std::string(expected)};
}

bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, port);
  return error == std::errc() && stop == end;
}

/// A user's name becomes a file's name and stands in tables.
bool is_user_name(std::string_view text) {
  if (text.empty() || text.size() > 64 || text.front() == '.' || text.front() == '-') return false;
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '\x7f';
  });
}

bool is_currency(std::string_view text) {
  return text.size() >= 3 && text.size() <= 8 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

core::Result<void> check_service_options(const Invocation& invocation) {
  for (const std::string_view option :
       {"listen", "site-listen", "site-address", "data-listen", "data-address"}) {
    const auto text = invocation.find(option);
    if (text && !is_address(*text)) {
      return refuse(option, *text, "HOST:PORT, such as 127.0.0.1:7300 (port 0: a free one)");
    }
  }
  if (const auto region = invocation.find("region")) {
    if (!identity::parse_registry_code(*region)) {
      return refuse("region", *region, "a code of two characters, such as 44");
    }
  }
  for (const std::string& user : invocation.list("user")) {
    if (!is_user_name(user.substr(0, user.find('=')))) {
      return refuse("user", user, "NAME or NAME=MONEY; no blanks, no '/'");
    }
  }
  if (const auto currency = invocation.find("currency"); currency && !is_currency(*currency)) {
    return refuse("currency", *currency, "3 to 8 capital letters, such as CNY");
  }
  if (const auto text = invocation.find("token-lifetime")) {
    const core::Result<core::Duration> lifetime = core::parse_duration(std::string(*text));
    if (!lifetime || *lifetime < core::seconds(2) || *lifetime > core::limits::token_lifetime_max) {
      return refuse("token-lifetime", *text,
                    "2s to " + core::to_text(core::limits::token_lifetime_max));
    }
  }
  if (invocation.get_count("fee-per-mille", 0) > 1'000) {
    return refuse("fee-per-mille", invocation.get("fee-per-mille", ""), "0 to 1000");
  }
  return {};
}

Complaint complain_about_start(const core::Error& error) {
  if (error.detail.starts_with("listen on ")) {
    return make_complaint(error,
                          "Name another address, or let the system choose a free port: "
                          "--listen 127.0.0.1:0");
  }
  return make_complaint(error);
}

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

core::Result<std::string> ContextWriter::write(const std::string& file,
                                               const std::string& principal,
                                               std::vector<std::string> scopes) const {
  const core::Result<std::string> token =
      hub.mint_user_token(principal, std::move(scopes), lifetime);
  if (!token) return token.error();
  const std::string path = folder + "/" + file;
  const core::Result<void> written =
      write_context(path, {hub.user_address(), hub.user_fingerprint(), *token, currency});
  if (!written) return written.error();
  return path;
}

core::Result<std::string> ContextWriter::write_for_user(const std::string& file,
                                                        const std::string& principal) const {
  return write(file, principal, {"jobs.read", "jobs.write", "sites.read", "ledger.read"});
}

core::Result<void> ContextWriter::renew_users() const {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::filesystem::path& path = entry.path();
    if (path.extension() != ".yaml" || path.filename() == "operator.yaml") continue;
    if (!find_context(path.string())) continue;
    const core::Result<std::string> written =
        write_for_user(path.filename().string(), path.stem().string());
    // A file of somebody who is not known here is not ours.
    if (!written && written.error().reason != core::Reason::not_found) return written.error();
  }
  if (error) return {core::Reason::io_failed, folder + ": " + error.message()};
  return {};
}

std::function<void(const core::Error*)> make_store_teller(const Terminal& terminal,
                                                          const std::string& folder) {
  return [&terminal, folder](const core::Error* failure) {
    if (failure == nullptr) {
      const std::string place = storage_postgres::is_postgres_store(folder)
                                    ? storage_postgres::describe_connection(folder)
                                    : folder;
      terminal.write_talk(place + " can be written again; everything goes on.\n");
      return;
    }
    const Complaint complaint = make_complaint(
        *failure,
        storage_postgres::is_postgres_store(folder)
            ? "Look after " + storage_postgres::describe_connection(folder) +
                  ". What was acknowledged is kept, and all goes on once it answers."
            : "Free space under " + folder +
                  ", or mount its file system anew if it has become read-only and start this "
                  "again. What was acknowledged is kept, what runs goes on.");
    terminal.write_talk(render_complaint(complaint, terminal.error_color()));
  };
}

std::function<WorkSeen()> look_at_measuring(service::MeasureMode mode) {
  // What the probes take, and starting around them.
  return look_at_time(core::seconds(mode == service::MeasureMode::full ? 13 : 4));
}

service::SiteOptions make_site_options(const std::string& folder) {
  service::SiteOptions options;
  options.folder = folder;
  options.log_path = folder + ".log";
  options.launcher_argv = {"/proc/self/exe", "launcher"};
  return options;
}

}  // namespace intertie::cli
