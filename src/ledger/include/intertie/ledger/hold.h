// Holds: money set aside until it is posted, part by part, or given back.
#pragma once

#include <cstdint>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/ledger/account.h"
#include "intertie/ledger/entry.h"

namespace intertie::ledger {

/// Asks to set `amount` (0 or more) of the account's available money aside.
struct HoldRequest {
  EntryId id;
  AccountHandle account;
  core::Money amount;
  friend bool operator==(const HoldRequest&, const HoldRequest&) = default;
};
BOOST_DESCRIBE_STRUCT(HoldRequest, (), (id, account, amount))

/// Pays part of a hold. The account of the hold pays the sum of the credits; every credit is above
/// 0; no credits at all is a post of 0 (an interval that cost nothing still has its number).
/// Numbers of one hold are 1, 2, 3, ... without gaps: they make posting idempotent.
struct Post {
  EntryId hold;
  std::uint64_t number = 0;
  Memo memo = Memo::usage;
  std::vector<Posting> credits;
  friend bool operator==(const Post&, const Post&) = default;
};
BOOST_DESCRIBE_STRUCT(Post, (), (hold, number, memo, credits))

/// An open hold. It stays until it is voided; nothing ends it by itself.
struct Hold {
  EntryId id;
  AccountHandle account;
  core::Money placed;               // As first asked.
  core::Money remaining;            // placed minus all that was posted; 0 or more.
  std::uint64_t posted_number = 0;  // Of the last post; 0 before the first.
  std::uint64_t posted_content =
      0;  // Fingerprint of the last post, to tell a repeat from a conflict.
  friend bool operator==(const Hold&, const Hold&) = default;
};
BOOST_DESCRIBE_STRUCT(Hold, (), (id, account, placed, remaining, posted_number, posted_content))

}  // namespace intertie::ledger
