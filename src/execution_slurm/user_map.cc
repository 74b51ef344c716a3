#include "intertie/execution_slurm/user_map.h"

#include <algorithm>
#include <vector>

#include "text.h"

namespace intertie::execution_slurm {
namespace {

using core::Reason;
using core::Result;

constexpr std::size_t kNameBytesMax = 255;

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    const std::size_t end = line.find_first_of(" \t\r", begin);
    words.push_back(line.substr(begin, end == line.npos ? end : end - begin));
    if (end == std::string_view::npos) return words;
    line.remove_prefix(end);
  }
}

/// It becomes an argument of commands: nothing that could be taken for an option.
bool is_plain_name(std::string_view name) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '@';
  };
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '-' &&
         std::ranges::all_of(name, is_fine);
}

}  // namespace

Result<UserMap> parse_user_map(std::string_view text) {
  UserMap map;
  std::map<std::string, bool, std::less<>> unix_users;  // Whether they are shared.
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    const std::string where = "line " + std::to_string(++number) + ": ";
    const auto words = split_words(line.substr(0, line.find('#')));
    if (words.empty()) continue;
    if (words.size() < 2) return {Reason::bad_field, where + "expected INTERTIE_USER UNIX_USER"};
    UnixUser user;
    user.name = words[1];
    if (!is_plain_name(user.name)) return {Reason::bad_field, where + quote(words[1])};
    if (user.name == "root" || user.name == "0") {
      return {Reason::bad_field, where + "tasks never run as root"};
    }
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::size_t equals = words[i].find('=');
      const std::string_view name = words[i].substr(0, equals);
      const std::string_view value = equals == words[i].npos ? "" : words[i].substr(equals + 1);
      if (words[i] == "shared") {
        user.is_shared = true;
      } else if (name == "account" && is_plain_name(value)) {
        user.account = value;
      } else if (name == "qos" && is_plain_name(value)) {
        user.qos = value;
      } else {
        return {Reason::bad_field, where + quote(words[i])};
      }
    }
    const auto [place, is_new] = unix_users.emplace(user.name, user.is_shared);
    if (!is_new && !(place->second && user.is_shared)) {
      return {Reason::bad_field, where + user.name +
                                     " is the Unix user of somebody else; if that " +
                                     "is meant, both lines must say \"shared\""};
    }
    if (!map.emplace(words[0], std::move(user)).second) {
      return {Reason::duplicate_field, where + quote(words[0])};
    }
  }
  return map;
}

Result<UnixUser> find_unix_user(const UserMap& map, std::string_view owner) {
  const auto found = map.find(owner);
  if (found != map.end()) return found->second;
  return {Reason::denied, "user " + quote(owner) +
                              " has no Unix user here; the site's operator adds a line to the " +
                              "table of users: " + std::string(owner.substr(0, 160)) +
                              " UNIX_USER"};
}

}  // namespace intertie::execution_slurm
