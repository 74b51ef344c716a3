// The ledger's state and its rules: check first, then apply what cannot fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/core/result.h"
#include "intertie/ledger/account.h"
#include "intertie/ledger/entry.h"
#include "intertie/ledger/hold.h"

namespace intertie::ledger {

/// What a check found: the change is to be applied, or it has been applied before and the caller
/// answers as it did then, without logging or applying anything.
enum class Check : std::uint8_t { apply, repeated };

/// An id whose entry was applied or whose hold was closed.
struct RememberedId {
  EntryId id;
  std::uint64_t content = 0;  // Fingerprint of the entry or of the hold request.
  friend bool operator==(const RememberedId&, const RememberedId&) = default;
};
BOOST_DESCRIBE_STRUCT(RememberedId, (), (id, content))

/// The whole state, in canonical order: equal ledgers have equal dumps.
struct LedgerDump {
  std::vector<Account> accounts;         // By handle, without gaps.
  std::vector<Hold> holds;               // By id.
  std::vector<RememberedId> remembered;  // Oldest first.
  friend bool operator==(const LedgerDump&, const LedgerDump&) = default;
};
BOOST_DESCRIBE_STRUCT(LedgerDump, (), (accounts, holds, remembered))

/// Accounts and open holds. A value; one thread at a time. Knows no jobs and no clock.
///
/// Invariants: the balances sum to 0; an account's `held` is the sum of the `remaining` of its
/// holds; held <= balance + credit_limit unless the account may go negative.
///
/// Idempotency with bounded memory. Ids of open holds are kept. Ids of entries and of closed holds
/// are kept in a window of the last `ledger_ids_remembered_max`; who may repeat a request after
/// that many others needs its own memory (the API keeps idempotency keys in the index). Posts need
/// no ids: each carries the hold's next number, and an older number is a repeat.
class Ledger {
 public:
  std::size_t account_count() const { return accounts_.size(); }
  std::size_t hold_count() const { return holds_.size(); }

  /// The account; nullptr if there is none. O(1). Valid until the next apply_open_account.
  const Account* find_account(AccountHandle handle) const;
  const Account* find_account(std::string_view name) const;

  /// The open hold; nullptr if there is none. O(1). Valid until the next apply_*.
  const Hold* find_hold(EntryId id) const;

  /// What may be held or spent now: balance + credit_limit - held; INT64_MAX micros where the
  /// account may go negative or the sum would pass that. The account must exist. O(1).
  core::Money compute_available(AccountHandle handle) const;

 private:
  friend core::Result<Check> check_entry(const Ledger&, const Entry&);
  friend void apply_entry(Ledger&, const Entry&);
  friend core::Result<Check> check_hold(const Ledger&, const HoldRequest&);
  friend void apply_hold(Ledger&, const HoldRequest&);
  friend core::Result<Check> check_post(const Ledger&, const Post&);
  friend void apply_post(Ledger&, const Post&);
  friend core::Result<void> check_void(const Ledger&, EntryId);
  friend void apply_void(Ledger&, EntryId);
  friend core::Result<Check> check_open_account(const Ledger&, const AccountTerms&);
  friend AccountHandle apply_open_account(Ledger&, const AccountTerms&);
  friend core::Result<Check> check_close_account(const Ledger&, AccountHandle);
  friend void apply_close_account(Ledger&, AccountHandle);
  friend core::Result<void> check_credit_limit(const Ledger&, AccountHandle, core::Money);
  friend void apply_credit_limit(Ledger&, AccountHandle, core::Money);
  friend LedgerDump dump_ledger(const Ledger&);
  friend core::Result<Ledger> restore_ledger(const LedgerDump&);

  Account& get_account(AccountHandle handle);
  void remember(EntryId id, std::uint64_t content);

  std::vector<Account> accounts_;
  boost::unordered_flat_map<std::string, AccountHandle> names_;
  boost::unordered_flat_map<EntryId, Hold> holds_;
  boost::unordered_flat_map<EntryId, std::uint64_t> remembered_;
  std::deque<EntryId> remembered_order_;
};

// Every check_* names the first thing that is wrong, in the order listed, and changes nothing.
// Every apply_* takes what the check of the same state accepted as Check::apply (asserted) and
// cannot fail. All are O(1), given the limit on postings.

/// Opening is by name: out_of_range (name empty or too long, credit_limit negative),
/// already_exists (open under other terms), too_large (ledger_accounts_max).
/// Check::repeated if the account is open under the same terms.
core::Result<Check> check_open_account(const Ledger& ledger, const AccountTerms& terms);
/// The handle is the number of accounts before.
AccountHandle apply_open_account(Ledger& ledger, const AccountTerms& terms);

/// unknown_account, illegal_transition (balance or holds are not 0). Nothing can be posted to or
/// held on a closed account. Check::repeated if it is closed.
core::Result<Check> check_close_account(const Ledger& ledger, AccountHandle handle);
void apply_close_account(Ledger& ledger, AccountHandle handle);

/// unknown_account, account_closed, out_of_range (negative), insufficient_funds (what is owed or
/// held now needs more credit).
core::Result<void> check_credit_limit(const Ledger& ledger, AccountHandle handle,
                                      core::Money limit);
void apply_credit_limit(Ledger& ledger, AccountHandle handle, core::Money limit);

/// idempotency_conflict (the id is known with another content), out_of_range (number of postings,
/// an amount of 0), duplicate_field (an account twice), unbalanced_entry, unknown_account,
/// account_closed, amount_overflow (a balance would leave the range), insufficient_funds (an
/// account that pays would fall below what its holds and its credit allow).
/// Check::repeated if the same entry is remembered.
core::Result<Check> check_entry(const Ledger& ledger, const Entry& entry);
void apply_entry(Ledger& ledger, const Entry& entry);

/// idempotency_conflict (the id is known with another content), already_final (the same hold was
/// placed and closed), out_of_range (negative amount), unknown_account, account_closed,
/// amount_overflow, insufficient_funds. Check::repeated if the same hold is open.
core::Result<Check> check_hold(const Ledger& ledger, const HoldRequest& request);
void apply_hold(Ledger& ledger, const HoldRequest& request);

/// unknown_hold (never placed, or voided), idempotency_conflict (the last number again with another
/// content), out_of_range (a number is left out, too many credits, a credit of 0 or less),
/// duplicate_field (an account twice, or the hold's own), amount_overflow (the sum),
/// budget_exceeded (the sum is more than what remains), unknown_account, account_closed,
/// amount_overflow (a balance would leave the range).
/// Check::repeated for the last number with the same content and for every older number; the
/// content of older ones is no longer known and is not compared.
core::Result<Check> check_post(const Ledger& ledger, const Post& post);
void apply_post(Ledger& ledger, const Post& post);

/// The post as a balanced entry (id = the hold's), for statements and the index. O(credits).
Entry make_entry(const Ledger& ledger, const Post& post);

/// Gives back what remains and forgets the hold. unknown_hold.
core::Result<void> check_void(const Ledger& ledger, EntryId hold);
void apply_void(Ledger& ledger, EntryId hold);

/// The state for digests and snapshots. O(n log n).
LedgerDump dump_ledger(const Ledger& ledger);

/// Refuses with store_damaged what no ledger can have dumped (see compute_totals). O(n).
core::Result<Ledger> restore_ledger(const LedgerDump& dump);

}  // namespace intertie::ledger
