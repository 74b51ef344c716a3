// What only the store in memory can do: crash as a disk would.
#include "intertie/storage/memory_store.h"

#include <set>

#include <gtest/gtest.h>

#include "intertie/storage/verify.h"

namespace intertie::storage {
namespace {

Batch make_batch(LogIndex first, int count) {
  Batch batch;
  for (int i = 0; i < count; ++i) {
    const LogIndex index = first + static_cast<LogIndex>(i);
    batch.records.push_back({index, {1}, 1, 1, "head", "body"});
    batch.writes.push_back(put(1, std::to_string(index), "v"));
  }
  return batch;
}

std::size_t count_rows(Store& store) {
  return store.open_reader().value()->scan_index({1, "", {}, 100, {}}).value().size();
}

TEST(MemoryDisk, KeepsWhatWasAcknowledged) {
  MemoryDisk disk({});
  auto store = open_memory_store(disk).value();
  ASSERT_TRUE(store->append(make_batch(1, 3)).has_value());
  store.reset();
  disk.crash(false);
  store = open_memory_store(disk).value();
  EXPECT_EQ(store->last().index, 3u);
  EXPECT_EQ(count_rows(*store), 3u);
}

TEST(MemoryDisk, UnacknowledgedBatchMayStayOrGo) {
  for (const bool keep : {false, true}) {
    MemoryDisk disk({});
    bool fails = false;
    auto store = open_memory_store(disk, [&fails](FailPoint point) -> core::Result<void> {
                   if (!fails || point != FailPoint::append_after_commit) return {};
                   return core::Reason::store_unavailable;
                 }).value();
    ASSERT_TRUE(store->append(make_batch(1, 3)).has_value());
    fails = true;
    EXPECT_FALSE(store->append(make_batch(4, 2)).has_value());
    store.reset();
    disk.crash(keep);
    store = open_memory_store(disk).value();
    EXPECT_EQ(store->last().index, keep ? 5u : 3u);
    EXPECT_EQ(count_rows(*store), keep ? 5u : 3u);
    const auto reader = store->open_reader().value();
    EXPECT_TRUE(verify_store(*reader, *store->open_snapshots().value())->is_sound());
  }
}

TEST(MemoryDisk, LyingSyncLosesTheTail) {
  MemoryDisk disk({});
  auto store = open_memory_store(disk).value();
  ASSERT_TRUE(store->append(make_batch(1, 3)).has_value());
  disk.set_sync_lies(true);
  ASSERT_TRUE(store->append(make_batch(4, 2)).has_value());
  ASSERT_TRUE(store->erase_body(1).has_value());
  EXPECT_EQ(store->last().index, 5u);
  store.reset();
  disk.crash(true);
  store = open_memory_store(disk).value();
  EXPECT_EQ(store->last().index, 3u);
  EXPECT_EQ(count_rows(*store), 3u);
  EXPECT_EQ(store->open_reader().value()->read_body(1)->state, BodyState::erased);
}

TEST(FailPoints, AreAllListedOnceUnderOneName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFailPoints.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kFailPoints[i].point), i);
    EXPECT_TRUE(names.insert(kFailPoints[i].name).second);
  }
  EXPECT_EQ(kFailPoints.back().point, FailPoint::backup_before_rename);
}

TEST(PrefixEnd, IsTheFirstKeyAfterThePrefix) {
  EXPECT_EQ(compute_prefix_end("a"), "b");
  EXPECT_EQ(compute_prefix_end("a\xff\xff"), "b");
  EXPECT_EQ(compute_prefix_end("\x7f"), "\x80");
  EXPECT_EQ(compute_prefix_end("\xff"), std::nullopt);
  EXPECT_EQ(compute_prefix_end(""), std::nullopt);
}

TEST(StoreDeathTest, GapsAndStaleIndexesAreProgrammerErrors) {
  MemoryDisk disk({});
  auto store = open_memory_store(disk).value();
  EXPECT_DEATH((void)store->append(make_batch(2, 1)), "");
  EXPECT_DEATH((void)store->append({}), "");
  ASSERT_TRUE(store->append(make_batch(1, 1)).has_value());
  EXPECT_DEATH((void)store->append(make_batch(1, 1)), "");
  ASSERT_TRUE(store->clear_index().has_value());
  EXPECT_DEATH((void)store->append(make_batch(2, 1)), "");
}

}  // namespace
}  // namespace intertie::storage
