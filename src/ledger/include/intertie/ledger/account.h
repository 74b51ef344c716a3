// Accounts of the double-entry ledger.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"

namespace intertie::ledger {

/// The number of an account: 0, 1, 2, ... in order of opening. Never used for another account.
struct AccountHandle {
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(AccountHandle, AccountHandle) = default;
};
BOOST_DESCRIBE_STRUCT(AccountHandle, (), (index))

inline std::size_t hash_value(AccountHandle handle) { return handle.index; }

/// Whose money an account counts. Rules do not depend on it; reports do.
/// loss: what a hub bears itself, such as a charge between hubs that its payee cannot give back.
enum class AccountKind : std::uint8_t { user, provider, hub_fee, clearing, bank, loss };
BOOST_DESCRIBE_ENUM(AccountKind, user, provider, hub_fee, clearing, bank, loss)

/// What is fixed when an account is opened, apart from the credit limit.
struct AccountTerms {
  std::string name;   // Unique; 1 to 200 bytes.
  std::string owner;  // Who may spend from it; opaque here.
  AccountKind kind = AccountKind::user;
  bool may_go_negative = false;  // No lower bound at all: the bank, where money enters.
  core::Money credit_limit;      // How far below 0 it may go otherwise; 0 or more.

  friend bool operator==(const AccountTerms&, const AccountTerms&) = default;
};
BOOST_DESCRIBE_STRUCT(AccountTerms, (), (name, owner, kind, may_go_negative, credit_limit))

/// An account with its figures. A positive balance is money that belongs to the owner.
struct Account {
  AccountHandle handle;
  AccountTerms terms;
  core::Money balance;
  core::Money held;  // The sum of what its open holds still reserve; 0 or more.
  bool is_closed = false;

  friend bool operator==(const Account&, const Account&) = default;
};
BOOST_DESCRIBE_STRUCT(Account, (), (handle, terms, balance, held, is_closed))

}  // namespace intertie::ledger
