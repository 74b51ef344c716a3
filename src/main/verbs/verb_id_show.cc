// intertie id show: what an identifier says by itself, and what its registry says of it.
#include <boost/json/object.hpp>

#include "intertie/codec/json.h"
#include "intertie/identity/path.h"

#include "output/for_people.h"
#include "session/hub_session.h"
#include "session/serving.h"
#include "verbs/id_text.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

std::string render_identity(const api::IdentityView& view, core::Time now) {
  const auto line = [](std::string name, const std::string& value) {
    name.resize(11, ' ');
    return value.empty() ? std::string() : "  " + name + "  " + value + "\n";
  };
  const std::string when =
      relative_time(view.as_of, now) + " (" + core::to_rfc3339(view.as_of) + ")";
  std::string text;
  if (!view.is_known) {
    text += line("record", "none: its registry has never given it out, and has signed that");
  } else {
    text += line("name", view.name) + line("status", view.status) + line("holder", view.holder);
    text += line("record", view.record.empty() ? "none"
                                               : "signed, " + std::to_string(view.record.size()) +
                                                     " bytes (-o json shows it)");
  }
  text += line("said by", "hub " + view.registry + " of region " + view.region + ", " + when);
  if (view.is_stale) {
    text += line("stale", "the registry cannot be reached: this is what it said last");
  }
  return text;
}

}  // namespace

Outcome run_id_show(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<identity::Path> path = identity::parse_path(invocation.operands[0]);
  if (!path) return make_complaint(path.error());
  boost::json::object object = describe_identifier(path->id);
  std::string text = render_identifier(path->id);
  for (const std::string& part : path->parts) text += "  part         " + part + "\n";
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) {
    terminal.say("No hub to ask for its record (intertie dev starts one).");
    return terminal.show_object(object, text, identity::to_text(*path));
  }
  const core::Result<api::IdentityView> view =
      session->client().resolve_identity(identity::to_text(*path));
  if (view) {
    object["identity"] = codec::encode(*view);
    terminal.show_object(object, text + render_identity(*view, read_clock()),
                         identity::to_text(*path));
    return view->is_known ? kDone : kFailed;
  }
  if (view.error().reason != core::Reason::unreachable &&
      view.error().reason != core::Reason::unknown_registry) {
    return session->complain(view.error());
  }
  terminal.say("What follows is what the identifier itself says. " + core::to_text(view.error()));
  return terminal.show_object(object, text, identity::to_text(*path));
}

}  // namespace intertie::cli
