// intertie ledger: accounts and what moved on them.
#include <algorithm>
#include <chrono>
#include <thread>

#include <boost/json/array.hpp>

#include "intertie/codec/json.h"

#include "output/cells.h"
#include "output/for_people.h"
#include "session/consent.h"
#include "session/hub_session.h"
#include "session/local_file.h"
#include "session/serving.h"
#include "verbs/run_job.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::int64_t kPostingsShown = 20;
constexpr int kClearingLooks = 10;
constexpr std::chrono::milliseconds kClearingPause{300};

Listing make_account_listing(const std::vector<api::AccountView>& accounts) {
  Listing listing;
  listing.columns = {{"name", "ACCOUNT"},
                     {"kind", "KIND"},
                     {"balance_micros", "BALANCE", Align::right},
                     {"held_micros", "HELD", Align::right},
                     {"available_micros", "AVAILABLE", Align::right}};
  for (const api::AccountView& account : accounts) {
    listing.rows.push_back({Cell(account.name), Cell(enum_name(account.kind)),
                            money_cell(account.balance_micros, account.currency),
                            money_cell(account.held_micros, account.currency),
                            account.available_micros
                                ? money_cell(*account.available_micros, account.currency)
                                : Cell("no bound", "")});
  }
  return listing;
}

/// An error that may be about a name: says which account was meant.
Complaint complain_about_account(const core::Error& error, std::string_view name,
                                 HubSession& session) {
  const bool is_missing =
      error.reason == core::Reason::not_found || error.reason == core::Reason::unknown_account;
  const core::Result<api::AccountList> list = session.client().list_accounts();
  if (!is_missing || !list) return session.complain(error, "intertie ledger accounts lists them");
  std::vector<std::string> names;
  for (const api::AccountView& account : list->accounts) names.push_back(account.name);
  return complain_about_name(error, name, names, "intertie ledger accounts");
}

/// The account named, or the caller's own.
core::Result<std::string> find_account(const Invocation& invocation, HubSession& session) {
  if (!invocation.operands.empty()) return invocation.operands[0];
  const core::Result<api::HubView> hub = session.client().get_hub();
  if (!hub) return hub.error();
  return hub->principal;
}

std::string describe_mirror(const api::PeerClearingView& peer, const std::string& currency) {
  switch (peer.state) {
    case api::MirrorState::mirrors:
      return "mirrors";
    case api::MirrorState::catching_up:
      return "catching up";
    case api::MirrorState::disputed:
      return "differs by what is disputed: " +
             money_text(peer.disputed_micros + *peer.their_disputed_micros, currency);
    case api::MirrorState::differs:
      return "DIFFERS";
    case api::MirrorState::unreachable:
      return "not reached";
  }
  return {};
}

Listing make_clearing_listing(const std::vector<api::PeerClearingView>& peers,
                              const std::string& currency) {
  Listing listing;
  listing.columns = {{"region", "REGION"},
                     {"name", "NAME"},
                     {"state", "CLEARING"},
                     {"ours_micros", "OURS", Align::right},
                     {"theirs_micros", "THEIRS", Align::right},
                     {"difference_micros", "DIFFERENCE", Align::right},
                     {"rows_to_send", "TO SEND", Align::right},
                     {"rows_to_come", "TO COME", Align::right},
                     {"detail", "DETAIL"}};
  const auto money = [&](const std::optional<core::Money>& amount) {
    return amount ? money_cell(*amount, currency) : Cell("-", "");
  };
  for (const api::PeerClearingView& peer : peers) {
    listing.rows.push_back({Cell(peer.region), Cell(peer.name),
                            Cell(describe_mirror(peer, currency), enum_name(peer.state)),
                            money(peer.ours_micros), money(peer.theirs_micros),
                            money(peer.difference_micros), Cell(std::to_string(peer.rows_to_send)),
                            Cell(std::to_string(peer.rows_to_come)), Cell(peer.detail)});
  }
  return listing;
}

bool is_catching_up(const api::PeerClearingList& list) {
  return std::ranges::any_of(list.peers, [](const api::PeerClearingView& peer) {
    return peer.state == api::MirrorState::catching_up;
  });
}

// Rows that are under way arrive within moments, unless jobs end all the time.
core::Result<api::PeerClearingList> check_clearing(HubSession& session) {
  core::Result<api::PeerClearingList> list = session.client().check_clearing();
  for (int look = 1; look < kClearingLooks && list && is_catching_up(*list); ++look) {
    std::this_thread::sleep_for(kClearingPause);
    list = session.client().check_clearing();
  }
  return list;
}

Outcome run_clearing_check(HubSession& session, const Terminal& terminal) {
  const core::Result<api::PeerClearingList> list = check_clearing(session);
  if (!list) return session.complain(list.error(), "use the operator's context: --context FILE");
  const Listing listing = make_clearing_listing(list->peers, session.currency());
  if (terminal.is_json() && terminal.format() != Format::jsonl) {
    terminal.show_object(codec::encode(*list), "", "");
  } else {
    boost::json::array objects;
    for (const api::PeerClearingView& peer : list->peers) objects.push_back(codec::encode(peer));
    terminal.show(listing, objects, "No peers.");
  }
  return list->is_mirrored ? kDone : kFailed;
}

}  // namespace

Outcome run_ledger_accounts(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  std::vector<api::AccountView> accounts;
  if (invocation.operands.empty()) {
    core::Result<api::AccountList> list = session->client().list_accounts();
    if (!list) return session->complain(list.error());
    accounts = std::move(list->accounts);
  } else {
    core::Result<api::AccountView> account = session->client().get_account(invocation.operands[0]);
    if (!account) return complain_about_account(account.error(), invocation.operands[0], *session);
    accounts.push_back(*std::move(account));
  }
  boost::json::array objects;
  for (const api::AccountView& account : accounts) objects.push_back(codec::encode(account));
  return terminal.show(make_account_listing(accounts), objects, "No accounts.");
}

Outcome run_ledger_postings(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const core::Result<std::string> account = find_account(invocation, *session);
  if (!account) return session->complain(account.error());
  const core::Result<api::PostingList> list = session->client().list_postings(
      *account, {}, static_cast<std::size_t>(invocation.get_count("limit", kPostingsShown)));
  if (!list) return complain_about_account(list.error(), *account, *session);
  Listing listing;
  listing.columns = {{"index", "ENTRY", Align::right},
                     {"at", "WHEN"},
                     {"memo", "WHAT FOR"},
                     {"job", "JOB", Align::right},
                     {"amount_micros", "AMOUNT", Align::right}};
  boost::json::array objects;
  const core::Time now = read_clock();
  for (const api::PostingView& posting : list->postings) {
    const std::string job = posting.job ? std::to_string(*posting.job) : "";
    listing.rows.push_back({Cell(std::to_string(posting.index)),
                            Cell(relative_time(posting.at, now), core::to_rfc3339(posting.at)),
                            Cell(enum_name(posting.memo)), Cell(job.empty() ? "-" : job, job),
                            money_cell(posting.amount_micros, session->currency())});
    objects.push_back(codec::encode(posting));
  }
  return terminal.show(listing, objects, "Nothing has moved yet.");
}

Outcome run_ledger_check(const Invocation& invocation, const Terminal& terminal) {
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  if (invocation.has("peers")) return run_clearing_check(*session, terminal);
  const core::Result<api::LedgerCheckView> check = session->client().check_ledger();
  if (!check) return session->complain(check.error());
  std::string text = std::string(check->is_sound ? "sound" : "NOT SOUND") + ": " +
                     std::to_string(check->accounts) + " accounts, " +
                     std::to_string(check->holds) + " holds, all balances sum to " +
                     money_text(check->sum_micros, check->currency) + "\n";
  for (const api::KindTotalsView& kind : check->kinds) {
    text += "  " + enum_name(kind.kind) + ": " + std::to_string(kind.accounts) + " with " +
            money_text(kind.balance_micros, check->currency) + "\n";
  }
  for (const std::string& problem : check->problems) text += "  problem: " + problem + "\n";
  terminal.show_object(codec::encode(*check), text, check->is_sound ? "sound" : "unsound");
  return check->is_sound ? kDone : kFailed;
}

Outcome run_ledger_deposit(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<core::Money> amount = core::parse_money(invocation.operands[1]);
  if (!amount || amount->count == 0) {
    return make_complaint(
        {core::Reason::bad_argument,
         "AMOUNT '" + invocation.operands[1] + "': expected one above 0, such as 0.25"});
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const std::string& account = invocation.operands[0];
  if (invocation.has("dry-run")) {
    const core::Result<api::AccountView> view = session->client().get_account(account);
    if (!view) return complain_about_account(view.error(), account, *session);
    return tell_rehearsal(terminal,
                          "pay " + money_text(*amount, view->currency) + " into " + account);
  }
  const core::Result<api::AccountView> view =
      session->client().deposit(account, *amount, invocation.get("key", make_random_key()));
  if (!view) return complain_about_account(view.error(), account, *session);
  boost::json::array objects = {codec::encode(*view)};
  return terminal.show(make_account_listing({*view}), objects, "");
}

Outcome run_ledger_limit(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<core::Money> limit = core::parse_money(invocation.operands[1]);
  if (!limit) {
    return make_complaint({core::Reason::bad_argument, "LIMIT '" + invocation.operands[1] +
                                                           "': expected money, such as 100 or 0"});
  }
  core::Result<HubSession> session = HubSession::open(invocation, terminal);
  if (!session) return complain_about_context(session.error());
  const std::string& account = invocation.operands[0];
  if (invocation.has("dry-run")) {
    const core::Result<api::AccountView> known = session->client().get_account(account);
    if (!known) return complain_about_account(known.error(), account, *session);
    return tell_rehearsal(
        terminal, "let " + account + " go " + money_text(*limit, known->currency) + " below zero");
  }
  const core::Result<api::AccountView> view = session->client().set_credit_limit(account, *limit);
  if (!view) return complain_about_account(view.error(), account, *session);
  boost::json::array objects = {codec::encode(*view)};
  return terminal.show(make_account_listing({*view}), objects, "");
}

}  // namespace intertie::cli
