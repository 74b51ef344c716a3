// Thirty typing mistakes, and what was meant.
#include "command_line/suggest.h"

#include <gtest/gtest.h>

namespace intertie::cli {
namespace {

struct Slip {
  const char* verb;  // Empty: `typed` is a verb.
  const char* typed;
  const char* meant;
};

TEST(SuggestWord, KnowsAtLeastTwentySevenOfThirtySlips) {
  const std::vector<Slip> slips = {
      {"", "rnu", "run"},
      {"", "jbos", "jobs"},
      {"", "job", "jobs"},
      {"", "logss", "logs"},
      {"", "lgos", "logs"},
      {"", "explian", "explain"},
      {"", "expain", "explain"},
      {"", "cancle", "cancel"},
      {"", "submti", "submit"},
      {"", "sumbit", "submit"},
      {"", "pln", "plan"},
      {"", "blil", "bill"},
      {"", "meausre", "measure"},
      {"", "ledgr", "ledger"},
      {"", "doctr", "doctor"},
      {"", "squeue", "jobs"},
      {"", "site jion", "site join"},
      {"", "hub strat", "hub start"},
      {"", "simulte", "simulate"},
      {"", "completin", "completion"},
      {"run", "cpu", "cpus"},
      {"run", "memmory", "memory"},
      {"run", "timout", "timeout"},
      {"run", "detatch", "detach"},
      {"run", "device", "devices"},
      {"run", "maxprice", "max-price"},
      {"logs", "folow", "follow"},
      {"jobs", "ouput", "output"},
      {"jobs", "phse", "phase"},
      {"dev", "lisen", "listen"},
  };
  ASSERT_EQ(slips.size(), 30u);
  int right = 0;
  for (const Slip& slip : slips) {
    const std::optional<std::string> found = *slip.verb == '\0'
                                                 ? suggest_verb(slip.typed)
                                                 : suggest_option(find_verb(slip.verb), slip.typed);
    if (found == slip.meant) {
      ++right;
    } else {
      std::printf("%s: %s\n", slip.typed, found.value_or("nothing").c_str());
    }
  }
  EXPECT_GE(right, 27);
}

TEST(SuggestWord, SaysNothingAboutWhatIsFarFromEverything) {
  EXPECT_EQ(suggest_verb("xyzzy"), std::nullopt);
  EXPECT_EQ(suggest_verb("photograph"), std::nullopt);
  EXPECT_EQ(suggest_verb(""), std::nullopt);
  EXPECT_EQ(suggest_option(find_verb("run"), "zz"), std::nullopt);
}

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(compute_edit_distance("", "abc"), 3u);
  EXPECT_EQ(compute_edit_distance("abc", ""), 3u);
  EXPECT_EQ(compute_edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(compute_edit_distance("ab", "ba"), 1u);
  EXPECT_EQ(compute_edit_distance("abcd", "acbd"), 1u);
  EXPECT_EQ(compute_edit_distance("same", "same"), 0u);
}

TEST(Synonyms, NameVerbsThatExist) {
  for (const Synonym& synonym : get_synonyms()) {
    EXPECT_NE(find_verb(synonym.verb), nullptr) << synonym.word;
    EXPECT_EQ(find_verb(synonym.word), nullptr) << synonym.word;
  }
}

}  // namespace
}  // namespace intertie::cli
