// Which Unix user the tasks of an Intertie user run as.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::execution_slurm {

/// Where the jobs of one Intertie user go.
struct UnixUser {
  std::string name;
  std::string account;  // Slurm's; empty: the user's default.
  std::string qos;      // Likewise.
  bool is_shared = false;

  friend bool operator==(const UnixUser&, const UnixUser&) = default;
};

using UserMap = std::map<std::string, UnixUser, std::less<>>;

/// The table's text: a line for each Intertie user, words between blanks, "#" begins a comment:
///   INTERTIE_USER UNIX_USER [account=NAME] [qos=NAME] [shared]
/// Nobody is mapped by default, and there is no line for "everybody else". Two Intertie users may
/// have the same Unix user only if both lines say "shared": such users can read each other's files.
/// root is refused. bad_field with the number of the line; duplicate_field.
core::Result<UserMap> parse_user_map(std::string_view text);

/// denied, with what the operator would have to write, if the user is not in the table.
core::Result<UnixUser> find_unix_user(const UserMap& map, std::string_view owner);

}  // namespace intertie::execution_slurm
