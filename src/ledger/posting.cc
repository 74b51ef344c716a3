// Entries, holds and posts: the rules by which money moves.
#include <algorithm>
#include <cassert>
#include <optional>
#include <span>
#include <string>

#include "intertie/core/limits.h"
#include "intertie/ledger/ledger.h"

#include "content.h"

namespace intertie::ledger {
namespace {

using core::Error;
using core::Money;
using core::Reason;
using core::Result;
using core::limits::postings_per_entry_max;

__extension__ typedef __int128 Wide;

bool names_account_twice(std::span<const Posting> postings) {
  for (std::size_t i = 0; i < postings.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (postings[i].account == postings[j].account) return true;
    }
  }
  return false;
}

Wide compute_sum(std::span<const Posting> postings) {
  Wide sum = 0;
  for (const Posting& posting : postings) sum += posting.amount.count;
  return sum;
}

/// unknown_account, then account_closed, over all postings.
std::optional<Error> find_account_problem(const Ledger& ledger, std::span<const Posting> postings) {
  for (const Posting& posting : postings) {
    if (ledger.find_account(posting.account) == nullptr) {
      return Error{Reason::unknown_account, "handle " + std::to_string(posting.account.index)};
    }
  }
  for (const Posting& posting : postings) {
    const Account* account = ledger.find_account(posting.account);
    if (account->is_closed) return Error{Reason::account_closed, account->terms.name};
  }
  return std::nullopt;
}

std::optional<Error> find_balance_overflow(const Ledger& ledger,
                                           std::span<const Posting> postings) {
  for (const Posting& posting : postings) {
    const Account* account = ledger.find_account(posting.account);
    Money balance;
    if (__builtin_add_overflow(account->balance.count, posting.amount.count, &balance.count)) {
      return Error{Reason::amount_overflow, "balance of " + account->terms.name};
    }
  }
  return std::nullopt;
}

/// True if the account can give `amount` (0 or more) away besides what it holds.
bool can_spend(const Account& account, Wide amount) {
  if (account.terms.may_go_negative) return true;
  const Wide covered = Wide{account.balance.count} + account.terms.credit_limit.count;
  return covered - account.held.count >= amount;
}

}  // namespace

Result<Check> check_entry(const Ledger& ledger, const Entry& entry) {
  if (const auto known = ledger.remembered_.find(entry.id); known != ledger.remembered_.end()) {
    if (known->second == compute_content(entry)) return Check::repeated;
    return {Reason::idempotency_conflict, "entry id"};
  }
  if (ledger.holds_.contains(entry.id)) return {Reason::idempotency_conflict, "id of a hold"};
  const auto& postings = entry.postings;
  if (postings.size() < 2 || postings.size() > postings_per_entry_max) {
    return {Reason::out_of_range, "postings: 2 to 16"};
  }
  if (std::ranges::find(postings, Money{}, &Posting::amount) != postings.end()) {
    return {Reason::out_of_range, "posting: amount 0"};
  }
  if (names_account_twice(postings)) return {Reason::duplicate_field, "postings: account"};
  if (compute_sum(postings) != 0) return Reason::unbalanced_entry;
  if (const auto problem = find_account_problem(ledger, postings)) return *problem;
  if (const auto problem = find_balance_overflow(ledger, postings)) return *problem;
  for (const Posting& posting : postings) {
    if (posting.amount >= Money{}) continue;
    const Account* account = ledger.find_account(posting.account);
    // Wide: what INT64_MIN takes is one more than Money counts, and credit may cover it.
    if (!can_spend(*account, -Wide{posting.amount.count})) {
      return {Reason::insufficient_funds, account->terms.name};
    }
  }
  return Check::apply;
}

void apply_entry(Ledger& ledger, const Entry& entry) {
  assert(compute_sum(entry.postings) == 0);
  for (const Posting& posting : entry.postings) {
    ledger.get_account(posting.account).balance += posting.amount;
  }
  ledger.remember(entry.id, compute_content(entry));
}

Result<Check> check_hold(const Ledger& ledger, const HoldRequest& request) {
  if (const Hold* hold = ledger.find_hold(request.id)) {
    if (compute_content(*hold) == compute_content(request)) return Check::repeated;
    return {Reason::idempotency_conflict, "hold id"};
  }
  if (const auto known = ledger.remembered_.find(request.id); known != ledger.remembered_.end()) {
    if (known->second == compute_content(request)) return {Reason::already_final, "hold"};
    return {Reason::idempotency_conflict, "hold id"};
  }
  if (request.amount < Money{}) return {Reason::out_of_range, "hold: amount below 0"};
  const Account* account = ledger.find_account(request.account);
  if (account == nullptr) {
    return {Reason::unknown_account, "handle " + std::to_string(request.account.index)};
  }
  if (account->is_closed) return {Reason::account_closed, account->terms.name};
  Money held;
  if (__builtin_add_overflow(account->held.count, request.amount.count, &held.count)) {
    return {Reason::amount_overflow, "holds of " + account->terms.name};
  }
  if (!can_spend(*account, request.amount.count)) {
    return {Reason::insufficient_funds, account->terms.name};
  }
  return Check::apply;
}

void apply_hold(Ledger& ledger, const HoldRequest& request) {
  Hold hold;
  hold.id = request.id;
  hold.account = request.account;
  hold.placed = request.amount;
  hold.remaining = request.amount;
  const bool is_new = ledger.holds_.try_emplace(request.id, hold).second;
  assert(is_new);
  ledger.get_account(request.account).held += request.amount;
}

Result<Check> check_post(const Ledger& ledger, const Post& post) {
  const Hold* hold = ledger.find_hold(post.hold);
  if (hold == nullptr) return Reason::unknown_hold;
  if (post.number < 1) return {Reason::out_of_range, "post number: 1 or more"};
  if (post.number < hold->posted_number) return Check::repeated;
  if (post.number == hold->posted_number) {
    if (compute_content(post) == hold->posted_content) return Check::repeated;
    return {Reason::idempotency_conflict, "post " + std::to_string(post.number)};
  }
  if (post.number != hold->posted_number + 1) {
    return {Reason::out_of_range,
            "post number: " + std::to_string(hold->posted_number + 1) + " is missing"};
  }
  const auto& credits = post.credits;
  if (credits.size() >= postings_per_entry_max) {
    return {Reason::out_of_range, "credits: at most 15"};
  }
  for (const Posting& credit : credits) {
    if (credit.amount <= Money{}) return {Reason::out_of_range, "credit: 0 or less"};
    if (credit.account == hold->account) return {Reason::duplicate_field, "credit: hold's account"};
  }
  if (names_account_twice(credits)) return {Reason::duplicate_field, "credits: account"};
  const Wide sum = compute_sum(credits);
  if (sum > INT64_MAX) return {Reason::amount_overflow, "sum of credits"};
  if (sum > hold->remaining.count) {
    return {Reason::budget_exceeded, "of the hold remain " + std::to_string(hold->remaining.count)};
  }
  if (const auto problem = find_account_problem(ledger, credits)) return *problem;
  if (const auto problem = find_balance_overflow(ledger, credits)) return *problem;
  const Posting debit{hold->account, Money{static_cast<std::int64_t>(-sum)}};
  if (const auto problem = find_balance_overflow(ledger, {&debit, 1})) return *problem;
  return Check::apply;
}

void apply_post(Ledger& ledger, const Post& post) {
  const auto found = ledger.holds_.find(post.hold);
  assert(found != ledger.holds_.end());
  Hold& hold = found->second;
  assert(post.number == hold.posted_number + 1);
  Money sum;
  for (const Posting& credit : post.credits) {
    ledger.get_account(credit.account).balance += credit.amount;
    sum += credit.amount;
  }
  assert(sum <= hold.remaining);
  Account& payer = ledger.get_account(hold.account);
  payer.balance -= sum;
  payer.held -= sum;
  hold.remaining -= sum;
  hold.posted_number = post.number;
  hold.posted_content = compute_content(post);
}

Entry make_entry(const Ledger& ledger, const Post& post) {
  const Hold* hold = ledger.find_hold(post.hold);
  assert(hold != nullptr);
  Entry entry;
  entry.id = post.hold;
  entry.memo = post.memo;
  if (post.credits.empty()) return entry;
  Money sum;
  for (const Posting& credit : post.credits) sum += credit.amount;
  entry.postings.push_back({hold->account, -sum});
  entry.postings.insert(entry.postings.end(), post.credits.begin(), post.credits.end());
  return entry;
}

Result<void> check_void(const Ledger& ledger, EntryId hold) {
  if (ledger.find_hold(hold) == nullptr) return Reason::unknown_hold;
  return {};
}

void apply_void(Ledger& ledger, EntryId id) {
  const auto found = ledger.holds_.find(id);
  assert(found != ledger.holds_.end());
  const Hold hold = found->second;
  ledger.holds_.erase(found);
  ledger.get_account(hold.account).held -= hold.remaining;
  ledger.remember(id, compute_content(hold));
}

}  // namespace intertie::ledger
