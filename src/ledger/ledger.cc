// Accounts and the state's own members.
#include "intertie/ledger/ledger.h"

#include <cassert>
#include <utility>

#include "intertie/core/limits.h"

namespace intertie::ledger {

using core::Money;
using core::Reason;
using core::Result;

const Account* Ledger::find_account(AccountHandle handle) const {
  return handle.index < accounts_.size() ? &accounts_[handle.index] : nullptr;
}

const Account* Ledger::find_account(std::string_view name) const {
  const auto found = names_.find(std::string(name));
  return found == names_.end() ? nullptr : &accounts_[found->second.index];
}

const Hold* Ledger::find_hold(EntryId id) const {
  const auto found = holds_.find(id);
  return found == holds_.end() ? nullptr : &found->second;
}

Money Ledger::compute_available(AccountHandle handle) const {
  const Account* account = find_account(handle);
  assert(account != nullptr);
  if (account->terms.may_go_negative) return Money{INT64_MAX};
  // balance + credit_limit >= held >= 0 holds always, so only the first sum can pass the range.
  Money covered;
  if (__builtin_add_overflow(account->balance.count, account->terms.credit_limit.count,
                             &covered.count)) {
    return Money{INT64_MAX};
  }
  return covered - account->held;
}

Account& Ledger::get_account(AccountHandle handle) {
  assert(handle.index < accounts_.size());
  return accounts_[handle.index];
}

void Ledger::remember(EntryId id, std::uint64_t content) {
  const bool is_new = remembered_.try_emplace(id, content).second;
  assert(is_new);
  remembered_order_.push_back(id);
  if (remembered_order_.size() <= core::limits::ledger_ids_remembered_max) return;
  remembered_.erase(remembered_order_.front());
  remembered_order_.pop_front();
}

Result<Check> check_open_account(const Ledger& ledger, const AccountTerms& terms) {
  if (terms.name.empty() || terms.name.size() > core::limits::account_name_bytes_max) {
    return {Reason::out_of_range, "account name: 1 to 200 bytes"};
  }
  if (terms.credit_limit < Money{}) return {Reason::out_of_range, "credit_limit: below 0"};
  if (const Account* account = ledger.find_account(terms.name)) {
    if (account->terms == terms && !account->is_closed) return Check::repeated;
    return {Reason::already_exists, "account " + terms.name};
  }
  if (ledger.accounts_.size() >= core::limits::ledger_accounts_max) {
    return {Reason::too_large, "accounts: at most 10000000"};
  }
  return Check::apply;
}

AccountHandle apply_open_account(Ledger& ledger, const AccountTerms& terms) {
  const AccountHandle handle{static_cast<std::uint32_t>(ledger.accounts_.size())};
  const bool is_new = ledger.names_.try_emplace(terms.name, handle).second;
  assert(is_new);
  Account account;
  account.handle = handle;
  account.terms = terms;
  ledger.accounts_.push_back(std::move(account));
  return handle;
}

Result<Check> check_close_account(const Ledger& ledger, AccountHandle handle) {
  const Account* account = ledger.find_account(handle);
  if (account == nullptr) return Reason::unknown_account;
  if (account->is_closed) return Check::repeated;
  if (account->balance != Money{} || account->held != Money{}) {
    return {Reason::illegal_transition, account->terms.name + ": balance and holds must be 0"};
  }
  return Check::apply;
}

void apply_close_account(Ledger& ledger, AccountHandle handle) {
  Account& account = ledger.get_account(handle);
  assert(!account.is_closed && account.balance == Money{} && account.held == Money{});
  account.is_closed = true;
}

Result<void> check_credit_limit(const Ledger& ledger, AccountHandle handle, Money limit) {
  const Account* account = ledger.find_account(handle);
  if (account == nullptr) return Reason::unknown_account;
  if (account->is_closed) return {Reason::account_closed, account->terms.name};
  if (limit < Money{}) return {Reason::out_of_range, "credit_limit: below 0"};
  if (account->terms.may_go_negative) return {};
  Money covered;
  const bool is_beyond =
      __builtin_add_overflow(account->balance.count, limit.count, &covered.count);
  if (!is_beyond && covered < account->held) {
    return {Reason::insufficient_funds, account->terms.name + ": in use now"};
  }
  return {};
}

void apply_credit_limit(Ledger& ledger, AccountHandle handle, Money limit) {
  ledger.get_account(handle).terms.credit_limit = limit;
}

}  // namespace intertie::ledger
