#include "verbs/doctor_sandbox.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "intertie/execution_runners/local_runner.h"
#include "intertie/execution_runners/task_tree.h"

namespace intertie::cli {
namespace {

using execution::IsolationReport;
using execution::ProbeOutcome;
using execution::ProbeReport;
using execution::SandboxTrial;

constexpr std::string_view kNamespaceFix =
    "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1); a plain chroot never has "
    "them, a container may.";

std::string get_level_name(const IsolationReport& report) {
  return report.level == topology::Isolation::namespace_ ? "namespace" : "process";
}

/// A launcher in a folder of its own for as long as this lives.
class TrialLauncher {
 public:
  TrialLauncher() {
    if (::mkdtemp(folder_.data()) == nullptr) {
      failure_ = "/tmp cannot be written";
      return;
    }
    is_made_ = true;
    auto runner = execution_runners::LocalRunner::attach(
        {folder_ + "/run", {"/proc/self/exe", "launcher", "--folder", folder_ + "/run"}});
    if (runner) runner_ = std::move(*runner);
    if (!runner) failure_ = runner.error().detail;
  }
  ~TrialLauncher() {
    stop();
    if (is_made_) (void)execution_runners::remove_tree(folder_);
  }
  TrialLauncher(const TrialLauncher&) = delete;
  TrialLauncher& operator=(const TrialLauncher&) = delete;

  core::Result<std::vector<SandboxTrial>> read() {
    if (runner_ != nullptr) return runner_->read_isolation();
    return core::Error{core::Reason::io_failed, failure_};
  }
  bool stop() {
    const bool is_stopped = runner_ == nullptr || runner_->stop(true).has_value();
    runner_.reset();
    return is_stopped;
  }

 private:
  std::string folder_ = "/tmp/intertie-doctor-XXXXXX";
  bool is_made_ = false;
  std::string failure_;
  std::unique_ptr<execution_runners::LocalRunner> runner_;
};

std::string_view get_outcome_name(ProbeOutcome outcome) {
  return outcome == ProbeOutcome::open     ? "open"
         : outcome == ProbeOutcome::closed ? "closed"
                                           : "untried";
}

void add_probe(const std::string& level, const ProbeReport& probe, Listing& listing,
               boost::json::array& objects) {
  const std::string outcome(get_outcome_name(probe.outcome));
  const std::string expected(get_outcome_name(probe.expected));
  const std::string verdict = execution::is_good(probe) ? "ok" : "bad";
  listing.rows.push_back({Cell(level), Cell(std::to_string(probe.number)), Cell(probe.name),
                          Cell(outcome), Cell(expected),
                          Cell(verdict == "bad" ? "BAD" : "ok", verdict)});
  objects.push_back(boost::json::object{{"level", level},
                                        {"number", probe.number},
                                        {"probe", probe.name},
                                        {"outcome", outcome},
                                        {"expected", expected},
                                        {"verdict", verdict}});
}

/// A level that did not start at all, or a thing that the machine has not: rows without a number.
void add_note(const std::string& level, const std::string& text, bool is_bad, Listing& listing,
              boost::json::array& objects) {
  listing.rows.push_back({Cell(level), Cell("0"), Cell(text), Cell("untried"), Cell("untried"),
                          Cell(is_bad ? "BAD" : "note", is_bad ? "bad" : "note")});
  objects.push_back(boost::json::object{{"level", level},
                                        {"number", 0},
                                        {"probe", text},
                                        {"outcome", "untried"},
                                        {"expected", "untried"},
                                        {"verdict", is_bad ? "bad" : "note"}});
}

}  // namespace

void check_isolation(std::vector<Finding>& findings) {
  TrialLauncher launcher;
  const auto levels = launcher.read();
  if (!levels) {
    findings.push_back(
        {"sandbox", Verdict::bad, levels.error().detail, "Make /tmp writable and try again."});
  }
  for (const SandboxTrial& trial : levels ? *levels : std::vector<SandboxTrial>{}) {
    const IsolationReport& level = trial.isolation;
    const bool is_namespace = level.level == topology::Isolation::namespace_;
    const std::string name = "sandbox: " + get_level_name(level);
    if (level.works) {
      findings.push_back({name, Verdict::good,
                          std::to_string(level.guarantees.size()) + " guarantees hold, " +
                              std::to_string(level.gaps.size()) + " do not",
                          ""});
    } else {
      findings.push_back(
          {name, is_namespace ? Verdict::bad : Verdict::doubtful, level.failure,
           is_namespace ? std::string(kNamespaceFix) : "See intertie site doctor --sandbox."});
    }
  }
  if (!launcher.stop()) findings.push_back({"sandbox", Verdict::doubtful, "slow to stop", ""});
}

Outcome show_sandbox(const Terminal& terminal) {
  terminal.say("Trying the sandbox ...");
  TrialLauncher launcher;
  const auto levels = launcher.read();
  if (!levels) return make_complaint(levels.error(), "Make /tmp writable and try again.");
  Listing listing;
  listing.columns = {{"level", "LEVEL"},       {"number", "NO", Align::right},
                     {"probe", "PROBE"},       {"outcome", "OUTCOME"},
                     {"expected", "EXPECTED"}, {"verdict", "VERDICT"}};
  boost::json::array objects;
  bool is_sound = true;
  std::set<std::string> lacks;
  for (const SandboxTrial& trial : *levels) {
    const IsolationReport& level = trial.isolation;
    const std::string name = get_level_name(level);
    std::vector<ProbeReport> probes = trial.probes;
    std::ranges::sort(probes, {}, &ProbeReport::number);
    for (const ProbeReport& probe : probes) {
      is_sound = is_sound && execution::is_good(probe);
      add_probe(name, probe, listing, objects);
    }
    lacks.insert(trial.lacks.begin(), trial.lacks.end());
    // Without namespaces a site still has the other level; a sandbox that did not start is no door.
    if (!level.works && probes.empty()) {
      const bool is_namespace = level.level == topology::Isolation::namespace_;
      add_note(name, level.failure + (is_namespace ? ". " + std::string(kNamespaceFix) : ""),
               !is_namespace, listing, objects);
      is_sound = is_sound && is_namespace;
    }
  }
  for (const std::string& lack : lacks) {
    add_note("machine", "lacks " + lack, false, listing, objects);
  }
  listing.sum = is_sound ? "no door is open that should be closed"
                         : "doors are open that should be closed: see BAD";
  terminal.show(listing, objects, "");
  return is_sound ? kDone : kFailed;
}

}  // namespace intertie::cli
