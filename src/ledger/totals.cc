// The audit, the dump and the way back.
#include "intertie/ledger/totals.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "intertie/core/limits.h"

#include "content.h"

namespace intertie::ledger {
namespace {

using core::Money;

__extension__ typedef __int128 Wide;

constexpr std::size_t kProblemsMax = 100;
constexpr std::size_t kKinds = 6;

Money clamp(Wide amount) {
  return {static_cast<std::int64_t>(std::clamp<Wide>(amount, INT64_MIN, INT64_MAX))};
}

class Audit {
 public:
  explicit Audit(const LedgerDump& dump) : dump_(dump), held_(dump.accounts.size()) {}

  Totals run() {
    count_holds();
    for (std::size_t i = 0; i < dump_.accounts.size(); ++i) check_account(i);
    for (const Hold& hold : dump_.holds) check_hold_alone(hold);
    check_ids();
    if (sum_ != 0) report("the balances do not sum to 0");
    totals_.sum = clamp(sum_);
    totals_.holds = static_cast<std::int64_t>(dump_.holds.size());
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      totals_.kinds.push_back({static_cast<AccountKind>(kind), counts_[kind],
                               clamp(balances_[kind]), clamp(holds_[kind])});
    }
    return std::move(totals_);
  }

 private:
  void report(std::string problem) {
    if (totals_.problems.size() < kProblemsMax) totals_.problems.push_back(std::move(problem));
  }

  void count_holds() {
    for (const Hold& hold : dump_.holds) {
      if (hold.account.index < held_.size()) held_[hold.account.index] += hold.remaining.count;
    }
  }

  void check_account(std::size_t i) {
    const Account& account = dump_.accounts[i];
    const std::string name = "account " + std::to_string(i) + ": ";
    const Wide balance = account.balance.count;
    const Wide credit = account.terms.credit_limit.count;
    sum_ += balance;
    const auto kind = static_cast<std::size_t>(account.terms.kind);
    if (kind >= kKinds) return report(name + "unknown kind");
    ++counts_[kind];
    balances_[kind] += balance;
    holds_[kind] += account.held.count;
    if (account.handle.index != i) report(name + "its handle is another");
    if (!names_.insert(account.terms.name).second) report(name + "its name is taken");
    if (account.terms.name.empty()) report(name + "it has no name");
    if (credit < 0) report(name + "its credit limit is below 0");
    if (held_[i] != account.held.count) report(name + "its holds sum to another amount");
    if (!account.terms.may_go_negative && held_[i] > balance + credit) {
      report(name + "it holds more than balance and credit");
    }
    if (account.is_closed && balance != 0) report(name + "it is closed with a balance");
  }

  void check_hold_alone(const Hold& hold) {
    const std::string name =
        "hold " + std::to_string(hold.id.high) + ":" + std::to_string(hold.id.low) + ": ";
    if (hold.account.index >= dump_.accounts.size()) {
      report(name + "its account is missing");
    } else if (dump_.accounts[hold.account.index].is_closed) {
      report(name + "its account is closed");
    }
    if (hold.remaining < Money{} || hold.remaining > hold.placed) {
      report(name + "what remains is out of range");
    }
    if (hold.posted_number == 0 && hold.remaining != hold.placed) {
      report(name + "something was posted without a number");
    }
  }

  void check_ids() {
    const auto is_sorted_unique = [](const std::vector<Hold>& holds) {
      return std::ranges::adjacent_find(holds, std::greater_equal<>{}, &Hold::id) == holds.end();
    };
    if (!is_sorted_unique(dump_.holds)) report("holds are not in order, or one is there twice");
    std::set<EntryId> ids;
    for (const Hold& hold : dump_.holds) ids.insert(hold.id);
    for (const RememberedId& remembered : dump_.remembered) {
      if (!ids.insert(remembered.id).second) report("a remembered id is there twice");
    }
    if (dump_.remembered.size() > core::limits::ledger_ids_remembered_max) {
      report("too many remembered ids");
    }
  }

  const LedgerDump& dump_;
  std::vector<Wide> held_;
  Totals totals_;
  std::set<std::string_view> names_;
  Wide sum_ = 0;
  std::int64_t counts_[kKinds] = {};
  Wide balances_[kKinds] = {};
  Wide holds_[kKinds] = {};
};

}  // namespace

Totals compute_totals(const LedgerDump& dump) { return Audit(dump).run(); }

LedgerDump dump_ledger(const Ledger& ledger) {
  LedgerDump dump;
  dump.accounts = ledger.accounts_;
  dump.holds.reserve(ledger.holds_.size());
  for (const auto& [id, hold] : ledger.holds_) dump.holds.push_back(hold);
  std::ranges::sort(dump.holds, {}, &Hold::id);
  for (const EntryId id : ledger.remembered_order_) {
    dump.remembered.push_back({id, ledger.remembered_.at(id)});
  }
  return dump;
}

core::Result<Ledger> restore_ledger(const LedgerDump& dump) {
  const Totals totals = compute_totals(dump);
  if (!totals.problems.empty()) {
    return {core::Reason::store_damaged, "ledger: " + totals.problems.front()};
  }
  Ledger ledger;
  ledger.accounts_ = dump.accounts;
  for (const Account& account : dump.accounts) {
    ledger.names_.emplace(account.terms.name, account.handle);
  }
  for (const Hold& hold : dump.holds) ledger.holds_.emplace(hold.id, hold);
  for (const RememberedId& remembered : dump.remembered) {
    ledger.remember(remembered.id, remembered.content);
  }
  return ledger;
}

}  // namespace intertie::ledger
