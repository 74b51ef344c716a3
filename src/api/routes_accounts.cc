// Accounts, postings, deposits, and the audit of the ledger.
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/schema.h"
#include "intertie/core/limits.h"
#include "intertie/hub/index_tables.h"
#include "intertie/ledger/totals.h"

#include "route.h"
#include "router_core.h"

namespace intertie::api {
namespace {

constexpr char kPostingCursor = 'p';
constexpr std::size_t kPostingKeyBytes = 16;  // Log index and position.

AccountView make_account_view(const hub::State& state, const ledger::Account& account) {
  AccountView view;
  view.name = account.terms.name;
  view.owner = account.terms.owner;
  view.kind = account.terms.kind;
  view.balance_micros = account.balance;
  view.held_micros = account.held;
  if (!account.terms.may_go_negative) {
    view.available_micros = state.ledger.compute_available(account.handle);
  }
  view.credit_limit_micros = account.terms.credit_limit;
  view.is_closed = account.is_closed;
  view.currency = state.facts.currency;
  return view;
}

bool is_visible(const Caller& caller, const ledger::Account& account) {
  return caller.is_operator() || account.terms.owner == caller.name;
}

core::Error make_account_not_found(const std::string& name) {
  return {core::Reason::not_found, "account " + name};
}

struct FoundAccount {
  AccountView view;
  std::uint32_t handle = 0;
};

// The account in the path, if the caller may see it; else answered.
void use_account(const CallPointer& call, std::function<void(const FoundAccount&)> then) {
  const std::string name = call->parameters.front();
  look_then(
      call,
      [name, caller = call->caller](const hub::HubMachine& machine) -> std::optional<FoundAccount> {
        const ledger::Account* account = machine.state().ledger.find_account(name);
        if (account == nullptr || !is_visible(caller, *account)) return std::nullopt;
        return FoundAccount{make_account_view(machine.state(), *account), account->handle.index};
      },
      [call, name, then = std::move(then)](const std::optional<FoundAccount>& found) {
        if (!found) return fail(*call, make_account_not_found(name));
        then(*found);
      });
}

void list_accounts(const CallPointer& call) {
  look_then(
      call,
      [caller = call->caller](const hub::HubMachine& machine) {
        const hub::State& state = machine.state();
        AccountList list;
        for (std::uint32_t i = 0; i < state.ledger.account_count(); ++i) {
          const ledger::Account& account = *state.ledger.find_account(ledger::AccountHandle{i});
          if (is_visible(caller, account))
            list.accounts.push_back(make_account_view(state, account));
        }
        return list;
      },
      [call](const AccountList& list) { respond_view(*call, list); });
}

void get_account(const CallPointer& call) {
  use_account(call, [call](const FoundAccount& found) { respond_view(*call, found.view); });
}

core::Result<PostingList> read_postings(storage::Reader& reader, const FoundAccount& account,
                                        std::size_t limit,
                                        const std::optional<std::string>& after) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::postings);
  scan.prefix = hub::encode_number(account.handle);
  scan.direction = storage::Direction::descending;
  scan.limit = limit + 1;
  if (after) scan.after_key = scan.prefix + *after;
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  PostingList list;
  list.account = account.view.name;
  for (const storage::IndexRow& row : *rows) {
    if (list.postings.size() == limit) break;
    const auto posting = codec::from_cbor<hub::IndexedPosting>(row.value, codec::Source::own);
    if (!posting) return core::Error{core::Reason::store_damaged, posting.error().detail};
    PostingView view{hub::decode_number(row.key, 8), posting->time, posting->amount, posting->memo,
                     std::nullopt};
    if (posting->job != 0) view.job = posting->job;
    list.postings.push_back(view);
  }
  if (rows->size() > limit) {
    list.next = make_cursor(kPostingCursor, (*rows)[limit - 1].key.substr(8));
  }
  return list;
}

void list_postings(const CallPointer& call) {
  const auto limit = read_limit(*call);
  if (!limit) return fail(*call, limit.error());
  const auto after = read_cursor(*call, kPostingCursor, kPostingKeyBytes);
  if (!after) return fail(*call, after.error());
  use_account(call, [call, limit = *limit, after = *after](const FoundAccount& found) {
    const auto list = read_postings(call->backend.reader(), found, limit, after);
    if (!list) return fail(*call, list.error());
    respond_view(*call, *list);
  });
}

// The upper half of ids is kept for holds (hub/accounts.cc).
ledger::EntryId make_entry_id(const Call& call) {
  const crypto::Digest digest =
      crypto::compute_sha256("deposit\n" + call.caller.name + "\n" + call.request.idempotency_key);
  const std::string_view bytes = crypto::as_text(digest.bytes);
  return {hub::decode_number(bytes, 0) >> 1, hub::decode_number(bytes, 8)};
}

void deposit(const CallPointer& call) {
  const std::string& key = call->request.idempotency_key;
  if (key.empty() || key.size() > core::limits::idempotency_key_bytes_max) {
    return fail(*call, {core::Reason::missing_field,
                        "Idempotency-Key: 1 to 255 bytes, so that no repeat pays twice"});
  }
  const auto request = read_body<DepositRequest>(*call);
  if (!request) return;
  if (request->amount_micros.count == 0) {
    return fail(*call, {core::Reason::out_of_range, "amount_micros: not 0"});
  }
  submit_then(call, hub::Deposit{make_entry_id(*call), call->parameters[0], request->amount_micros},
              [call](const hub::Reply&) { get_account(call); });
}

void set_credit_limit(const CallPointer& call) {
  const auto request = read_body<CreditLimitRequest>(*call);
  if (!request) return;
  submit_then(call, hub::SetCreditLimit{call->parameters[0], request->credit_limit_micros},
              [call](const hub::Reply&) { get_account(call); });
}

void check_ledger(const CallPointer& call) {
  struct Seen {
    ledger::LedgerDump dump;
    std::string currency;
  };
  look_then(
      call,
      [](const hub::HubMachine& machine) {
        return Seen{ledger::dump_ledger(machine.state().ledger), machine.state().facts.currency};
      },
      [call](const Seen& seen) {
        const ledger::Totals totals = ledger::compute_totals(seen.dump);
        LedgerCheckView view;
        view.is_sound = totals.problems.empty() && totals.sum.count == 0;
        view.sum_micros = totals.sum;
        view.accounts = static_cast<std::int64_t>(seen.dump.accounts.size());
        view.holds = totals.holds;
        for (const ledger::KindTotals& kind : totals.kinds) {
          view.kinds.push_back({kind.kind, kind.accounts, kind.balance, kind.held});
        }
        view.problems = totals.problems;
        view.currency = seen.currency;
        respond_view(*call, view);
      });
}

}  // namespace

void add_account_routes(std::vector<Route>& routes) {
  const auto account = &codec::openapi_schema<AccountView>;
  routes.push_back({"GET",
                    "/v1/accounts",
                    "list_accounts",
                    "The caller's accounts; operators see all.",
                    Visibility::owner,
                    Scope::ledger_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<AccountList>,
                    200,
                    &list_accounts});
  routes.push_back({"GET",
                    "/v1/accounts/{account}",
                    "get_account",
                    "One account.",
                    Visibility::owner,
                    Scope::ledger_read,
                    {},
                    nullptr,
                    account,
                    200,
                    &get_account});
  routes.push_back({"GET",
                    "/v1/accounts/{account}/postings",
                    "list_postings",
                    "What was posted to an account, newest first.",
                    Visibility::owner,
                    Scope::ledger_read,
                    {{"limit", "postings a page, 1 to 1000; default 100"},
                     {"after", "the `next` of the page before"}},
                    nullptr,
                    &codec::openapi_schema<PostingList>,
                    200,
                    &list_postings});
  routes.push_back({"POST",
                    "/v1/accounts/{account}:deposit",
                    "deposit",
                    "Pays money in from outside, or out. Needs an Idempotency-Key.",
                    Visibility::operators,
                    Scope::ledger_write,
                    {},
                    &codec::openapi_schema<DepositRequest>,
                    account,
                    200,
                    &deposit});
  routes.push_back({"POST",
                    "/v1/accounts/{account}:limit",
                    "set_credit_limit",
                    "Sets how far below zero an account may go.",
                    Visibility::operators,
                    Scope::ledger_write,
                    {},
                    &codec::openapi_schema<CreditLimitRequest>,
                    account,
                    200,
                    &set_credit_limit});
  routes.push_back({"GET",
                    "/v1/ledger/check",
                    "check_ledger",
                    "Counts the whole ledger again from its accounts and holds.",
                    Visibility::operators,
                    Scope::ledger_read,
                    {},
                    nullptr,
                    &codec::openapi_schema<LedgerCheckView>,
                    200,
                    &check_ledger});
}

}  // namespace intertie::api
