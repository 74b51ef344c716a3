// Ports, the difference of clocks, keys.
#include "verbs/doctor_checks.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "intertie/core/limits.h"
#include "intertie/crypto/certificate.h"

#include "output/for_people.h"
#include "session/local_file.h"

namespace intertie::cli {
namespace {

struct Freer {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

// 0, or the system's error.
int try_listen(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool listens =
      ::bind(socket, address.ai_addr, address.ai_addrlen) == 0 && ::listen(socket, 1) == 0;
  const int error = listens ? 0 : errno;
  ::close(socket);
  return error;
}

constexpr core::Duration kCertificateNotice = core::hours(24 * 30);

bool is_key_file(const std::filesystem::path& path) {
  return path.extension() == ".pem" || path.extension() == ".key";
}

// A certificate is no secret, but lies among them. Nothing if the file is none.
std::optional<Finding> check_certificate(const std::filesystem::path& path, core::Time now) {
  if (path.extension() != ".pem") return std::nullopt;
  const core::Result<std::string> text = read_file(path.string(), 64u << 10);
  if (!text || text->find("BEGIN CERTIFICATE") == std::string::npos) return std::nullopt;
  const auto facts = crypto::read_certificate_pem(*text);
  if (!facts) return Finding{"keys", Verdict::bad, path.string() + " cannot be read", ""};
  if (now + kCertificateNotice < facts->not_after) return std::nullopt;
  const bool is_over = facts->not_after <= now;
  return Finding{
      "keys", is_over ? Verdict::bad : Verdict::doubtful,
      path.string() + (is_over ? " ended " : " ends ") + relative_time(facts->not_after, now),
      "Replace your own; one that Intertie made is renewed by the next start."};
}

void check_key_folder(const std::filesystem::path& folder, core::Time now,
                      std::vector<Finding>& findings) {
  std::error_code error;
  std::size_t files = 0;
  const std::size_t before = findings.size();
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!is_key_file(entry.path())) continue;
    ++files;
    const auto mode = entry.status(error).permissions();
    using std::filesystem::perms;
    if ((mode & (perms::group_all | perms::others_all)) != perms::none) {
      findings.push_back({"keys", Verdict::bad, entry.path().string() + " is open to others",
                          "chmod 600 " + entry.path().string() +
                              "; if others may have read it, "
                              "change the key"});
    }
    if (auto finding = check_certificate(entry.path(), now)) {
      findings.push_back(*std::move(finding));
    }
  }
  if (files == 0 || findings.size() > before) return;
  findings.push_back({"keys", Verdict::good,
                      std::to_string(files) + " files in " + folder.string() +
                          ", closed to others, no certificate ends within a month",
                      ""});
}

}  // namespace

std::vector<Finding> check_keys(const std::string& folder, core::Time now) {
  std::vector<Finding> findings;
  for (const char* const part : {"keys", "hub/keys", "site/keys"}) {
    check_key_folder(std::filesystem::path(folder) / part, now, findings);
  }
  return findings;
}

Finding check_port(const std::string& listen, Verdict otherwise) {
  const std::string what = "port " + listen;
  const std::size_t colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return {what, otherwise, "not ADDRESS:PORT", "For example --listen 0.0.0.0:7300"};
  }
  std::string host = listen.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &list) != 0) {
    return {what, otherwise, "not an IP address and a port", "For example --listen 0.0.0.0:7300"};
  }
  const std::unique_ptr<addrinfo, Freer> owner(list);
  const int error = try_listen(*list);
  if (error == 0) return {what, Verdict::good, "free", ""};
  const bool is_taken = error == EADDRINUSE;
  return {what, otherwise, is_taken ? "in use, by a hub or another program" : std::strerror(error),
          is_taken ? "If it is not your hub, choose another: intertie hub start --listen"
                   : "Choose an address and port that this machine and user may use."};
}

Finding check_skew(core::Time hub, core::Time before, core::Time after) {
  // The hub's clock stood in [hub, hub + 2 s) at some moment between the two of ours: its header
  // counts whole seconds, and may be a second old.
  const core::Duration ahead = before - (hub + core::seconds(2));
  const core::Duration behind = hub - after;
  const core::Duration skew = std::max(ahead, behind);
  if (skew.count <= 0) return {"clock and hub", Verdict::good, "agree to two seconds", ""};
  const std::string detail = "this machine is " + short_duration(skew) +
                             (ahead > behind ? " ahead of the hub" : " behind the hub");
  return {"clock and hub", skew > core::limits::clock_margin ? Verdict::bad : Verdict::doubtful,
          detail, "Run a time service on both: systemd-timesyncd or chrony."};
}

}  // namespace intertie::cli
