// intertie context: hubs and tokens by name.
#include <algorithm>
#include <filesystem>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "session/consent.h"
#include "session/context.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kList = "intertie context list";

std::optional<Complaint> check_name(const std::string& name) {
  if (is_context_name(name)) return std::nullopt;
  return make_usage_complaint("'" + name + "' is no name for a context.",
                              "Use letters, digits, '-', '_' and '.', at most 64.");
}

Complaint complain_about_missing(const std::string& name) {
  std::vector<std::string> names;
  for (const NamedContext& context : list_contexts()) names.push_back(context.name);
  return complain_about_name({core::Reason::not_found, "context " + name}, name, names, kList);
}

bool is_there(const std::string& name) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(get_context_path(name), error));
}

/// What counts now, and why, may be another than the one just chosen.
void say_what_counts(const Terminal& terminal, const std::string& name) {
  const core::Result<FoundContext> found = find_context(std::nullopt);
  if (found && found->path == get_context_path(name)) return;
  if (found && found->origin == "the user's file") return;
  if (found) terminal.say("Here " + found->path + " (" + found->origin + ") is used nevertheless.");
}

boost::json::object make_object(const std::string& name, const core::Result<FoundContext>& found,
                                const std::string& path, bool is_used) {
  return {{"name", name},
          {"path", path},
          {"is_used", is_used},
          {"address", found ? found->context.address : ""},
          {"currency", found ? found->context.currency : ""},
          {"problem", found ? "" : found.error().detail}};
}

}  // namespace

Outcome run_context_list(const Invocation&, const Terminal& terminal) {
  Listing listing;
  listing.columns = {{"name", "NAME"}, {"is_used", "USED"}, {"address", "HUB"}, {"path", "FILE"}};
  boost::json::array objects;
  for (const NamedContext& context : list_contexts()) {
    const core::Result<FoundContext> found = find_context(context.path);
    const std::string address = found ? found->context.address : "cannot be read";
    listing.rows.push_back({Cell(context.name),
                            Cell(context.is_used ? "yes" : "", context.is_used ? "true" : "false"),
                            Cell(address, found ? address : ""), Cell(context.path)});
    objects.push_back(make_object(context.name, found, context.path, context.is_used));
  }
  return terminal.show(listing, objects,
                       "No context has a name yet: intertie context add NAME FILE.");
}

Outcome run_context_add(const Invocation& invocation, const Terminal& terminal) {
  const std::string& name = invocation.operands[0];
  if (std::optional<Complaint> complaint = check_name(name)) return *std::move(complaint);
  const core::Result<FoundContext> found = find_context(make_absolute(invocation.operands[1]));
  if (!found) return complain_about_context(found.error());
  if (is_there(name)) {
    return make_complaint({core::Reason::already_exists, "context " + name},
                          "Take another name, or remove it: intertie context rm " + name);
  }
  if (invocation.has("dry-run")) {
    return tell_rehearsal(terminal, "call " + found->path + " " + name);
  }
  const std::string path = get_context_path(name);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  core::Result<void> done;
  if (error) {
    done = core::Error{core::Reason::io_failed, path + ": " + error.message()};
  } else if (invocation.has("link")) {
    std::filesystem::create_symlink(found->path, path, error);
    if (error) done = core::Error{core::Reason::io_failed, path + ": " + error.message()};
  } else {
    done = write_context(path, found->context);
  }
  if (!done) return make_complaint(done.error());
  terminal.say("Use it: intertie context use " + name + " (or --context " + name + ")");
  return terminal.show_object(make_object(name, found, path, false), name + "\n", name);
}

Outcome run_context_use(const Invocation& invocation, const Terminal& terminal) {
  const std::string& name = invocation.operands[0];
  if (!is_context_name(name) || !is_there(name)) return complain_about_missing(name);
  const core::Result<FoundContext> found = find_context(get_context_path(name));
  if (!found) return complain_about_context(found.error());
  if (invocation.has("dry-run")) {
    return tell_rehearsal(terminal, "use " + found->context.address + " from now on");
  }
  const core::Result<void> done = use_context(name);
  if (!done) {
    return make_complaint(done.error(),
                          "Give it a name first, then move it away: intertie "
                          "context add NAME FILE");
  }
  say_what_counts(terminal, name);
  return terminal.show_object(make_object(name, found, found->path, true),
                              name + ": " + found->context.address + "\n", name);
}

Outcome run_context_show(const Invocation& invocation, const Terminal& terminal) {
  const bool is_named = !invocation.operands.empty();
  if (is_named && !is_there(invocation.operands[0])) {
    return complain_about_missing(invocation.operands[0]);
  }
  const core::Result<FoundContext> found =
      is_named ? find_context(get_context_path(invocation.operands[0]))
               : find_context(invocation.find("context"));
  if (!found) return complain_about_context(found.error());
  std::string name = is_named ? invocation.operands[0] : "";
  for (const NamedContext& context : list_contexts()) {
    const bool is_it =
        context.path == found->path || (found->origin == "the user's file" && context.is_used);
    if (!is_named && is_it) name = context.name;
  }
  boost::json::object object = make_object(name, found, found->path, name == get_used_context());
  object["origin"] = found->origin;
  object["fingerprint"] = found->context.fingerprint;
  const std::string text = (name.empty() ? "" : "name        " + name + "\n") + "hub         " +
                           found->context.address + "\nfile        " + found->path +
                           "\nfrom        " + found->origin + "\n";
  return terminal.show_object(object, text, name.empty() ? found->path : name);
}

Outcome run_context_rm(const Invocation& invocation, const Terminal& terminal) {
  const std::string& name = invocation.operands[0];
  if (!is_context_name(name) || !is_there(name)) return complain_about_missing(name);
  const std::string what = "remove context " + name + " with its token";
  if (invocation.has("dry-run")) return tell_rehearsal(terminal, what);
  if (auto complaint = require_consent(invocation, terminal, "This would " + what + ".")) {
    return *std::move(complaint);
  }
  const bool was_used = get_used_context() == name;
  std::error_code error;
  std::filesystem::remove(get_context_path(name), error);
  if (!error && was_used) std::filesystem::remove(get_config_home() + "/context.yaml", error);
  if (error) return make_complaint({core::Reason::io_failed, name + ": " + error.message()});
  terminal.say("removed " + name);
  return kDone;
}

}  // namespace intertie::cli
