// Drafts of receipts: found again by the next life, and valid when it is told.
#include "receipt_drafts.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

#include "test_hub.h"

namespace intertie::service {
namespace {

using core::Bytes;

ReceiptDraft make_draft() {
  ReceiptDraft draft;
  draft.receipt.dataset = "data:" + std::string(64, 'a');
  draft.receipt.size = {1'000};
  draft.receipt.kept = {100};
  draft.receipt.started = {5};
  draft.receipt.source = "22R";
  return draft;
}

TEST(ReceiptDrafts, AreFoundAgainUntilTheyAreRemoved) {
  const TempFolder folder;
  const std::string path = folder.path() + "/drafts";
  const ReceiptDrafts::Key key{7, 2, {}};
  ReceiptDraft draft = make_draft();
  {
    const auto drafts = ReceiptDrafts::open(path);
    ASSERT_TRUE(drafts.has_value());
    EXPECT_FALSE(drafts->find(key).has_value());
    drafts->keep(key, draft);
    draft.is_straight = true;
    drafts->keep(key, draft);
  }
  const auto drafts = ReceiptDrafts::open(path);
  ASSERT_TRUE(drafts.has_value());
  const auto found = drafts->find(key);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->receipt, draft.receipt);
  EXPECT_TRUE(found->is_straight);
  EXPECT_FALSE(drafts->find({7, 3, {}}).has_value());
  EXPECT_FALSE(drafts->find({8, 2, {}}).has_value());
  drafts->sweep();
  EXPECT_TRUE(drafts->find(key).has_value());
  drafts->remove(key);
  EXPECT_FALSE(drafts->find(key).has_value());
  EXPECT_TRUE(std::filesystem::is_empty(path));
}

TEST(ReceiptDrafts, WhatCannotBeReadOrIsOldIsAbsent) {
  const TempFolder folder;
  const auto drafts = ReceiptDrafts::open(folder.path() + "/drafts");
  ASSERT_TRUE(drafts.has_value());
  drafts->keep({1, 1, {}}, make_draft());
  const auto entry = *std::filesystem::directory_iterator(folder.path() + "/drafts");
  std::ofstream(entry.path()) << R"({"receipt":{"data)";
  EXPECT_FALSE(drafts->find({1, 1, {}}).has_value());
  drafts->keep({1, 2, {}}, make_draft());
  for (const auto& each : std::filesystem::directory_iterator(folder.path() + "/drafts")) {
    std::filesystem::last_write_time(
        each.path(), std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * 8));
  }
  drafts->sweep();
  EXPECT_FALSE(drafts->find({1, 2, {}}).has_value());
}

TEST(ReceiptDrafts, WhatCameBeforeTheDeathCountsOnceAndOnItsWay) {
  ReceiptDraft draft = make_draft();
  draft.is_straight = true;
  resume_draft(draft, Bytes{500});
  EXPECT_EQ(draft.receipt.received, Bytes{400});
  EXPECT_EQ(draft.receipt.direct, Bytes{400});
  EXPECT_EQ(draft.receipt.cuts, 1u);
  draft.is_straight = false;
  resume_draft(draft, Bytes{700});
  EXPECT_EQ(draft.receipt.received, Bytes{600});
  EXPECT_EQ(draft.receipt.direct, Bytes{400});
  resume_draft(draft, Bytes{650});  // Given up in part meanwhile: it came nevertheless.
  EXPECT_EQ(draft.receipt.received, Bytes{600});
  // However often it dies, the receipt of what is whole is valid.
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    core::Random random(seed);
    ReceiptDraft each = make_draft();
    std::int64_t here = 100;
    while (here < 1'000) {
      each.is_straight = random.chance(1, 2);
      here = std::min<std::int64_t>(1'000, here + random.between(0, 300));
      resume_draft(each, Bytes{here});
      each.receipt.ended = core::Time{6};
    }
    EXPECT_TRUE(transfer::check_receipt(each.receipt).has_value()) << seed;
    EXPECT_EQ(each.receipt.received, Bytes{900}) << seed;
  }
}

}  // namespace
}  // namespace intertie::service
