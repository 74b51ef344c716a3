// Edit distance, and what is near enough to be suggested.
#include "command_line/suggest.h"

#include <algorithm>
#include <numeric>

namespace intertie::cli {

std::size_t compute_edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = std::move(last);
    last = std::move(row);
  }
  return last[b.size()];
}

std::optional<std::string> suggest_word(std::string_view typed,
                                        std::span<const std::string> known) {
  if (typed.empty()) return std::nullopt;
  const std::string* best = nullptr;
  std::size_t best_score = 0;
  for (const std::string& word : known) {
    const std::size_t distance = compute_edit_distance(typed, word);
    const bool same_start = !word.empty() && word.front() == typed.front();
    const bool is_beginning = typed.size() >= 2 && word.starts_with(typed);
    std::size_t allowed = std::max<std::size_t>(1, typed.size() / 3);
    if (same_start && typed.size() >= 3) allowed = std::max<std::size_t>(allowed, 2);
    if (distance > allowed && !is_beginning) continue;
    // A beginning counts as one slip however much is missing.
    const std::size_t slips = is_beginning ? std::min<std::size_t>(distance, 1) : distance;
    const std::size_t score = 2 * slips + (same_start ? 0 : 1);
    if (best == nullptr || score < best_score) {
      best = &word;
      best_score = score;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

std::optional<std::string> suggest_verb(std::string_view typed) {
  for (const Synonym& synonym : get_synonyms()) {
    if (synonym.word == typed) return std::string(synonym.verb);
  }
  const std::size_t space = typed.find(' ');
  std::vector<std::string> known;
  if (space != std::string_view::npos) {
    for (const Verb& verb : get_verbs()) known.emplace_back(verb.path);
    return suggest_word(typed, known);
  }
  for (const Verb& verb : get_verbs()) {
    std::string word(verb.path.substr(0, verb.path.find(' ')));
    if (std::find(known.begin(), known.end(), word) == known.end()) known.push_back(word);
  }
  const std::optional<std::string> first = suggest_word(typed, known);
  if (first) return first;
  // "drain" for "site drain".
  for (const Verb& verb : get_verbs()) {
    const std::size_t at = verb.path.find(' ');
    if (at != std::string_view::npos && verb.path.substr(at + 1) == typed) {
      return std::string(verb.path);
    }
  }
  return std::nullopt;
}

std::optional<std::string> suggest_option(const Verb* verb, std::string_view typed) {
  std::vector<std::string> known;
  if (verb != nullptr) {
    for (const Option& option : verb->options) known.emplace_back(option.name);
  }
  for (const Option& option : get_global_options()) known.emplace_back(option.name);
  return suggest_word(typed, known);
}

}  // namespace intertie::cli
