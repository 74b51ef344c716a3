// intertie hub user: who may sign in, and the contexts that let them.
#include <algorithm>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/for_people.h"
#include "session/consent.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::string_view kOperatorHint = "use the operator's context: --context FILE";

std::string_view get_role_name(hub::Role role) {
  switch (role) {
    case hub::Role::user:
      return "user";
    case hub::Role::provider:
      return "provider";
    case hub::Role::operator_:
      return "operator";
  }
  return {};
}

hub::Role read_role(const Invocation& invocation) {
  const std::string role = invocation.get("role", "user");
  if (role == "provider") return hub::Role::provider;
  return role == "operator" ? hub::Role::operator_ : hub::Role::user;
}

/// Mints a token for `name` and writes a context with it; shows where it is, never the token.
Outcome save_context(HubSession& session, const Invocation& invocation, const std::string& name,
                     const Terminal& terminal) {
  const core::Duration lifetime = *core::parse_duration(invocation.get("lifetime", "7d"));
  const core::Result<api::TokenView> token =
      session.client().create_token({name, invocation.list("scope"), lifetime});
  if (!token) return session.complain(token.error(), "intertie hub user list shows the names");
  const std::string path = make_absolute(invocation.get("save", name + ".yaml"));
  Context context = session.context().context;
  context.token = token->token;
  if (const core::Result<void> done = write_context(path, context); !done) {
    return make_complaint(done.error(), "name another file: --save FILE");
  }
  boost::json::array scopes;
  for (const std::string& scope : token->scopes) scopes.emplace_back(scope);
  const boost::json::object object = {{"principal", name},
                                      {"context", path},
                                      {"expires", core::to_rfc3339(token->expires)},
                                      {"scopes", scopes}};
  terminal.say("Whoever has this file is " + name + ": hand it over unseen. Use it with\n  " +
               "export INTERTIE_CONTEXT=" + path);
  return terminal.show_object(object,
                              "user      " + name + "\ncontext   " + path + "\nuntil     " +
                                  core::to_rfc3339(token->expires) + "\n",
                              path);
}

/// What adding somebody, or a token for somebody, would do.
Outcome rehearse(HubSession& session, const Invocation& invocation, const Terminal& terminal) {
  const std::string& name = invocation.operands[0];
  const bool is_new = invocation.verb->path == "hub user add";
  const core::Result<api::PrincipalList> list = session.client().list_principals();
  if (!list) return session.complain(list.error(), kOperatorHint);
  const bool is_known = std::ranges::find(list->principals, name, &api::PrincipalView::name) !=
                        list->principals.end();
  if (is_new && is_known) return make_complaint({core::Reason::already_exists, name});
  if (!is_new && !is_known) {
    return make_complaint({core::Reason::not_found, name},
                          "intertie hub user list shows the names");
  }
  const std::string what = is_new ? "add " + std::string(get_role_name(read_role(invocation))) +
                                        " " + name + " and write "
                                  : "write ";
  return tell_rehearsal(terminal, what + "a context with a token to " +
                                      make_absolute(invocation.get("save", name + ".yaml")));
}

}  // namespace

Outcome run_hub_user_add(const Invocation& invocation, const Terminal& terminal) {
  const std::string& name = invocation.operands[0];
  const core::Result<core::Money> credit = core::parse_money(invocation.get("credit", "0"));
  const core::Result<core::Money> deposit = core::parse_money(invocation.get("deposit", "0"));
  if (!credit || !deposit) return make_complaint(credit ? deposit.error() : credit.error());
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("dry-run")) return rehearse(*session, invocation, terminal);
  const core::Result<api::PrincipalView> made = session->client().create_principal(
      {name, read_role(invocation), invocation.get_count("jobs-max", 0), *credit});
  if (!made) return session->complain(made.error(), kOperatorHint);
  if (deposit->count > 0) {
    const core::Result<api::AccountView> paid =
        session->client().deposit(made->account, *deposit, make_random_key());
    if (!paid) return session->complain(paid.error(), kOperatorHint);
  }
  return save_context(*session, invocation, name, terminal);
}

Outcome run_hub_user_token(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("dry-run")) return rehearse(*session, invocation, terminal);
  return save_context(*session, invocation, invocation.operands[0], terminal);
}

Outcome run_hub_user_list(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<api::PrincipalList> list = session->client().list_principals();
  if (!list) return session->complain(list.error(), kOperatorHint);
  Listing listing;
  listing.columns = {{"name", "NAME"},
                     {"role", "ROLE"},
                     {"jobs", "JOBS", Align::right},
                     {"jobs_max", "AT MOST", Align::right}};
  boost::json::array objects;
  for (const api::PrincipalView& each : list->principals) {
    objects.push_back(codec::encode(each));
    listing.rows.push_back({Cell(each.name), Cell(std::string(get_role_name(each.role))),
                            Cell(std::to_string(each.jobs)), Cell(std::to_string(each.jobs_max))});
  }
  return terminal.show(listing, objects, "Nobody.");
}

}  // namespace intertie::cli
