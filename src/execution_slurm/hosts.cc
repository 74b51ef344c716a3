#include "intertie/execution_slurm/hosts.h"

#include <algorithm>

#include "text.h"

namespace intertie::execution_slurm {
namespace {

using core::Reason;
using core::Result;

constexpr std::size_t kHostsMax = 100'000;

core::Error make_error(std::string_view text) {
  return {Reason::bad_syntax, "list of nodes " + quote(text)};
}

/// "1-3", "07", in `width` digits as the first is written.
bool expand_range(std::string_view part, std::vector<std::string>& numbers) {
  const std::size_t dash = part.find('-');
  const std::string_view first_text = part.substr(0, dash);
  const auto first = parse_count(first_text);
  const auto last = dash == part.npos ? first : parse_count(part.substr(dash + 1));
  if (!first || !last || *last < *first) return false;
  for (std::int64_t each = *first; each <= *last; ++each) {
    if (numbers.size() >= kHostsMax) return false;
    std::string digits = std::to_string(each);
    digits.insert(0, first_text.size() - std::min(first_text.size(), digits.size()), '0');
    numbers.push_back(std::move(digits));
  }
  return true;
}

}  // namespace

Result<std::vector<std::string>> expand_hosts(std::string_view text) {
  const std::string_view whole = text;
  std::vector<std::string> hosts;
  while (!text.empty()) {
    std::vector<std::string> names = {""};
    // One name: texts and brackets up to a comma outside of them.
    while (!text.empty() && text.front() != ',') {
      if (text.front() == '[') {
        const std::size_t end = text.find(']');
        if (end == text.npos) return make_error(whole);
        std::vector<std::string> numbers;
        for (const std::string_view part : split(text.substr(1, end - 1), ',')) {
          if (!expand_range(part, numbers)) return make_error(whole);
        }
        if (numbers.size() * names.size() > kHostsMax) {
          return core::Error{Reason::too_large, "list of nodes"};
        }
        std::vector<std::string> longer;
        for (const std::string& name : names) {
          for (const std::string& number : numbers) longer.push_back(name + number);
        }
        names = std::move(longer);
        text.remove_prefix(end + 1);
      } else {
        const std::string_view plain = text.substr(0, text.find_first_of("[,"));
        if (plain.find(']') != plain.npos) return make_error(whole);
        for (std::string& name : names) name += plain;
        text.remove_prefix(plain.size());
      }
    }
    if (names.front().empty() || text == ",") return make_error(whole);
    if (!text.empty()) text.remove_prefix(1);
    hosts.insert(hosts.end(), names.begin(), names.end());
    if (hosts.size() > kHostsMax) return core::Error{Reason::too_large, "list of nodes"};
  }
  return hosts;
}

Result<std::vector<std::string>> find_task_hosts(std::string_view nodes, std::string_view counts) {
  const auto hosts = expand_hosts(nodes);
  if (!hosts) return hosts;
  std::vector<std::string> of_tasks;
  std::size_t next = 0;
  for (const std::string_view part : split(counts, ',')) {
    const std::size_t bracket = part.find("(x");
    const auto tasks = parse_count(part.substr(0, bracket));
    auto times = std::optional<std::int64_t>(1);
    if (bracket != part.npos) {
      if (!part.ends_with(')')) return make_error(counts);
      times = parse_count(part.substr(bracket + 2, part.size() - bracket - 3));
    }
    if (!tasks || !times || *tasks > 100'000 || *times > 100'000) return make_error(counts);
    for (std::int64_t node = 0; node < *times; ++node, ++next) {
      if (next >= hosts->size()) return make_error(counts);
      of_tasks.insert(of_tasks.end(), static_cast<std::size_t>(*tasks), (*hosts)[next]);
      if (of_tasks.size() > kHostsMax) return core::Error{Reason::too_large, "tasks"};
    }
  }
  if (next != hosts->size()) return make_error(counts);
  return of_tasks;
}

}  // namespace intertie::execution_slurm
