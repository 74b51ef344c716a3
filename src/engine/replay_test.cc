#include "intertie/engine/replay.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/crypto/digest.h"
#include "intertie/storage/memory_store.h"

#include "counter_machine.h"

namespace intertie::engine {
namespace {

core::Time after_seconds(std::int64_t seconds) { return core::Time{} + core::seconds(seconds); }

class ReplayTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    snapshots_.reset();
    reader_.reset();
    store_.reset();
    store_ = std::move(*storage::open_memory_store(disk_));
    reader_ = std::move(*store_->open_reader());
    snapshots_ = std::move(*store_->open_snapshots());
  }

  void append(std::string head, std::uint16_t kind = 7, std::uint16_t version = 1) {
    const storage::LogIndex index = store_->last().index + 1;
    const auto time = after_seconds(static_cast<std::int64_t>(index));
    ASSERT_TRUE(store_->append({{{index, time, kind, version, std::move(head), ""}}, {}}));
  }

  void write_snapshot(std::string state) {
    const storage::LogPosition last = store_->last();
    const auto digest = crypto::compute_sha256(state);
    ASSERT_TRUE(snapshots_->write_snapshot({last.index, digest, last.chain, std::move(state)}));
  }

  core::Result<ReplayReport> replay() { return replay_store(machine_, *reader_, *snapshots_); }

  storage::MemoryDisk disk_{storage::Incarnation{1}};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Reader> reader_;
  std::unique_ptr<storage::Snapshots> snapshots_;
  CounterMachine machine_;
};

TEST_F(ReplayTest, AnEmptyStoreIsTheBeginning) {
  const auto report = replay();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->last.index, 0u);
  EXPECT_EQ(report->heads, 0u);
  EXPECT_EQ(report->snapshot, 0u);
  EXPECT_EQ(machine_.sum, 0);
}

TEST_F(ReplayTest, AppliesEveryHeadWithItsPlace) {
  append("1");
  append("20");
  append("300");
  const auto report = replay();
  ASSERT_TRUE(report);
  EXPECT_EQ(machine_.sum, 321);
  EXPECT_EQ(machine_.last.index, 3u);
  EXPECT_EQ(machine_.last.time, after_seconds(3));
  EXPECT_EQ(report->last, store_->last());
  EXPECT_EQ(report->last_time, after_seconds(3));
  EXPECT_EQ(report->heads, 3u);
}

TEST_F(ReplayTest, StartsFromTheSnapshotAndAppliesOnlyWhatFollows) {
  append("1");
  append("20");
  write_snapshot("1000");  // Not 21: shows that the first two heads were not applied.
  append("300");
  const auto report = replay();
  ASSERT_TRUE(report);
  EXPECT_EQ(machine_.sum, 1300);
  EXPECT_EQ(report->snapshot, 2u);
  EXPECT_EQ(report->heads, 1u);
  EXPECT_EQ(report->last, store_->last());
}

TEST_F(ReplayTest, ASnapshotAtTheEndOfTheLogGivesItsPositionAndTime) {
  append("1");
  append("20");
  write_snapshot("21");
  const auto report = replay();
  ASSERT_TRUE(report);
  EXPECT_EQ(machine_.sum, 21);
  EXPECT_EQ(report->heads, 0u);
  EXPECT_EQ(report->last, store_->last());
  EXPECT_EQ(report->last_time, after_seconds(2));
}

TEST_F(ReplayTest, ADamagedSnapshotIsSkippedForTheOneBefore) {
  append("1");
  write_snapshot("1");
  append("20");
  write_snapshot("21");
  append("300");
  disk_.flip_snapshot_byte(2, 0);
  const auto report = replay();
  ASSERT_TRUE(report);
  EXPECT_EQ(machine_.sum, 321);
  EXPECT_EQ(report->snapshot, 1u);
  ASSERT_EQ(report->skipped.size(), 1u);
  EXPECT_EQ(report->skipped[0].index, 2u);
}

TEST_F(ReplayTest, ASnapshotThatDoesNotDecodeIsRefused) {
  append("1");
  write_snapshot("no number");
  const auto report = replay();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, core::Reason::store_damaged);
  EXPECT_EQ(report.error().detail, "the state is not a number");
}

TEST_F(ReplayTest, NamesTheFirstRecordThatDoesNotVerify) {
  for (int count = 0; count < 4; ++count) append("1");
  disk_.flip_head_byte(3, 0);
  disk_.flip_head_byte(4, 0);
  const auto report = replay();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, core::Reason::store_damaged);
  EXPECT_NE(report.error().detail.find('3'), std::string::npos) << report.error().detail;
  EXPECT_EQ(report.error().detail.find('4'), std::string::npos) << report.error().detail;
  EXPECT_EQ(machine_.sum, 2);
}

TEST_F(ReplayTest, NamesTheRecordThatDoesNotDecode) {
  append("1");
  append("one");
  const auto report = replay();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, core::Reason::store_damaged);
  EXPECT_EQ(report.error().detail, "not a number in record 2");
}

TEST_F(ReplayTest, RefusesRecordsOfANewerProgram) {
  append("1");
  append("20", 8);
  append("300");
  const auto report = replay();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, core::Reason::version_too_new);
  EXPECT_EQ(report.error().detail, "unknown kind of event in record 2");
  EXPECT_EQ(machine_.sum, 1) << "went on after a record it does not know";
}

TEST_F(ReplayTest, RefusesANewerVersionOfAKnownRecord) {
  append("1", 7, 2);
  const auto report = replay();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason, core::Reason::version_too_new);
}

TEST_F(ReplayTest, TheEngineGoesOnWhereTheReplayEnded) {
  append("1");
  append("20");
  open();
  const auto report = replay();
  ASSERT_TRUE(report);
  HandLog log;
  Engine<CounterMachine> engine(machine_, log, report->last, report->last_time);
  engine.submit({.added = 300}, {});
  engine.poll(after_seconds(1));  // The clock is behind the log.
  const storage::Record& record = log.given.at(0)->records.at(0);
  EXPECT_EQ(record.index, 3u);
  EXPECT_EQ(record.time, after_seconds(2));
  EXPECT_TRUE(store_->append(*log.given[0]));
}

}  // namespace
}  // namespace intertie::engine
