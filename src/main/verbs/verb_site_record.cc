// intertie site amend, retire, suspend and reinstate: what a site's record says.
#include <boost/json/object.hpp>

#include "intertie/codec/json.h"
#include "intertie/identity/life_cycle.h"

#include "session/consent.h"
#include "session/context.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "verbs/site_facts.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

core::Error complain_about_option(const std::string& option, const core::Error& error) {
  return {core::Reason::bad_argument, "--" + option + ": " + error.detail};
}

// "2021-06-01", or a time of RFC 3339.
core::Result<core::Time> parse_day(const std::string& text) {
  return core::parse_rfc3339(text.find('T') == std::string::npos ? text + "T00:00:00Z" : text);
}

Outcome show_amended(const service::AmendedSite& done, const Terminal& terminal) {
  const std::string status(identity::status_name(done.status));
  return terminal.show_object(
      boost::json::object{{"site", done.site}, {"version", done.seq}, {"status", status}},
      "site      " + done.site + "\nversion   " + std::to_string(done.seq) +
          " of its record\nstatus    " + status + "\n",
      done.site);
}

Outcome change_suspension(const Invocation& invocation, const Terminal& terminal, bool begins) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const std::string& name = invocation.operands[0];
  if (invocation.has("dry-run")) {
    const core::Result<api::SiteView> site = session->client().get_site(name);
    if (!site) return session->complain(site.error(), "intertie sites lists them");
    return tell_rehearsal(terminal, (begins ? "suspend " : "reinstate ") + site->name);
  }
  const core::Result<api::KeysAnswer> done =
      begins ? session->client().suspend_site(name) : session->client().reinstate_site(name);
  if (!done) return session->complain(done.error(), "use the operator's context: --context FILE");
  return terminal.show_object(
      codec::encode(*done),
      begins ? name + " is suspended: it takes no new jobs; running ones go on.\n"
             : name + " may sell again, as soon as its agent has signed that it is active.\n",
      name);
}

}  // namespace

core::Result<service::SiteFacts> read_site_facts(const Invocation& invocation) {
  service::SiteFacts facts;
  if (const auto place = invocation.find("place")) facts.place = std::string(*place);
  if (const auto since = invocation.find("commissioned")) {
    const auto time = parse_day(std::string(*since));
    if (!time) return complain_about_option("commissioned", time.error());
    facts.commissioned = *time;
  }
  std::vector<core::Rate> claimed;
  for (const std::string& text : invocation.list("claim")) {
    const auto rate = core::parse_rate(text);
    if (!rate) return complain_about_option("claim", rate.error());
    if (rate->ops_per_second > 0) claimed.push_back(*rate);
  }
  if (!invocation.list("claim").empty()) facts.claimed = std::move(claimed);
  std::vector<identity::Alias> aka;
  for (const std::string& text : invocation.list("aka")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return complain_about_option("aka", {core::Reason::bad_argument, "expected SCHEME=NAME"});
    }
    aka.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  if (!aka.empty()) facts.aka = std::move(aka);
  return facts;
}

std::string get_site_folder(const Invocation& invocation) {
  return make_absolute(invocation.get("data", get_data_home() + "/site"));
}

Outcome run_site_amend(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<service::SiteFacts> facts = read_site_facts(invocation);
  if (!facts) return make_complaint(facts.error());
  if (!facts->place && !facts->commissioned && !facts->claimed && !facts->aka) {
    return make_usage_complaint("Nothing to change.", "intertie help site amend");
  }
  const core::Result<ServedFolder> folder = ServedFolder::open(get_site_folder(invocation));
  if (!folder) return make_complaint(folder.error(), "Stop the agent first; running tasks go on.");
  const auto done = service::amend_site(folder->path(), *facts);
  if (!done) return make_complaint(done.error());
  return show_amended(*done, terminal);
}

Outcome run_site_retire(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<ServedFolder> folder = ServedFolder::open(get_site_folder(invocation));
  if (!folder) {
    return make_complaint(folder.error(),
                          "Drain the site, wait until its jobs have ended, and stop the agent.");
  }
  terminal.say(
      "Retiring a site is for ever: its keys count no more, and its identifier is not\n"
      "used again. The machine can join anew, as another site, from another folder.");
  if (!invocation.has("yes")) {
    return make_complaint({core::Reason::bad_argument, "nothing was changed"},
                          "intertie site retire --data " + folder->path() + " --yes");
  }
  const auto done = service::retire_site(folder->path());
  if (!done) return make_complaint(done.error());
  return show_amended(*done, terminal);
}

Outcome run_site_suspend(const Invocation& invocation, const Terminal& terminal) {
  return change_suspension(invocation, terminal, true);
}

Outcome run_site_reinstate(const Invocation& invocation, const Terminal& terminal) {
  return change_suspension(invocation, terminal, false);
}

}  // namespace intertie::cli
