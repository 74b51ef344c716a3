// The audit of a ledger: everything counted again from scratch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/ledger/ledger.h"

namespace intertie::ledger {

/// Sums over the accounts of one kind, clamped to the range of Money.
struct KindTotals {
  AccountKind kind = AccountKind::user;
  std::int64_t accounts = 0;
  core::Money balance;
  core::Money held;
  friend bool operator==(const KindTotals&, const KindTotals&) = default;
};
BOOST_DESCRIBE_STRUCT(KindTotals, (), (kind, accounts, balance, held))

/// What `ledger check` reports. The ledger is sound if `problems` is empty.
struct Totals {
  core::Money sum;  // Of all balances; 0 in a sound ledger. Clamped to the range of Money.
  std::int64_t holds = 0;
  std::vector<KindTotals> kinds;      // In the order of AccountKind, every kind.
  std::vector<std::string> problems;  // One line each, by account, then by hold; at most 100.
  friend bool operator==(const Totals&, const Totals&) = default;
};
BOOST_DESCRIBE_STRUCT(Totals, (), (sum, holds, kinds, problems))

/// Counts with 128-bit sums, from the dump alone: balances sum to 0, each account's `held` equals
/// its holds, holds <= balance + credit, nothing negative that must not be, names and ids unique,
/// handles without gaps, no hold on a missing or closed account. O(n).
Totals compute_totals(const LedgerDump& dump);

}  // namespace intertie::ledger
