// intertie hub rotate-keys: a stopped hub gets a new key.
#include <boost/json/object.hpp>

#include "intertie/core/limits.h"
#include "intertie/service/hub_rotation.h"

#include "session/context.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

core::Result<core::Duration> read_overlap(const Invocation& invocation) {
  if (invocation.has("at-once")) return core::Duration{};
  const auto text = invocation.find("overlap");
  if (!text) return core::limits::token_lifetime_max;
  return core::parse_duration(*text);
}

Outcome rotate_token(const std::string& folder, const Invocation& invocation,
                     const Terminal& terminal) {
  const core::Result<core::Duration> overlap = read_overlap(invocation);
  if (!overlap) return make_complaint(overlap.error());
  const auto done = service::rotate_hub_token_key(folder, *overlap);
  if (!done) return make_complaint(done.error());
  const bool counts = *overlap > core::Duration{};
  terminal.say(counts
                   ? "Tokens of the old key count until " + core::to_rfc3339(done->former_until) +
                         ", or as long as they say."
                   : "Tokens made before count no more. The contexts in the hub's folder get "
                     "new ones when it starts; all other users and sites to come need new ones.");
  return terminal.show_object(
      boost::json::object{
          {"purpose", "token"},
          {"key", done->key},
          {"former_until", counts ? boost::json::value(core::to_rfc3339(done->former_until))
                                  : boost::json::value()}},
      "token     " + done->key + "\n", done->key);
}

}  // namespace

Outcome run_hub_rotate_keys(const Invocation& invocation, const Terminal& terminal) {
  const std::string& purpose = invocation.operands[0];
  if (purpose != "token" && purpose != "seal") {
    return make_usage_complaint("PURPOSE is token or seal.", "intertie help hub rotate-keys");
  }
  const core::Result<ServedFolder> folder =
      ServedFolder::open(make_absolute(invocation.get("data", get_data_home() + "/hub")));
  if (!folder) return make_complaint(folder.error(), "Stop the hub first; sites and jobs go on.");
  if (purpose == "token") return rotate_token(folder->path(), invocation, terminal);
  const auto done = service::rotate_hub_seal_key(folder->path());
  if (!done) return make_complaint(done.error());
  terminal.say("Secrets of jobs that were submitted before can still be opened.");
  return terminal.show_object(boost::json::object{{"purpose", "seal"}, {"key", done->key}},
                              "seal      " + done->key + "\n", done->key);
}

}  // namespace intertie::cli
