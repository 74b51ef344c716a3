// Help fits a terminal of 80 columns and names everything there is.
#include "command_line/help.h"

#include <algorithm>
#include <set>
#include <utility>

#include <gtest/gtest.h>

#include "command_line/parse.h"
#include "output/width.h"

namespace intertie::cli {
namespace {

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool is_quoted = false;
  for (const char c : std::string(text) + " ") {
    if (c == '\'') {
      is_quoted = !is_quoted;
    } else if (c != ' ' || is_quoted) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

// What help shows is copied and pasted.
TEST(Examples, AreUnderstood) {
  for (const Verb& verb : get_verbs()) {
    for (const std::string_view example : verb.examples) {
      const std::size_t end = std::min(example.find_first_of("<>"), example.size());
      const Parsed parsed = parse_command_line(split_words(example.substr(0, end)));
      const Invocation* const invocation = std::get_if<Invocation>(&parsed);
      ASSERT_NE(invocation, nullptr) << example;
      EXPECT_EQ(invocation->verb->path, verb.path) << example;
    }
  }
}

std::size_t widest_line(std::string_view text) {
  std::size_t widest = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    widest = std::max(widest, compute_width(text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return widest;
}

// Whoever is not sure can try first. Verbs that change nothing but files here, or serve until they
// are stopped, have nothing to rehearse.
TEST(Verbs, WhatChangesSomethingCanBeRehearsed) {
  const std::set<std::string_view> harmless = {"plan",
                                               "data get",
                                               "data ls",
                                               "data show",
                                               "jobs",
                                               "logs",
                                               "outputs",
                                               "explain",
                                               "bill",
                                               "sites",
                                               "ledger accounts",
                                               "ledger postings",
                                               "ledger check",
                                               "ledger disputes",
                                               "hub user list",
                                               "hub peer card",
                                               "hub peer list",
                                               "line list",
                                               "site list",
                                               "site doctor",
                                               "log verify",
                                               "log public",
                                               "log show",
                                               "id check",
                                               "id show",
                                               "id new",
                                               "measure",
                                               "simulate",
                                               "bench placement",
                                               "doctor",
                                               "bench placement-scale",
                                               "completion",
                                               "help",
                                               "context list",
                                               "context show",
                                               "config show"};
  const std::set<std::string_view> loads = {"bench submit", "bench run"};
  // What they change is a folder here, whose service is stopped.
  const std::set<std::string_view> services = {
      "dev",       "hub start",  "hub init",   "hub rotate-keys",
      "site join", "site start", "site amend", "site rotate-keys"};
  for (const Verb& verb : get_verbs()) {
    const bool is_exempt =
        harmless.contains(verb.path) || services.contains(verb.path) || loads.contains(verb.path);
    const bool can_rehearse =
        find_option(&verb, "dry-run") != nullptr ||
        (find_option(&verb, "yes") != nullptr &&
         find_option(&verb, "yes")->help.find("explain") != std::string::npos);
    EXPECT_NE(is_exempt, can_rehearse) << verb.path;
  }
}

TEST(Help, OverviewIsShortAndLeadsWithExamples) {
  const std::string text = render_overview();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 25);
  EXPECT_LE(widest_line(text), 80u);
  EXPECT_LT(text.find("intertie run -- echo hello"), text.find("See what happened"));
  for (const Verb& verb : get_verbs()) {
    EXPECT_NE(text.find(verb.path.substr(0, verb.path.find(' '))), std::string::npos);
  }
}

TEST(Help, EveryVerbFitsAndNamesItsOptions) {
  for (const Verb& verb : get_verbs()) {
    const std::string text = render_verb_help(verb);
    EXPECT_LE(widest_line(text), 80u) << text;
    for (const Option& option : verb.options) {
      EXPECT_NE(text.find("--" + std::string(option.name)), std::string::npos);
    }
    EXPECT_NE(text.find("intertie " + std::string(verb.path)), std::string::npos);
  }
}

TEST(Help, TheTableIsConsistent) {
  std::set<std::string_view> paths;
  const auto groups = get_groups();
  for (const Verb& verb : get_verbs()) {
    EXPECT_TRUE(paths.insert(verb.path).second) << verb.path;
    EXPECT_NE(std::find(groups.begin(), groups.end(), verb.group), groups.end());
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const Option& option : get_global_options()) {
      names.insert(option.name);
      if (option.letter != 0) letters.insert(option.letter);
    }
    for (const Option& option : verb.options) {
      EXPECT_TRUE(names.insert(option.name).second) << verb.path << " " << option.name;
      if (option.letter != 0) {
        EXPECT_TRUE(letters.insert(option.letter).second) << verb.path << " " << option.letter;
      }
      EXPECT_EQ(option.kind == ValueKind::choice, !option.choices.empty()) << option.name;
      EXPECT_EQ(option.kind == ValueKind::flag, option.value.empty()) << option.name;
    }
  }
}

TEST(Help, CompletionAndManualNameEveryVerbAndOption) {
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    const std::string script = render_completion(shell);
    for (const Verb& verb : get_verbs()) {
      EXPECT_NE(script.find(verb.path.substr(verb.path.rfind(' ') + 1)), std::string::npos);
      for (const Option& option : verb.options) {
        EXPECT_NE(script.find(std::string(option.name)), std::string::npos) << option.name;
      }
    }
  }
  EXPECT_EQ(render_completion("tcsh"), "");
  const std::string manual = render_man_page();
  for (const Verb& verb : get_verbs()) {
    std::string path(verb.path);
    for (std::size_t at = 0; (at = path.find('-', at)) != std::string::npos; at += 2) {
      path.replace(at, 1, "\\-");
    }
    EXPECT_NE(manual.find(".SS " + path), std::string::npos) << path;
  }
}

}  // namespace
}  // namespace intertie::cli
