// Principals and their money.
#include <limits>
#include <string>
#include <utility>

#include "intertie/core/limits.h"

#include "decisions.h"
#include "parked.h"
#include "reservations.h"

namespace intertie::hub {
namespace {

AccountOpened make_account(std::string name, std::string owner, ledger::AccountKind kind,
                           bool may_go_negative) {
  AccountOpened opened;
  opened.terms = {std::move(name), std::move(owner), kind, may_go_negative, {}};
  return opened;
}

}  // namespace

core::Result<Reply> decide(Context& context, const CreateHub& command) {
  if (!context.state.facts.id.empty()) {
    return {core::Reason::already_exists, "hub " + context.state.facts.id};
  }
  context.emit(command.facts);
  context.emit(make_account("bank", "", ledger::AccountKind::bank, true));
  context.emit(make_account("fees", "", ledger::AccountKind::hub_fee, false));
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const CreatePrincipal& command) {
  const State& state = context.state;
  if (const auto found = state.principal_handles.find(command.name);
      found != state.principal_handles.end()) {
    return {core::Reason::already_exists, command.name};
  }
  if (command.name.find('/') != std::string::npos) {
    return {core::Reason::bad_field, "a principal's name has no '/': users of other regions have"};
  }
  const bool is_provider = command.role == Role::provider;
  AccountOpened account =
      make_account(command.name, command.name,
                   is_provider ? ledger::AccountKind::provider : ledger::AccountKind::user, false);
  account.terms.credit_limit = command.credit_limit;
  if (const auto checked = ledger::check_open_account(state.ledger, account.terms); !checked) {
    return checked.error();
  }
  PrincipalCreated created;
  created.name = command.name;
  created.role = command.role;
  created.account = static_cast<std::uint32_t>(state.ledger.account_count());
  created.jobs_max = command.jobs_max > 0 ? command.jobs_max : core::limits::jobs_per_owner_default;
  const auto handle = static_cast<std::uint32_t>(state.principals.size());

  context.emit(std::move(account));
  context.emit(std::move(created));
  return Reply{Created{handle}};
}

core::Result<Reply> decide(Context& context, const Deposit& command) {
  const State& state = context.state;
  const ledger::Account* account = state.ledger.find_account(command.account);
  if (account == nullptr) return {core::Reason::unknown_account, command.account};
  if ((command.id.high & kHoldIds) != 0) {
    return {core::Reason::out_of_range, "id: the upper half is kept for holds"};
  }
  if (command.amount.count == std::numeric_limits<std::int64_t>::min()) {
    return {core::Reason::out_of_range, "amount"};
  }
  const std::uint32_t handle = account->handle.index;
  EntryPosted posted;
  posted.entry.id = command.id;
  posted.entry.memo = command.amount.count >= 0 ? ledger::Memo::deposit : ledger::Memo::withdrawal;
  posted.entry.postings = {{account->handle, command.amount}, {state.bank, -command.amount}};
  const auto checked = ledger::check_entry(state.ledger, posted.entry);
  if (!checked) return checked.error();
  if (*checked == ledger::Check::repeated) return Reply{Done{}};

  context.emit(std::move(posted));
  wake_account(context, handle);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const SetCreditLimit& command) {
  const ledger::Account* account = context.state.ledger.find_account(command.account);
  if (account == nullptr) return {core::Reason::unknown_account, command.account};
  const std::uint32_t handle = account->handle.index;
  if (const auto checked =
          ledger::check_credit_limit(context.state.ledger, account->handle, command.limit);
      !checked) {
    return checked.error();
  }
  context.emit(CreditLimitSet{handle, command.limit});
  wake_account(context, handle);
  return Reply{Done{}};
}

}  // namespace intertie::hub
