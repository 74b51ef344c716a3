// Entries, their postings, and the identifiers that make them idempotent.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/ledger/account.h"

namespace intertie::ledger {

/// 128 bits chosen by whoever makes an entry or a hold; random, or derived from what it pays for.
struct EntryId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(EntryId, EntryId) = default;
};
BOOST_DESCRIBE_STRUCT(EntryId, (), (high, low))

inline std::size_t hash_value(EntryId id) {
  return static_cast<std::size_t>((id.high ^ (id.high >> 32)) * 0x9E3779B97F4A7C15ull ^ id.low);
}

/// What an entry is for. Reports group by it.
enum class Memo : std::uint8_t { deposit, withdrawal, usage, fee, clearing, refund, correction };
BOOST_DESCRIBE_ENUM(Memo, deposit, withdrawal, usage, fee, clearing, refund, correction)

/// One leg: the amount is added to the account's balance; negative takes away. Never 0.
struct Posting {
  AccountHandle account;
  core::Money amount;
  friend bool operator==(const Posting&, const Posting&) = default;
};
BOOST_DESCRIBE_STRUCT(Posting, (), (account, amount))

/// Moves money between accounts. 2 to postings_per_entry_max postings on different accounts whose
/// amounts sum to zero.
struct Entry {
  EntryId id;
  Memo memo = Memo::correction;
  std::vector<Posting> postings;
  friend bool operator==(const Entry&, const Entry&) = default;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (id, memo, postings))

}  // namespace intertie::ledger
