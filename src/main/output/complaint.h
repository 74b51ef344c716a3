// An error as a person reads it: what, why, and a way out.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "intertie/core/result.h"

#include "output/exit_code.h"

namespace intertie::cli {

/// All four texts are never empty (`why` may be, where `what` says it all).
struct Complaint {
  std::string code;  // A reason's stable code.
  std::string what;  // One sentence.
  std::string why;   // The facts of this case.
  std::string fix;   // What would help; a command to copy where there is one.
  int exit_code = kFailed;
};

/// From an error of the product. `fix` replaces the catalogue's sentence, where one knows better.
Complaint make_complaint(const core::Error& error, std::string_view fix = {});

/// A mistake on the command line.
Complaint make_usage_complaint(std::string what, std::string fix);

/// Three lines; the way out comes last, where the eye is:
///   error: There is no such object. (E-not_found)
///     why: job 9
///     fix: Check the name; ...
/// `use_color`: the first word in red.
std::string render_complaint(const Complaint& complaint, bool use_color);

/// The same as {"error":{"code","what","why","fix"}} on one line.
std::string render_complaint_json(const Complaint& complaint);

/// What a verb returns: its exit code, or why it failed.
using Outcome = std::variant<int, Complaint>;

/// Writes down what went wrong and returns the file's path; empty: it could not.
using ReportWriter = std::function<std::string(std::string_view what)>;

/// What `verb` gives; an exception that got this far becomes a complaint that names the log which
/// `write_report` has made of it, and says how to report it. No stack trace.
Outcome run_guarded(const std::function<Outcome()>& verb, const ReportWriter& write_report);

}  // namespace intertie::cli
