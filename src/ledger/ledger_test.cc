// The ledger's rules, one story each, and the audit's eyes.
#include "intertie/ledger/ledger.h"

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/ledger/totals.h"

#include "content.h"

namespace intertie::ledger {
namespace {

using core::Money;
using core::Reason;

constexpr AccountHandle kBank{0};
constexpr AccountHandle kUser{1};
constexpr AccountHandle kSite{2};
constexpr AccountHandle kHub{3};

AccountTerms make_terms(const std::string& name, bool may_go_negative = false,
                        Money credit = Money{}) {
  AccountTerms terms;
  terms.name = name;
  terms.may_go_negative = may_go_negative;
  terms.credit_limit = credit;
  return terms;
}

/// A bank, a user with 1000 micros, a site and the hub.
Ledger make_ledger() {
  Ledger ledger;
  apply_open_account(ledger, make_terms("bank", true));
  apply_open_account(ledger, make_terms("user"));
  apply_open_account(ledger, make_terms("site"));
  apply_open_account(ledger, make_terms("hub"));
  apply_entry(ledger, {{9, 9}, Memo::deposit, {{kBank, Money{-1'000}}, {kUser, Money{1'000}}}});
  return ledger;
}

Money get_balance(const Ledger& ledger, AccountHandle account) {
  return ledger.find_account(account)->balance;
}

TEST(Ledger, AHoldIsPostedPartByPartAndTheRestComesBack) {
  Ledger ledger = make_ledger();
  const EntryId id{1, 2};
  apply_hold(ledger, {id, kUser, Money{700}});
  EXPECT_EQ(ledger.compute_available(kUser), Money{300});
  EXPECT_EQ(get_balance(ledger, kUser), Money{1'000});
  apply_post(ledger, {id, 1, Memo::usage, {{kSite, Money{90}}, {kHub, Money{10}}}});
  apply_post(ledger, {id, 2, Memo::usage, {}});
  apply_post(ledger, {id, 3, Memo::usage, {{kSite, Money{200}}}});
  EXPECT_EQ(ledger.find_hold(id)->remaining, Money{400});
  EXPECT_EQ(ledger.find_hold(id)->posted_number, 3u);
  EXPECT_EQ(get_balance(ledger, kUser), Money{700});
  EXPECT_EQ(get_balance(ledger, kSite), Money{290});
  EXPECT_EQ(get_balance(ledger, kHub), Money{10});
  EXPECT_EQ(ledger.compute_available(kUser), Money{300});
  apply_void(ledger, id);
  EXPECT_EQ(ledger.compute_available(kUser), Money{700});
  EXPECT_EQ(ledger.find_hold(id), nullptr);
  EXPECT_EQ(ledger.hold_count(), 0u);
  EXPECT_EQ(check_post(ledger, {id, 4, Memo::usage, {}}).error().reason, Reason::unknown_hold);
  EXPECT_TRUE(compute_totals(dump_ledger(ledger)).problems.empty());
}

TEST(Ledger, HoldsNeverExceedBalanceAndCredit) {
  Ledger ledger = make_ledger();
  EXPECT_EQ(check_hold(ledger, {{1, 1}, kUser, Money{1'001}}).error().reason,
            Reason::insufficient_funds);
  apply_credit_limit(ledger, kUser, Money{1});
  EXPECT_EQ(*check_hold(ledger, {{1, 1}, kUser, Money{1'001}}), Check::apply);
  apply_hold(ledger, {{1, 1}, kUser, Money{1'001}});
  EXPECT_EQ(ledger.compute_available(kUser), Money{0});
  const Entry spend{{1, 2}, Memo::withdrawal, {{kUser, Money{-1}}, {kBank, Money{1}}}};
  EXPECT_EQ(check_entry(ledger, spend).error().reason, Reason::insufficient_funds);
  EXPECT_EQ(check_credit_limit(ledger, kUser, {}).error().reason, Reason::insufficient_funds);
}

TEST(Ledger, APostTellsARepeatFromAConflict) {
  Ledger ledger = make_ledger();
  apply_hold(ledger, {{1, 1}, kUser, Money{100}});
  const Post first{{1, 1}, 1, Memo::usage, {{kSite, Money{10}}}};
  const Post second{{1, 1}, 2, Memo::usage, {{kSite, Money{20}}}};
  EXPECT_EQ(check_post(ledger, second).error().reason, Reason::out_of_range);
  apply_post(ledger, first);
  EXPECT_EQ(*check_post(ledger, first), Check::repeated);
  Post other = first;
  other.credits[0].amount = Money{11};
  EXPECT_EQ(check_post(ledger, other).error().reason, Reason::idempotency_conflict);
  apply_post(ledger, second);
  EXPECT_EQ(*check_post(ledger, first), Check::repeated);
  EXPECT_EQ(*check_post(ledger, second), Check::repeated);
}

TEST(Ledger, AvailableIsClampedNotWrapped) {
  Ledger ledger = make_ledger();
  EXPECT_EQ(ledger.compute_available(kBank), Money{INT64_MAX});
  apply_credit_limit(ledger, kUser, Money{INT64_MAX});
  EXPECT_EQ(ledger.compute_available(kUser), Money{INT64_MAX});
}

TEST(Ledger, AccountsAreOpenedOnceByName) {
  Ledger ledger = make_ledger();
  EXPECT_EQ(ledger.account_count(), 4u);
  EXPECT_EQ(ledger.find_account("site")->handle, kSite);
  EXPECT_EQ(ledger.find_account("nobody"), nullptr);
  EXPECT_EQ(ledger.find_account(AccountHandle{4}), nullptr);
  EXPECT_EQ(*check_open_account(ledger, make_terms("site")), Check::repeated);
  EXPECT_EQ(check_open_account(ledger, make_terms("site", true)).error().reason,
            Reason::already_exists);
  EXPECT_EQ(check_open_account(ledger, make_terms("")).error().reason, Reason::out_of_range);
  EXPECT_EQ(*check_open_account(ledger, make_terms(std::string(200, 'x'))), Check::apply);
  EXPECT_EQ(check_open_account(ledger, make_terms(std::string(201, 'x'))).error().reason,
            Reason::out_of_range);
  EXPECT_EQ(check_open_account(ledger, make_terms("x", false, Money{-1})).error().reason,
            Reason::out_of_range);
  EXPECT_EQ(*check_close_account(ledger, kSite), Check::apply);
  apply_close_account(ledger, kSite);
  EXPECT_EQ(*check_close_account(ledger, kSite), Check::repeated);
  EXPECT_EQ(check_open_account(ledger, make_terms("site")).error().reason, Reason::already_exists);
  EXPECT_EQ(check_close_account(ledger, kUser).error().reason, Reason::illegal_transition);
}

TEST(Ledger, AHeldAccountCannotBeClosed) {
  Ledger ledger = make_ledger();
  apply_credit_limit(ledger, kSite, Money{5});
  apply_hold(ledger, {{1, 1}, kSite, Money{5}});
  EXPECT_EQ(check_close_account(ledger, kSite).error().reason, Reason::illegal_transition);
}

TEST(Ledger, RemembersABoundedNumberOfIds) {
  Ledger ledger = make_ledger();  // Its deposit is the first id.
  const auto make_entry_number = [](std::uint64_t i) {
    const Money amount{i % 2 == 0 ? 1 : -1};
    return Entry{{5, i}, Memo::correction, {{kUser, amount}, {kBank, -amount}}};
  };
  const Entry deposit{{9, 9}, Memo::deposit, {{kBank, Money{-1'000}}, {kUser, Money{1'000}}}};
  for (std::uint64_t i = 0; i + 1 < core::limits::ledger_ids_remembered_max; ++i) {
    apply_entry(ledger, make_entry_number(i));
  }
  EXPECT_EQ(*check_entry(ledger, deposit), Check::repeated);
  apply_entry(ledger, make_entry_number(1'000'000));
  EXPECT_EQ(*check_entry(ledger, deposit), Check::apply);  // Forgotten, as documented.
  EXPECT_EQ(*check_entry(ledger, make_entry_number(0)), Check::repeated);
  EXPECT_EQ(dump_ledger(ledger).remembered.size(), core::limits::ledger_ids_remembered_max);
  const auto restored = restore_ledger(dump_ledger(ledger));
  EXPECT_EQ(dump_ledger(*restored), dump_ledger(ledger));
}

TEST(Content, EveryFieldCounts) {
  const Entry entry{{1, 1}, Memo::usage, {{kUser, Money{-1}}, {kSite, Money{1}}}};
  Entry other = entry;
  other.id = {7, 7};
  EXPECT_EQ(compute_content(entry), compute_content(other));
  other.memo = Memo::fee;
  EXPECT_NE(compute_content(entry), compute_content(other));
  other = entry;
  std::swap(other.postings[0], other.postings[1]);
  EXPECT_NE(compute_content(entry), compute_content(other));
  const HoldRequest hold{{1, 1}, kUser, Money{1}};
  EXPECT_NE(compute_content(hold), compute_content(HoldRequest{{1, 1}, kUser, Money{2}}));
  EXPECT_NE(compute_content(hold), compute_content(HoldRequest{{1, 1}, kSite, Money{1}}));
  const Post post{{1, 1}, 1, Memo::usage, entry.postings};
  EXPECT_NE(compute_content(post), compute_content(entry));
  // Fingerprints stand in snapshots, so this value may never change.
  EXPECT_EQ(compute_content(hold), 14174850634340415194ull);
}

// Each way to damage a dump is noticed, and by restore too.
TEST(Totals, SeesEveryKindOfDamage) {
  Ledger ledger = make_ledger();
  apply_hold(ledger, {{1, 1}, kUser, Money{100}});
  apply_hold(ledger, {{1, 2}, kUser, Money{100}});
  apply_post(ledger, {{1, 2}, 1, Memo::usage, {{kSite, Money{30}}}});
  const LedgerDump good = dump_ledger(ledger);
  const Totals totals = compute_totals(good);
  EXPECT_TRUE(totals.problems.empty());
  EXPECT_EQ(totals.holds, 2);
  EXPECT_EQ(totals.kinds[0].held, Money{170});
  EXPECT_EQ(totals.kinds[0].accounts, 4);
  EXPECT_EQ(totals.kinds.size(), 6u);
  void (*const damages[])(LedgerDump&) = {
      [](LedgerDump& d) { d.accounts[1].balance += Money{1}; },
      [](LedgerDump& d) { d.accounts[1].held += Money{1}; },
      [](LedgerDump& d) { d.accounts[1].handle.index = 7; },
      [](LedgerDump& d) { d.accounts[1].terms.name = "site"; },
      [](LedgerDump& d) { d.accounts[2].terms.name = ""; },
      [](LedgerDump& d) { d.accounts[2].terms.credit_limit = Money{-1}; },
      [](LedgerDump& d) { d.accounts[2].terms.kind = static_cast<AccountKind>(9); },
      [](LedgerDump& d) { d.accounts[2].is_closed = true; },
      [](LedgerDump& d) {  // Spent what is held, balanced by the bank.
        d.accounts[1].balance -= Money{900};
        d.accounts[0].balance += Money{900};
      },
      [](LedgerDump& d) { d.holds[0].account = AccountHandle{9}; },
      [](LedgerDump& d) {  // A hold of nothing on a closed account.
        d.holds.push_back({{2, 2}, kHub, {}, {}, 0, 0});
        d.accounts[3].is_closed = true;
      },
      [](LedgerDump& d) {
        d.holds[0].remaining = Money{99};
        d.accounts[1].held -= Money{1};
      },
      [](LedgerDump& d) {
        d.holds[1].remaining = Money{101};
        d.accounts[1].held += Money{31};
      },
      [](LedgerDump& d) {
        d.holds[1].remaining = Money{-1};
        d.accounts[1].held -= Money{71};
      },
      [](LedgerDump& d) { std::swap(d.holds[0], d.holds[1]); },
      [](LedgerDump& d) { d.holds[0].id = d.holds[1].id; },
      [](LedgerDump& d) { d.remembered.push_back(d.remembered[0]); },
      [](LedgerDump& d) {
        d.remembered.push_back({d.holds[0].id, 1});
      },
      [](LedgerDump& d) {
        for (std::uint64_t i = 0; i < core::limits::ledger_ids_remembered_max; ++i) {
          d.remembered.push_back({{77, i}, 0});
        }
      },
  };
  int number = 0;
  for (const auto& damage : damages) {
    SCOPED_TRACE(number++);
    LedgerDump dump = good;
    damage(dump);
    EXPECT_FALSE(compute_totals(dump).problems.empty());
    EXPECT_EQ(restore_ledger(dump).error().reason, Reason::store_damaged);
  }
  EXPECT_EQ(dump_ledger(*restore_ledger(good)), good);
}

}  // namespace
}  // namespace intertie::ledger
