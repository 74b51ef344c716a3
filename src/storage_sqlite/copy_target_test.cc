// A store filled from another one keeps hashes, snapshots, and what was erased.
#include <gtest/gtest.h>

#include "intertie/storage/memory_store.h"
#include "intertie/storage/verify.h"

#include "sqlite_host.h"

namespace intertie::storage_sqlite {
namespace {

TEST(SqliteCopy, KeepsHashesSnapshotsAndErasures) {
  storage::MemoryDisk disk(storage::Incarnation{7});
  const auto from = storage::open_memory_store(disk).value();
  storage::Batch batch;
  for (storage::LogIndex index = 1; index <= 2'500; ++index) {
    batch.records.push_back({index, {1}, 1, 1, "head", index % 2 == 0 ? "body" : ""});
  }
  ASSERT_TRUE(from->append(batch).has_value());
  ASSERT_TRUE(from->erase_body(1'200).has_value());
  const auto snapshots = from->open_snapshots().value();
  ASSERT_TRUE(snapshots->write_snapshot({2'500, {}, from->last().chain, "state"}).has_value());

  SqliteHost host;
  const auto reader = from->open_reader().value();
  {
    const auto target = make_sqlite_copy(host.options(), from->incarnation());
    ASSERT_TRUE(target.has_value()) << core::to_text(target.error());
    const auto report = storage::copy_store(*reader, *snapshots, **target);
    ASSERT_TRUE(report.has_value()) << core::to_text(report.error());
    EXPECT_EQ(report->last, from->last());
    EXPECT_EQ(report->bodies, 1'249u);
    EXPECT_EQ(report->bodies_erased, 1u);
    EXPECT_EQ(report->snapshots, 1u);
  }
  EXPECT_EQ(make_sqlite_copy(host.options(), from->incarnation()).error().reason,
            core::Reason::already_exists);
  const auto view = open_sqlite_view(host.options()).value();
  EXPECT_EQ(view.incarnation, from->incarnation());
  EXPECT_EQ(view.reader->read_body(1'200).value().state, storage::BodyState::erased);
  EXPECT_EQ(view.reader->read_body(1'202).value().bytes, "body");
  const auto verified = storage::verify_store(*view.reader, *view.snapshots).value();
  EXPECT_TRUE(verified.is_sound());
  EXPECT_EQ(verified.last, from->last());
  EXPECT_EQ(verified.indexed_up_to, 0u);
  // It opens, and the log goes on from the same hash.
  const auto store = host.open({}).value();
  batch.records.assign(1, {2'501, {1}, 1, 1, "next", ""});
  EXPECT_EQ(store->append(batch).value(), from->append(batch).value());
}

TEST(SqliteCopy, LeavesNothingWhenItIsNotFinished) {
  SqliteHost host;
  make_sqlite_copy(host.options(), storage::Incarnation{7}).value().reset();
  EXPECT_EQ(open_sqlite_view(host.options()).error().reason, core::Reason::not_found);
  EXPECT_TRUE(make_sqlite_copy(host.options(), storage::Incarnation{7}).has_value());
}

}  // namespace
}  // namespace intertie::storage_sqlite
