// Errors as text and as JSON.
#include "output/complaint.h"

#include <exception>
#include <new>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "output/escape.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kReport =
    "Please report it, with the command and what intertie doctor says.";

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

Outcome run_guarded(const std::function<Outcome()>& verb) {
  try {
    return verb();
  } catch (const std::bad_alloc&) {
    return make_complaint({core::Reason::internal, "there is no memory left"},
                          "Ask for less at once, or free some memory.");
  } catch (const std::exception& exception) {
    return make_complaint({core::Reason::internal, exception.what()}, kReport);
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
