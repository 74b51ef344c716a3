// Journal, pacing, store policy and data policy against independent models.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/transfer/data_policy.h"
#include "intertie/transfer/journal.h"
#include "intertie/transfer/pacing.h"
#include "intertie/transfer/store_policy.h"

namespace intertie::transfer {
namespace {

TEST(ChunkJournal, ReplaysWhatWasWrittenWhateverIsTornOrForeign) {
  const crypto::Digest root = crypto::compute_sha256("root");
  const crypto::Digest other = crypto::compute_sha256("other");
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const auto chunks = static_cast<std::uint32_t>(1 + random.below(50));
    std::set<std::uint32_t> model;
    std::string file;
    for (int i = 0; i < 40; ++i) {
      const auto chunk = static_cast<std::uint32_t>(random.below(chunks));
      switch (random.below(4)) {
        case 0:
          file += ChunkJournal::format_record(other, chunk);  // Another dataset's.
          break;
        case 1:
          file += ChunkJournal::format_record(root, chunks + chunk);  // Of no chunk.
          break;
        default:
          file += ChunkJournal::format_record(root, chunk);
          model.insert(chunk);
      }
    }
    const ChunkJournal whole = ChunkJournal::replay(root, chunks, file);
    // A crash tears the last record.
    const std::string torn = file + ChunkJournal::format_record(root, 0).substr(0, random.below(8));
    const ChunkJournal journal = ChunkJournal::replay(root, chunks, torn);
    EXPECT_EQ(whole.count(), model.size());
    EXPECT_EQ(journal.count(), model.size());
    EXPECT_EQ(journal.is_complete(), model.size() == chunks);
    std::set<std::uint32_t> missing;
    for (const auto& [first, last] : journal.list_missing(1'000)) {
      ASSERT_LE(first, last);
      for (std::uint32_t chunk = first; chunk <= last; ++chunk) missing.insert(chunk);
    }
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      EXPECT_EQ(journal.has(chunk), model.contains(chunk));
      EXPECT_EQ(missing.contains(chunk), !model.contains(chunk));
    }
    EXPECT_LE(journal.list_missing(2).size(), 2u);
  }
}

TEST(ChunkJournal, WhatIsRemovedMustComeAgain) {
  ChunkJournal journal(3);
  for (std::uint32_t chunk = 0; chunk < 3; ++chunk) EXPECT_TRUE(journal.add(chunk));
  EXPECT_TRUE(journal.is_complete());
  journal.remove(1);
  journal.remove(1);
  EXPECT_FALSE(journal.has(1));
  EXPECT_EQ(journal.count(), 2u);
  EXPECT_EQ(journal.list_missing(9),
            (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{1, 1}}));
  EXPECT_TRUE(journal.add(1));
  EXPECT_TRUE(journal.is_complete());
}

TEST(Pacer, GrantsNeverMoreThanTheLineAndAllOfItWhenAskedOften) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const std::int64_t rate = 1 + random.between(0, 100'000'000);
    const std::int64_t burst = 1 + random.between(0, 2'000'000);
    const core::Time start{random.between(0, 1'000'000'000)};
    Pacer pacer(rate, {burst}, start);
    core::Time now = start;
    __extension__ using Wide = __int128;
    Wide granted = 0;
    bool was_always_hungry = true;
    for (int i = 0; i < 300; ++i) {
      now = now + core::microseconds(random.between(0, 20'000));
      const std::int64_t wanted = random.chance(1, 8) ? random.between(0, 1'000) : burst;
      const std::int64_t got = pacer.take(wanted, now);
      ASSERT_GE(got, 0);
      ASSERT_LE(got, wanted);
      granted += got;
      was_always_hungry = was_always_hungry && got < wanted;
      ASSERT_LE(granted * 1'000'000, static_cast<Wide>(burst) * 1'000'000 +
                                         static_cast<Wide>(rate) * (now - start).count);
      // When it says so, it is there, and not a microsecond earlier.
      const std::int64_t next = std::min<std::int64_t>(burst, 1 + random.between(0, burst));
      const core::Time ready = pacer.get_ready_time(next, now);
      Pacer copy = pacer;
      EXPECT_EQ(copy.take(next, ready), next);
      if (ready > now) {
        Pacer early = pacer;
        EXPECT_LT(early.take(next, ready - core::microseconds(1)), next);
      }
    }
    if (was_always_hungry) {
      EXPECT_GE(granted * 1'000'000 + 1'000'000, static_cast<Wide>(rate) * (now - start).count);
    }
  }
}

// The decision by trying: remove the longest unused that may go, one by one, until it fits.
TEST(StorePolicy, EvictsTheLongestUnusedAndOnlyAsFarAsNeeded) {
  int evictions = 0;
  int refusals = 0;
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    StoreRules rules;
    rules.bytes_max = {random.between(50, 200)};
    rules.owner_bytes_max = {random.chance(1, 2) ? 0 : random.between(20, 100)};
    std::vector<StoredItem> items(random.below(8));
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i].number = i + 1;
      items[i].bytes = random.below(40);
      items[i].last_used = {random.between(0, 5)};
      items[i].is_pinned = random.chance(1, 5);
      items[i].is_leased = random.chance(1, 5);
      items[i].is_incoming = random.chance(1, 8);
      items[i].is_cache = random.chance(2, 3);
    }
    const std::uint64_t bytes = random.below(80);
    const std::uint64_t owned = random.below(60);
    std::vector<StoredItem> left = items;
    std::vector<std::uint64_t> expected;
    const auto sum = [&] {
      std::uint64_t all = bytes;
      for (const StoredItem& item : left) all += item.bytes;
      return all;
    };
    bool fits = true;
    while (sum() > static_cast<std::uint64_t>(rules.bytes_max.count)) {
      auto best = left.end();
      for (auto each = left.begin(); each != left.end(); ++each) {
        const bool may_go = each->is_cache && !each->is_pinned && !each->is_leased &&
                            !each->is_incoming && each->bytes > 0;
        if (may_go && (best == left.end() || each->last_used < best->last_used)) best = each;
      }
      if (best == left.end()) {
        fits = false;
        break;
      }
      expected.push_back(best->number);
      left.erase(best);
    }
    const bool is_over_owner =
        rules.owner_bytes_max.count > 0 &&
        owned + bytes > static_cast<std::uint64_t>(rules.owner_bytes_max.count);
    const bool is_hopeless = bytes > static_cast<std::uint64_t>(rules.bytes_max.count);
    const auto decided = make_room(items, rules, owned, bytes);
    ASSERT_EQ(decided.has_value(), fits && !is_over_owner && !is_hopeless);
    if (decided) {
      EXPECT_EQ(*decided, expected);
      evictions += expected.empty() ? 0 : 1;
    } else {
      ++refusals;
      EXPECT_EQ(decided.error().reason, is_over_owner || is_hopeless
                                            ? core::Reason::too_large
                                            : core::Reason::store_unavailable);
    }
  }
  EXPECT_GT(evictions, 100);
  EXPECT_GT(refusals, 100);
}

TEST(StorePolicy, ExpiresWhatIsOverButNothingThatIsLeased) {
  StoreRules rules;
  rules.incoming_max = core::hours(1);
  const core::Time now{core::hours(10).count};
  StoredItem plain{1, 5, {}, false, false, false, false, std::nullopt};
  StoredItem over{2, 5, {}, true, false, false, false, now};  // A pin does not outlive the policy.
  StoredItem leased{3, 5, {}, false, true, false, false, now};
  StoredItem later{4, 5, {}, false, false, false, false, now + core::microseconds(1)};
  StoredItem left{5, 5, now - core::hours(2), false, false, true, false, std::nullopt};
  StoredItem coming{6, 5, now - core::minutes(30), false, false, true, false, std::nullopt};
  EXPECT_EQ(list_expired({coming, left, later, leased, over, plain}, rules, now),
            (std::vector<std::uint64_t>{2, 5}));
}

TEST(DataPolicy, SaysWhichRuleForbids) {
  DataPolicy policy;
  const core::Time now{1'000};
  EXPECT_TRUE(check_place(policy, {"22"}, now).has_value());
  policy.regions = {"42", "52"};
  EXPECT_TRUE(check_place(policy, {"42"}, now).has_value());
  auto refused = check_place(policy, {"22"}, now);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::data_policy);
  EXPECT_NE(refused.error().detail.find("region 22"), std::string::npos);
  policy.classification = Classification::confidential;
  refused = check_place(policy, {"42", Classification::internal_}, now);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail.find("confidential"), std::string::npos);
  EXPECT_TRUE(check_place(policy, {"42", Classification::confidential}, now).has_value());
  policy.keep_until = now;
  EXPECT_FALSE(check_place(policy, {"42"}, now).has_value());

  policy.readers = {"bob"};
  EXPECT_TRUE(check_reader(policy, "ada", "ada").has_value());
  EXPECT_TRUE(check_reader(policy, "ada", "bob").has_value());
  EXPECT_EQ(check_reader(policy, "ada", "eve").error().reason, core::Reason::not_found);
  EXPECT_TRUE(check_policy(policy).has_value());
  policy.readers = {"a b"};
  EXPECT_FALSE(check_policy(policy).has_value());
  policy.readers.assign(65, "x");
  EXPECT_EQ(check_policy(policy).error().reason, core::Reason::too_large);
  policy = {};
  policy.regions = {"223"};
  EXPECT_FALSE(check_policy(policy).has_value());
}

}  // namespace
}  // namespace intertie::transfer
