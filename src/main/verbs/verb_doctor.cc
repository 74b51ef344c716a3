// intertie doctor: what works here and what does not, each with a way out.
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "output/for_people.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "verbs/doctor_checks.h"
#include "verbs/doctor_sandbox.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "ok";
    case Verdict::doubtful:
      return "note";
    case Verdict::bad:
      return "bad";
  }
  return "";
}

Finding check_clock() {
  timex state{};
  const int status = ::adjtimex(&state);
  if (status == TIME_ERROR || status < 0) {
    return {"clock", Verdict::doubtful, "the kernel does not know the clock to be synchronised",
            "Run a time service: systemd-timesyncd or chrony."};
  }
  return {"clock", Verdict::good,
          "synchronised, within " + short_duration({std::max<std::int64_t>(state.maxerror, 0)}),
          ""};
}

// 0, or the system's error. Really writes: rights and the mount's flags do not tell of a disk that
// is full, or of a file system that the kernel has given up.
int try_to_write(const std::filesystem::path& folder) {
  std::string name = folder / ".intertie-doctor-XXXXXX";
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return errno;
  ::unlink(name.c_str());
  const std::string block(4096, '\0');
  const bool is_written =
      ::write(file, block.data(), block.size()) == static_cast<ssize_t>(block.size()) &&
      ::fsync(file) == 0;
  const int why = is_written ? 0 : errno;
  ::close(file);
  return why;
}

Finding check_disk(const std::string& folder) {
  std::filesystem::path path(folder);
  std::error_code error;
  while (!std::filesystem::exists(path, error) && path.has_relative_path()) {
    path = path.parent_path();
  }
  struct statvfs state {};
  if (::statvfs(path.c_str(), &state) != 0) {
    return {"disk", Verdict::bad, path.string() + " cannot be looked at",
            "Name another: --data DIR"};
  }
  const core::Bytes free{static_cast<std::int64_t>(state.f_bavail * state.f_frsize)};
  if (const int why = try_to_write(path); why != 0) {
    return {"disk", Verdict::bad, path.string() + " cannot be written: " + std::strerror(why),
            why == EROFS ? "Mount it anew, writable, or name another folder: --data DIR"
                         : "Free some space, or name another folder: --data DIR"};
  }
  const bool is_enough = free.count > (1LL << 30);
  return {"disk", is_enough ? Verdict::good : Verdict::doubtful,
          short_bytes(free) + " free at " + path.string(),
          is_enough ? "" : "Free some space, or name another folder: --data DIR"};
}

// The ports that the examples use; somebody may have them for good reason.
void check_ports(const Invocation& invocation, std::vector<Finding>& findings) {
  const std::vector<std::string> wished = invocation.list("listen");
  for (const std::string& listen : wished) findings.push_back(check_port(listen, Verdict::bad));
  if (!wished.empty()) return;
  for (const char* const listen : {"0.0.0.0:7300", "0.0.0.0:7301"}) {
    findings.push_back(check_port(listen, Verdict::doubtful));
  }
}

void check_clocks(api_client::Client& client, std::vector<Finding>& findings) {
  const core::Time before = read_clock();
  const core::Result<core::Time> hub = client.read_hub_clock();
  if (hub) findings.push_back(check_skew(*hub, before, read_clock()));
}

void check_hub(const Invocation& invocation, const Terminal& terminal,
               std::vector<Finding>& findings) {
  const core::Result<FoundContext> context = find_context(invocation.find("context"));
  if (!context) {
    findings.push_back(
        {"context", Verdict::doubtful, context.error().detail, "Start a hub here: intertie dev"});
    return;
  }
  findings.push_back({"context", Verdict::good, context->path + " (" + context->origin + ")", ""});
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  const core::Result<api::HealthView> ready =
      session ? session->client().get_ready() : core::Result<api::HealthView>(session.error());
  if (!ready) {
    const bool is_tls = ready.error().reason == core::Reason::certificate_refused;
    findings.push_back({is_tls ? "tls" : "hub", Verdict::bad,
                        context->context.address + ": " + ready.error().detail,
                        std::string(core::reason_fix(ready.error().reason))});
    return;
  }
  const bool is_ready = ready->status == "ok";
  findings.push_back({"hub", is_ready ? Verdict::good : Verdict::bad,
                      context->context.address + (is_ready ? " is ready" : " is not ready"),
                      is_ready ? "" : "Look at its log."});
  if (!context->context.fingerprint.empty()) {
    findings.push_back({"tls", Verdict::good, "the certificate is the expected one", ""});
  }
  check_clocks(session->client(), findings);
  const core::Result<api::HubView> hub = session->client().get_hub();
  if (!hub) {
    findings.push_back({"token", Verdict::bad, hub.error().detail,
                        std::string(core::reason_fix(hub.error().reason))});
    return;
  }
  findings.push_back({"token", Verdict::good, "signed in as " + hub->principal, ""});
  findings.push_back({"sites", hub->sites > 0 ? Verdict::good : Verdict::doubtful,
                      std::to_string(hub->sites) + " joined",
                      hub->sites > 0 ? "" : "intertie site token, then intertie site join TOKEN"});
}

Outcome show(const std::vector<Finding>& findings, const Terminal& terminal) {
  Listing listing;
  listing.columns = {
      {"what", "WHAT"}, {"verdict", "VERDICT"}, {"detail", "DETAIL"}, {"fix", "FIX"}};
  boost::json::array objects;
  bool is_good = true;
  for (const Finding& finding : findings) {
    const std::string verdict(verdict_name(finding.verdict));
    is_good = is_good && finding.verdict != Verdict::bad;
    const std::string shown = finding.verdict == Verdict::bad ? "BAD" : verdict;
    listing.rows.push_back(
        {Cell(finding.what), Cell(shown, verdict), Cell(finding.detail), Cell(finding.fix)});
    objects.push_back(boost::json::object{{"what", finding.what},
                                          {"verdict", verdict},
                                          {"detail", finding.detail},
                                          {"fix", finding.fix}});
  }
  terminal.show(listing, objects, "");
  return is_good ? kDone : kFailed;
}

}  // namespace

Outcome run_doctor(const Invocation& invocation, const Terminal& terminal) {
  std::vector<Finding> findings = {check_clock(),
                                   check_disk(invocation.get("data", get_data_home()))};
  for (Finding& finding : check_keys(invocation.get("data", get_data_home()), read_clock())) {
    findings.push_back(std::move(finding));
  }
  terminal.say("Trying the sandbox ...");
  check_isolation(findings);
  check_ports(invocation, findings);
  check_hub(invocation, terminal, findings);
  return show(findings, terminal);
}

Outcome run_site_doctor(const Invocation& invocation, const Terminal& terminal) {
  if (invocation.has("sandbox")) return show_sandbox(terminal);
  std::vector<Finding> findings = {check_clock(),
                                   check_disk(invocation.get("data", get_data_home()))};
  check_isolation(findings);
  return show(findings, terminal);
}

}  // namespace intertie::cli
