// intertie id show: what an identifier says, and its record if a hub is there to ask.
#include "intertie/codec/json.h"

#include "session/hub_session.h"
#include "verbs/id_text.h"
#include "verbs/verbs.h"

namespace intertie::cli {

Outcome run_id_show(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<identity::Identifier> id = identity::parse_identifier(invocation.operands[0]);
  if (!id) return make_complaint(id.error());
  boost::json::object object = describe_identifier(*id);
  std::string text = render_identifier(*id);
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) {
    terminal.say("No hub to ask for its record (intertie dev starts one).");
    return terminal.show_object(object, text, identity::to_text(*id));
  }
  const core::Result<api::RecordView> record =
      session->client().find_record(identity::to_text(*id));
  if (record) {
    object["record"] = codec::encode(*record);
    text += "  name         " + record->name + "\n  record       " +
            (record->record.empty() ? "none here"
                                    : "signed, " + std::to_string(record->record.size()) +
                                          " bytes (-o json shows it)") +
            "\n";
  } else if (record.error().reason != core::Reason::unreachable) {
    terminal.say("This hub has no record of it.");
  } else {
    terminal.say("The hub cannot be reached; this is what the identifier itself says.");
  }
  return terminal.show_object(object, text, identity::to_text(*id));
}

}  // namespace intertie::cli
