// What the parser accepts, and what it says of the rest.
#include "command_line/parse.h"

#include <gtest/gtest.h>

namespace intertie::cli {
namespace {

Parsed parse(std::vector<std::string> words) { return parse_command_line(words); }

Invocation accept(std::vector<std::string> words) {
  Parsed parsed = parse(std::move(words));
  if (const Complaint* const complaint = std::get_if<Complaint>(&parsed)) {
    ADD_FAILURE() << complaint->what << " " << complaint->why;
    return {};
  }
  EXPECT_TRUE(std::holds_alternative<Invocation>(parsed));
  return std::holds_alternative<Invocation>(parsed) ? std::get<Invocation>(parsed) : Invocation{};
}

Complaint refuse(std::vector<std::string> words) {
  Parsed parsed = parse(std::move(words));
  EXPECT_TRUE(std::holds_alternative<Complaint>(parsed));
  if (!std::holds_alternative<Complaint>(parsed)) return {};
  const Complaint complaint = std::get<Complaint>(parsed);
  EXPECT_EQ(complaint.exit_code, kBadInput);
  EXPECT_FALSE(complaint.what.empty());
  EXPECT_FALSE(complaint.fix.empty());
  EXPECT_FALSE(complaint.code.empty());
  return complaint;
}

std::string topic_of(std::vector<std::string> words) {
  const Parsed parsed = parse(std::move(words));
  const HelpWish* const wish = std::get_if<HelpWish>(&parsed);
  return wish == nullptr ? "no help" : wish->topic;
}

TEST(Parse, OptionsStandAnywhereBeforeTheCommand) {
  const Invocation run = accept(
      {"-o", "json", "run", "--cpus=2", "--memory", "1GiB", "-d", "--", "ls", "--cpus", "-h"});
  EXPECT_EQ(run.verb->path, "run");
  EXPECT_EQ(run.get("output", ""), "json");
  EXPECT_EQ(run.get("cpus", ""), "2");
  EXPECT_EQ(run.get("memory", ""), "1GiB");
  EXPECT_TRUE(run.has("detach"));
  EXPECT_EQ(run.operands, (std::vector<std::string>{"ls", "--cpus", "-h"}));
}

TEST(Parse, ACommandMayDoWithoutDashes) {
  const Invocation run = accept({"run", "--cpus", "1", "grep", "-r", "--help", "x"});
  EXPECT_EQ(run.operands, (std::vector<std::string>{"grep", "-r", "--help", "x"}));
  EXPECT_FALSE(run.has("help"));
}

TEST(Parse, ShortLettersMayBeJoined) {
  const Invocation logs = accept({"logs", "-qfocsv", "7"});
  EXPECT_TRUE(logs.has("quiet"));
  EXPECT_TRUE(logs.has("follow"));
  EXPECT_EQ(logs.get("output", ""), "csv");
  EXPECT_EQ(logs.operands, std::vector<std::string>{"7"});
}

TEST(Parse, RepeatableOptionsKeepTheirOrderAndOthersComeOnce) {
  EXPECT_EQ(accept({"run", "--env", "A=1", "--env=B=2", "true"}).list("env"),
            (std::vector<std::string>{"A=1", "B=2"}));
  EXPECT_EQ(refuse({"run", "--cpus", "1", "--cpus", "2", "true"}).what,
            "Option --cpus is given twice.");
}

TEST(Parse, VerbsOfTwoWords) {
  EXPECT_EQ(accept({"site", "list"}).verb->path, "site list");
  EXPECT_EQ(accept({"site", "-q", "list"}).verb->path, "site list");
  EXPECT_EQ(accept({"site", "drain", "lab"}).operands, std::vector<std::string>{"lab"});
  EXPECT_EQ(refuse({"site", "jion", "x"}).why, "Did you mean 'site join'?");
  EXPECT_EQ(topic_of({"site"}), "site");
}

TEST(Parse, HelpWinsWhereverItStands) {
  EXPECT_EQ(topic_of({}), "");
  EXPECT_EQ(topic_of({"--help"}), "");
  EXPECT_EQ(topic_of({"run", "--help"}), "run");
  EXPECT_EQ(topic_of({"-h", "run"}), "run");
  EXPECT_EQ(topic_of({"run", "--cpus", "2", "-h"}), "run");
  EXPECT_EQ(topic_of({"jobs", "--nonsense", "--help"}), "jobs");
  EXPECT_EQ(topic_of({"site", "join", "--help"}), "site join");
  EXPECT_EQ(topic_of({"site", "--help"}), "site");
  EXPECT_EQ(topic_of({"comit", "--help"}), "");
}

TEST(Parse, HelpOfEveryVerbInEveryForm) {
  for (const Verb& verb : get_verbs()) {
    std::vector<std::string> words;
    const std::size_t space = verb.path.find(' ');
    words.emplace_back(verb.path.substr(0, space));
    if (space != std::string_view::npos) words.emplace_back(verb.path.substr(space + 1));
    words.emplace_back("--help");
    EXPECT_EQ(topic_of(words), verb.path);
    words.back() = "-h";
    EXPECT_EQ(topic_of(words), verb.path);
    words.insert(words.begin(), {"-o", "json"});
    EXPECT_EQ(topic_of(words), verb.path);
  }
}

TEST(Parse, Version) {
  EXPECT_TRUE(std::holds_alternative<VersionWish>(parse({"--version"})));
  EXPECT_TRUE(std::holds_alternative<VersionWish>(parse({"jobs", "--version"})));
}

TEST(Parse, MistakesAreNamedAndTheNearestWordIsGiven) {
  EXPECT_EQ(refuse({"explian", "1"}).fix, "intertie explain");
  EXPECT_EQ(refuse({"run", "--cpsu", "2", "true"}).why, "Did you mean --cpus?");
  EXPECT_EQ(refuse({"jobs", "-z"}).what, "There is no option -z for 'jobs'.");
  EXPECT_EQ(refuse({"jobs", "--quiet=1"}).what, "Option --quiet takes no value.");
  EXPECT_EQ(refuse({"run", "--cpus"}).what, "Option --cpus needs a value.");
  EXPECT_EQ(refuse({"run", "--cpus", "--", "true"}).what, "Option --cpus needs a value.");
  EXPECT_EQ(refuse({"jobs", "--phase", "runing"}).fix, "--phase running");
  EXPECT_EQ(refuse({"run", "--memory", "4gx", "true"}).what, "Option --memory cannot be '4gx'.");
  EXPECT_EQ(refuse({"jobs", "-n", "-3"}).why, "expected a whole number, 0 or more");
  EXPECT_EQ(refuse({"jobs", "-n", "99999999999999999999"}).why,
            "expected a whole number, 0 or more");
  EXPECT_EQ(refuse({"run"}).what, "'run' needs COMMAND.");
  EXPECT_EQ(refuse({"explain"}).what, "'explain' needs JOB.");
  EXPECT_EQ(refuse({"explain", "1", "2"}).what, "'explain' does not know what to do with '2'.");
}

}  // namespace
}  // namespace intertie::cli
