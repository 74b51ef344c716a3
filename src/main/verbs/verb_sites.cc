// intertie sites, and what operators do with them.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "intertie/codec/json.h"
#include "intertie/identity/identifier.h"

#include "session/consent.h"
#include "session/hub_session.h"
#include "session/serving.h"
#include "verbs/job_listing.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

/// A site may be named by its identifier too; `name` becomes its name. Says which site was meant if
/// there is none.
std::optional<Complaint> find_name(HubSession& session, std::string& name) {
  const core::Result<api::SiteList> list = session.client().list_sites();
  if (!list) return session.complain(list.error());
  const core::Result<identity::Identifier> id = identity::parse_identifier(name);
  std::vector<std::string> names;
  for (const api::SiteView& site : list->sites) {
    if (site.name == name) return std::nullopt;
    if (id && site.identifier == identity::to_text(*id)) {
      name = site.name;
      return std::nullopt;
    }
    names.push_back(site.name);
  }
  const core::Error error{core::Reason::not_found, "site " + name};
  return complain_about_name(error, name, names, "intertie sites");
}

boost::json::object encode_remote(const api::RemoteSiteView& site) {
  boost::json::object object = codec::encode(site).as_object();
  object["is_remote"] = true;
  return object;
}

/// "42/name", or an identifier.
std::optional<api::RemoteSiteView> find_remote(HubSession& session, const std::string& name) {
  const core::Result<api::SiteList> list = session.client().list_sites();
  if (!list) return std::nullopt;
  const core::Result<identity::Identifier> id = identity::parse_identifier(name);
  for (const api::RemoteSiteView& site : list->remote) {
    const bool is_it = id && site.identifier == identity::to_text(*id);
    if (is_it || name == site.region + "/" + site.name) return site;
  }
  return std::nullopt;
}

Outcome show_remote(const api::RemoteSiteView& site, const HubSession& session,
                    const Terminal& terminal) {
  Listing listing = make_site_listing({}, read_clock(), session.currency());
  add_remote_sites(listing, {site}, read_clock(), session.currency());
  return terminal.show_object(encode_remote(site),
                              "site " + site.name + " (" + site.identifier + "), region " +
                                  site.region + ", announced by its hub " + site.hub_name + "\n" +
                                  render_table(listing, "No pools.", terminal.columns()),
                              site.name);
}

std::string describe_record(const api::SiteView& site) {
  if (!site.record_status) return "";
  std::string text = ", record " + std::string(identity::status_name(*site.record_status));
  if (site.record_valid_until) text += " until " + core::to_rfc3339(*site.record_valid_until);
  return text;
}

Outcome set_drained(const Invocation& invocation, const Terminal& terminal, bool is_drained) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  std::string name = invocation.operands[0];
  if (const auto complaint = find_name(*session, name)) return *complaint;
  if (invocation.has("dry-run")) {
    terminal.say("Would " + std::string(is_drained ? "drain " : "resume ") + name + ".");
    return kDone;
  }
  const core::Result<api::SiteView> done =
      is_drained ? session->client().drain_site(name) : session->client().resume_site(name);
  if (!done) return session->complain(done.error());
  terminal.say(is_drained ? name + " takes no new jobs; running ones go on."
                          : name + " takes jobs again.");
  return kDone;
}

}  // namespace

Outcome run_sites(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (!invocation.operands.empty()) {
    std::string name = invocation.operands[0];
    if (const auto remote = find_remote(*session, name)) {
      return show_remote(*remote, *session, terminal);
    }
    if (const auto complaint = find_name(*session, name)) return *complaint;
    const core::Result<api::SiteView> site = session->client().get_site(name);
    if (!site) return session->complain(site.error());
    const Listing listing = make_site_listing({*site}, read_clock(), session->currency());
    return terminal.show_object(codec::encode(*site),
                                "site " + site->name + " (" + site->identifier + "), region " +
                                    site->region + describe_record(*site) + "\n" +
                                    render_table(listing, "No pools.", terminal.columns()),
                                site->name);
  }
  const core::Result<api::SiteList> list = session->client().list_sites();
  if (!list) return session->complain(list.error());
  boost::json::array objects;
  for (const api::SiteView& site : list->sites) objects.push_back(codec::encode(site));
  for (const api::RemoteSiteView& site : list->remote) objects.push_back(encode_remote(site));
  Listing listing = make_site_listing(list->sites, read_clock(), session->currency());
  add_remote_sites(listing, list->remote, read_clock(), session->currency());
  return terminal.show(listing, objects, "No sites. An operator adds one: intertie site token");
}

Outcome run_site_token(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("dry-run")) {
    const core::Result<api::HubView> hub = session->client().get_hub();
    if (!hub) return session->complain(hub.error());
    return tell_rehearsal(terminal, "make a token with which one site can join");
  }
  const core::Result<api::SiteTokenView> token =
      session->client().create_site_token({invocation.get("operator", ""), core::hours(24)});
  if (!token) return session->complain(token.error());
  terminal.say("One site can join with it until " + core::to_rfc3339(token->expires) +
               ": intertie site join TOKEN --name NAME");
  return terminal.show_object(codec::encode(*token), token->token + "\n", token->token);
}

// The hub keeps what the site said when it last opened its channel: that is what is reconciled.
Outcome run_site_reconcile(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  std::string name = invocation.operands[0];
  if (const auto complaint = find_name(*session, name)) return *complaint;
  const core::Result<api::SiteView> site = session->client().get_site(name);
  if (!site) return session->complain(site.error());
  if (!site->channel) {
    return make_complaint(
        {core::Reason::not_found, name + " has not opened its channel since the hub started"},
        "Start its agent (intertie site start), and use an operator's token.");
  }
  const api::SiteChannelView& channel = *site->channel;
  terminal.say(channel.reason ? name + " cannot open its channel: " + channel.detail + "."
                              : "The hub sees no difference; the site's log says if it does.");
  terminal.say(
      "Hub and site remember different messages, because one of the two was restored from a\n"
      "backup. Reconciling takes the site's side: it starts again from its row " +
      std::to_string(channel.hello.sent) + " and the hub's row " +
      std::to_string(channel.hello.received) +
      ".\nWhat runs there counts as lost; such jobs run again elsewhere when their time is over.");
  if (!invocation.has("yes")) {
    return make_complaint({core::Reason::bad_argument, "nothing was changed"},
                          "intertie site reconcile " + name + " --yes");
  }
  const core::Result<api::SiteView> done = session->client().reconcile_site(name, channel.hello);
  if (!done) return session->complain(done.error());
  terminal.say(name + " is reconciled; it opens its channel within a minute.");
  return kDone;
}

Outcome run_site_revoke(const Invocation& invocation, const Terminal& terminal) {
  const std::string reason = invocation.get("reason", "order");
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  std::string name = invocation.operands[0];
  if (const auto complaint = find_name(*session, name)) return *complaint;
  terminal.say("Revoking " + name +
               " is for ever: its keys count no more, nothing it says is heard,\n"
               "and its identifier is not used again. What runs there counts as lost.");
  if (!invocation.has("yes")) {
    return make_complaint({core::Reason::bad_argument, "nothing was changed"},
                          "intertie site revoke " + name + " --yes");
  }
  const core::Result<api::KeysAnswer> done = session->client().revoke_site(
      name, reason == "key_lost"      ? identity::RevocationReason::key_lost
            : reason == "false_claim" ? identity::RevocationReason::false_claim
                                      : identity::RevocationReason::order);
  if (!done) return session->complain(done.error(), "use the operator's context: --context FILE");
  return terminal.show_object(codec::encode(*done), name + " is revoked.\n", name);
}

Outcome run_site_drain(const Invocation& invocation, const Terminal& terminal) {
  return set_drained(invocation, terminal, true);
}

Outcome run_site_resume(const Invocation& invocation, const Terminal& terminal) {
  return set_drained(invocation, terminal, false);
}

}  // namespace intertie::cli
