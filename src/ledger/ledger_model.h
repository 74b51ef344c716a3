// For tests: a naive model of the ledger that keeps the whole history, and operations for both.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "intertie/ledger/totals.h"

namespace intertie::ledger {

using core::Money;
using core::Reason;

__extension__ typedef __int128 Wide;
using Verdict = std::variant<Check, Reason>;

template <class T>
Verdict to_verdict(const core::Result<T>& result) {
  if (!result) return result.error().reason;
  if constexpr (std::is_same_v<T, Check>) {
    return *result;
  } else {
    return Check::apply;
  }
}

/// Everything that was ever accepted. Figures are summed anew, in 128 bits, at every question.
struct Model {
  struct Hold {
    HoldRequest request;
    std::vector<Post> posts;
    bool is_open = true;
  };
  std::vector<AccountTerms> accounts;
  std::set<std::uint32_t> closed;
  std::map<EntryId, Entry> entries;
  std::map<EntryId, Hold> holds;

  static Wide sum(const std::vector<Posting>& postings) {
    Wide total = 0;
    for (const Posting& posting : postings) total += posting.amount.count;
    return total;
  }
  Wide balance(AccountHandle account) const {
    Wide total = 0;
    const auto add = [&](const std::vector<Posting>& postings) {
      for (const Posting& p : postings) total += p.account == account ? p.amount.count : 0;
    };
    for (const auto& [id, entry] : entries) add(entry.postings);
    for (const auto& [id, hold] : holds) {
      for (const Post& post : hold.posts) {
        add(post.credits);
        if (hold.request.account == account) total -= sum(post.credits);
      }
    }
    return total;
  }
  static Wide remaining(const Hold& hold) {
    Wide left = hold.request.amount.count;
    for (const Post& post : hold.posts) left -= sum(post.credits);
    return left;
  }
  Wide held(AccountHandle account) const {
    Wide total = 0;
    for (const auto& [id, hold] : holds) {
      if (hold.is_open && hold.request.account == account) total += remaining(hold);
    }
    return total;
  }
  bool can_spend(AccountHandle account, Wide amount) const {
    const AccountTerms& terms = accounts[account.index];
    return terms.may_go_negative ||
           balance(account) + terms.credit_limit.count - held(account) >= amount;
  }
  static bool fits(Wide amount) { return amount >= INT64_MIN && amount <= INT64_MAX; }

  std::optional<Reason> check_targets(const std::vector<Posting>& postings) const {
    for (const Posting& p : postings) {
      if (p.account.index >= accounts.size()) return Reason::unknown_account;
    }
    for (const Posting& p : postings) {
      if (closed.contains(p.account.index)) return Reason::account_closed;
    }
    for (const Posting& p : postings) {
      if (!fits(balance(p.account) + p.amount.count)) return Reason::amount_overflow;
    }
    return std::nullopt;
  }
  static bool has_double(const std::vector<Posting>& postings) {
    std::set<AccountHandle> seen;
    for (const Posting& p : postings) {
      if (!seen.insert(p.account).second) return true;
    }
    return false;
  }

  Verdict judge(const Entry& entry) const {
    if (const auto known = entries.find(entry.id); known != entries.end()) {
      return known->second == entry ? Verdict(Check::repeated) : Reason::idempotency_conflict;
    }
    if (holds.contains(entry.id)) return Reason::idempotency_conflict;
    if (entry.postings.size() < 2 || entry.postings.size() > 16) return Reason::out_of_range;
    for (const Posting& p : entry.postings) {
      if (p.amount == Money{}) return Reason::out_of_range;
    }
    if (has_double(entry.postings)) return Reason::duplicate_field;
    if (sum(entry.postings) != 0) return Reason::unbalanced_entry;
    if (const auto reason = check_targets(entry.postings)) return *reason;
    for (const Posting& p : entry.postings) {
      if (p.amount < Money{} && !can_spend(p.account, -Wide{p.amount.count})) {
        return Reason::insufficient_funds;
      }
    }
    return Check::apply;
  }
  Verdict judge(const HoldRequest& request) const {
    if (const auto known = holds.find(request.id); known != holds.end()) {
      if (known->second.request != request) return Reason::idempotency_conflict;
      return known->second.is_open ? Verdict(Check::repeated) : Reason::already_final;
    }
    if (entries.contains(request.id)) return Reason::idempotency_conflict;
    if (request.amount < Money{}) return Reason::out_of_range;
    if (request.account.index >= accounts.size()) return Reason::unknown_account;
    if (closed.contains(request.account.index)) return Reason::account_closed;
    if (!fits(held(request.account) + request.amount.count)) return Reason::amount_overflow;
    if (!can_spend(request.account, request.amount.count)) return Reason::insufficient_funds;
    return Check::apply;
  }
  Verdict judge(const Post& post) const {
    const auto known = holds.find(post.hold);
    if (known == holds.end() || !known->second.is_open) return Reason::unknown_hold;
    const Hold& hold = known->second;
    const std::uint64_t last = hold.posts.size();
    if (post.number == 0) return Reason::out_of_range;
    if (post.number < last) return Check::repeated;
    if (post.number == last) {
      return post == hold.posts.back() ? Verdict(Check::repeated) : Reason::idempotency_conflict;
    }
    if (post.number > last + 1 || post.credits.size() > 15) return Reason::out_of_range;
    for (const Posting& p : post.credits) {
      if (p.amount <= Money{}) return Reason::out_of_range;
      if (p.account == hold.request.account) return Reason::duplicate_field;
    }
    if (has_double(post.credits)) return Reason::duplicate_field;
    const Wide total = sum(post.credits);
    if (total > INT64_MAX) return Reason::amount_overflow;
    if (total > remaining(hold)) return Reason::budget_exceeded;
    if (const auto reason = check_targets(post.credits)) return *reason;
    if (!fits(balance(hold.request.account) - total)) return Reason::amount_overflow;
    return Check::apply;
  }
};

/// Draws operations that are often valid, often repeated, and sometimes at the ends of the range.
/// `Choices` gives below(n), between(low, high) and chance(numerator, denominator): random numbers,
/// or the bytes of a fuzzer. What the ledger does otherwise than the model goes to `require`.
template <class Choices>
class ModelDriver {
 public:
  using Require = std::function<void(bool holds, const char* promise)>;

  ModelDriver(Choices choices, Require require)
      : random_(std::move(choices)), require_(std::move(require)) {}

  void open_accounts() {
    for (int i = 0; i < 8; ++i) {
      AccountTerms terms;
      terms.name = "account " + std::to_string(i);
      terms.kind = static_cast<AccountKind>(i % 5);
      terms.may_go_negative = i < 2;
      terms.credit_limit = Money{i == 3 ? INT64_MAX : i * 1'000};
      require_(*check_open_account(ledger_, terms) == Check::apply, "an account can be opened");
      apply_open_account(ledger_, terms);
      model_.accounts.push_back(terms);
    }
    if (random_.chance(1, 2)) {  // Later it seldom has exactly nothing.
      apply_close_account(ledger_, {7});
      model_.closed.insert(7);
    }
  }

  void step() {
    switch (random_.below(10)) {
      case 0:
      case 1:
      case 2:
        return run_entry();
      case 3:
      case 4:
      case 5:
        return run_hold();
      case 6:
      case 7:
      case 8:
        return run_post();
      default:
        return random_.chance(1, 2) ? run_void() : run_account();
    }
  }

  void compare() const {
    const LedgerDump dump = dump_ledger(ledger_);
    const Totals totals = compute_totals(dump);
    require_(totals.problems == std::vector<std::string>{}, "the audit finds nothing");
    require_(totals.sum == Money{}, "balances sum to zero");
    for (const Account& account : dump.accounts) {
      require_(Wide{account.balance.count} == model_.balance(account.handle),
               "balances are those of the model");
      require_(Wide{account.held.count} == model_.held(account.handle),
               "holds are those of the model");
      require_(account.is_closed == model_.closed.contains(account.handle.index),
               "closed accounts are those of the model");
    }
    const auto restored = restore_ledger(dump);
    require_(restored.has_value(), "a dump is restored");
    require_(dump_ledger(*restored) == dump, "to the same ledger");
  }

  /// How often each verdict was seen.
  std::map<Verdict, int> seen;

 private:
  EntryId draw_id() { return {0, random_.below(300)}; }
  AccountHandle draw_account() { return {static_cast<std::uint32_t>(random_.below(9))}; }
  std::int64_t draw_amount() {
    switch (random_.below(8)) {
      case 0:
        return random_.between(INT64_MAX - 3, INT64_MAX);
      case 1:
        return random_.between(INT64_MIN, INT64_MIN + 3);
      case 2:
        return random_.between(-2, 2);
      case 3:
        return random_.between(INT64_MAX / 2 - 2, INT64_MAX / 2 + 2);
      default:
        return random_.between(1, 2'000);
    }
  }

  void run_entry() {
    Entry entry{draw_id(), Memo::deposit, {}};
    Wide sum = 0;
    const std::uint64_t count = random_.chance(1, 20) ? random_.below(20) : 1 + random_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      entry.postings.push_back({draw_account(), Money{draw_amount()}});
      sum += entry.postings.back().amount.count;
    }
    const Wide rest = random_.chance(1, 15) ? 1 - sum : -sum;
    if (Model::fits(rest)) {
      entry.postings.push_back({draw_account(), Money{static_cast<std::int64_t>(rest)}});
    }
    // Repeats of what was applied, exactly or nearly.
    if (const auto known = model_.entries.find(entry.id);
        known != model_.entries.end() && random_.chance(1, 2)) {
      entry = known->second;
      if (random_.chance(1, 3)) entry.memo = Memo::refund;
    }
    const Verdict verdict = to_verdict(check_entry(ledger_, entry));
    require_(verdict == model_.judge(entry), "an entry is judged as by the model");
    ++seen[verdict];
    if (verdict != Verdict(Check::apply)) return;
    apply_entry(ledger_, entry);
    model_.entries[entry.id] = entry;
  }

  void run_hold() {
    HoldRequest request{draw_id(), draw_account(), Money{draw_amount()}};
    if (const auto known = model_.holds.find(request.id);
        known != model_.holds.end() && random_.chance(1, 2)) {
      request = known->second.request;
    }
    const Verdict verdict = to_verdict(check_hold(ledger_, request));
    require_(verdict == model_.judge(request), "a hold is judged as by the model");
    ++seen[verdict];
    if (verdict != Verdict(Check::apply)) return;
    apply_hold(ledger_, request);
    model_.holds[request.id].request = request;
  }

  void run_post() {
    Post post{draw_id(), 1, Memo::usage, {}};
    const auto known = model_.holds.find(post.hold);
    if (known != model_.holds.end()) {
      const std::uint64_t last = known->second.posts.size();
      post.number = last + 1;
      if (random_.chance(1, 4)) post.number = random_.below(last + 3);
      if (last > 0 && random_.chance(1, 6)) post = known->second.posts.back();
    }
    const std::uint64_t count = random_.chance(1, 30) ? 14 + random_.below(3) : random_.below(3);
    if (random_.chance(9, 10)) post.credits.clear();
    for (std::uint64_t i = 0; i < count; ++i) {
      post.credits.push_back({draw_account(), Money{draw_amount() / (random_.chance(1, 2) + 1)}});
    }
    const Verdict verdict = to_verdict(check_post(ledger_, post));
    require_(verdict == model_.judge(post), "a post is judged as by the model");
    ++seen[verdict];
    if (verdict != Verdict(Check::apply)) return;
    const Entry entry = make_entry(ledger_, post);
    require_(Model::sum(entry.postings) == 0, "a post's entry sums to zero");
    require_(entry.postings.size() == (post.credits.empty() ? 0 : post.credits.size() + 1),
             "a post's entry has a posting for each credit and one for the hold");
    apply_post(ledger_, post);
    model_.holds[post.hold].posts.push_back(post);
  }

  void run_void() {
    const EntryId id = draw_id();
    const auto known = model_.holds.find(id);
    const bool is_open = known != model_.holds.end() && known->second.is_open;
    require_(to_verdict(check_void(ledger_, id)) ==
                 (is_open ? Verdict(Check::apply) : Verdict(Reason::unknown_hold)),
             "a hold is voided as by the model");
    if (!is_open) return;
    apply_void(ledger_, id);
    known->second.is_open = false;
  }

  void run_account() {
    const AccountHandle account = draw_account();
    if (account.index >= model_.accounts.size()) {
      require_(
          to_verdict(check_close_account(ledger_, account)) == Verdict(Reason::unknown_account),
          "an unknown account cannot be closed");
      require_(
          to_verdict(check_credit_limit(ledger_, account, {})) == Verdict(Reason::unknown_account),
          "an unknown account has no limit");
      return;
    }
    const bool is_closed = model_.closed.contains(account.index);
    if (random_.chance(1, 10)) {
      const bool is_idle = model_.balance(account) == 0 && model_.held(account) == 0;
      const Verdict expected = is_closed ? Verdict(Check::repeated)
                               : is_idle ? Verdict(Check::apply)
                                         : Verdict(Reason::illegal_transition);
      require_(to_verdict(check_close_account(ledger_, account)) == expected,
               "an account is closed as by the model");
      if (expected != Verdict(Check::apply) || random_.chance(3, 4)) return;
      apply_close_account(ledger_, account);
      model_.closed.insert(account.index);
      return;
    }
    AccountTerms& terms = model_.accounts[account.index];
    const Money limit{draw_amount()};
    const Wide needed = model_.held(account) - model_.balance(account);
    const Verdict expected = is_closed         ? Verdict(Reason::account_closed)
                             : limit < Money{} ? Verdict(Reason::out_of_range)
                             : !terms.may_go_negative && needed > limit.count
                                 ? Verdict(Reason::insufficient_funds)
                                 : Verdict(Check::apply);
    const Verdict verdict = to_verdict(check_credit_limit(ledger_, account, limit));
    require_(verdict == expected, "a limit is judged as by the model");
    if (verdict != Verdict(Check::apply)) return;
    apply_credit_limit(ledger_, account, limit);
    terms.credit_limit = limit;
  }

  Choices random_;
  Require require_;
  Ledger ledger_;
  Model model_;
};

}  // namespace intertie::ledger
