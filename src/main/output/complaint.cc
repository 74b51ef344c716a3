// Errors as text and as JSON.
#include "output/complaint.h"

#include <exception>
#include <new>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "output/escape.h"

namespace intertie::cli {
namespace {

std::string describe_report(const ReportWriter& write_report, std::string_view what) {
  const std::string path = write_report ? write_report(what) : "";
  const std::string log = path.empty() ? "the command" : path;
  return "Please report it, with " + log + " and what this says: intertie doctor -o json";
}

// The system's text for ENOENT.
constexpr std::string_view kNoSuchFile = ": No such file or directory";

}  // namespace

Complaint make_complaint(const core::Error& error, std::string_view fix) {
  const bool is_missing = error.detail.ends_with(kNoSuchFile);
  if (fix.empty() && error.reason == core::Reason::io_failed && is_missing) {
    fix = "Check its name, and the folder that you are in.";
  }
  Complaint complaint;
  complaint.code = core::reason_code(error.reason);
  complaint.what = core::reason_sentence(error.reason);
  complaint.why = error.detail;
  complaint.fix = fix.empty() ? core::reason_fix(error.reason) : fix;
  complaint.exit_code = get_exit_code(error.reason);
  return complaint;
}

Complaint make_usage_complaint(std::string what, std::string fix) {
  return {"bad_argument", std::move(what), {}, std::move(fix), kBadInput};
}

Outcome run_guarded(const std::function<Outcome()>& verb, const ReportWriter& write_report) {
  try {
    return verb();
  } catch (const std::bad_alloc&) {
    constexpr std::string_view kWhat = "there is no memory left";
    const std::string report = describe_report(write_report, kWhat);
    return make_complaint(
        {core::Reason::internal, std::string(kWhat)},
        "Ask for less at once, or free some memory. If that is not it: " + report);
  } catch (const std::exception& exception) {
    return make_complaint({core::Reason::internal, exception.what()},
                          describe_report(write_report, exception.what()));
  }
}

std::string render_complaint(const Complaint& complaint, bool use_color) {
  std::string text = use_color ? "\x1b[31merror:\x1b[0m " : "error: ";
  text += escape_controls(complaint.what) + " (E-" + complaint.code + ")\n";
  if (!complaint.why.empty()) text += "  why: " + escape_controls(complaint.why) + "\n";
  text += "  fix: " + escape_controls(complaint.fix) + "\n";
  return text;
}

std::string render_complaint_json(const Complaint& complaint) {
  const boost::json::object error = {{"code", complaint.code},
                                     {"what", complaint.what},
                                     {"why", complaint.why},
                                     {"fix", complaint.fix}};
  return boost::json::serialize(boost::json::object{{"error", error}}) + "\n";
}

}  // namespace intertie::cli
