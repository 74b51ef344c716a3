// A log that lost its end is refused at the start and named by verification, however it was lost.
#include "log_end.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "intertie/storage/verify.h"

#include "head_file.h"
#include "sqlite_host.h"

namespace intertie::storage_sqlite {
namespace {

namespace fs = std::filesystem;
using storage::LogIndex;

storage::Batch make_records(LogIndex first, int count) {
  storage::Batch batch;
  for (int i = 0; i < count; ++i) {
    const LogIndex index = first + static_cast<LogIndex>(i);
    batch.records.push_back({index, {1}, 1, 1, std::string(200, 'h'), std::string(100, 'b')});
  }
  return batch;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// What verification says of how the store is kept; "" when it is sound.
std::string verify_text(const SqliteOptions& options) {
  const auto view = open_sqlite_view(options);
  if (!view.has_value()) return core::to_text(view.error());
  const auto report = storage::verify_store(*view->reader, *view->snapshots);
  if (!report.has_value()) return core::to_text(report.error());
  std::string text;
  for (const storage::Damage& damage : report->damages) text += damage.detail + "\n";
  return text;
}

void expect_refused(const SqliteHost& host, const std::string& words) {
  const auto opened = open_sqlite_store(host.options());
  ASSERT_FALSE(opened.has_value()) << words;
  EXPECT_EQ(opened.error().reason, core::Reason::store_damaged);
  EXPECT_NE(opened.error().detail.find(words), std::string::npos) << opened.error().detail;
  EXPECT_NE(verify_text(host.options()).find(words), std::string::npos)
      << verify_text(host.options());
}

class LogEnd : public testing::Test {
 protected:
  LogEnd() {
    auto store = host_.open({}).value();
    EXPECT_TRUE(store->append(make_records(1, 30)).has_value());
    EXPECT_TRUE(store->append(make_records(31, 10)).has_value());
    last_ = store->last();
    incarnation_ = store->incarnation();
  }

  std::string head_path() const { return host_.options().folder + "/head"; }

  SqliteHost host_;
  storage::LogPosition last_;
  storage::Incarnation incarnation_{};
};

TEST_F(LogEnd, RecordsTakenFromTheEndAreMissed) {
  host_.execute("DELETE FROM log WHERE idx > 37; DELETE FROM bodies WHERE idx > 37");
  fs::remove(head_path());  // The row alone tells.
  expect_refused(host_, "the log ends at record 37 although record 40 was written");
}

TEST_F(LogEnd, ALogThatWasEmptiedIsMissed) {
  host_.execute("DELETE FROM log; DELETE FROM bodies");
  fs::remove(head_path());
  expect_refused(host_, "the log ends at record 0 although record 40 was written");
}

TEST_F(LogEnd, RecordsAddedAtTheEndAreSeen) {
  host_.execute(
      "INSERT INTO log SELECT 41, time, kind, version, body_digest, chain, head FROM log"
      " WHERE idx = 40");
  fs::remove(head_path());
  expect_refused(host_, "the log ends at record 41 although record 40 was written");
}

TEST_F(LogEnd, AnotherLastRecordIsSeen) {
  host_.execute("UPDATE log SET chain = (SELECT chain FROM log WHERE idx = 39) WHERE idx = 40");
  fs::remove(head_path());
  expect_refused(host_, "the log's last record is not the one that was written as record 40");
}

// Row and log agree, as after a WAL that was lost.
TEST_F(LogEnd, AShorterStoreThatAgreesWithItselfIsCaughtByTheFile) {
  host_.execute(
      "DELETE FROM log WHERE idx > 30; DELETE FROM bodies WHERE idx > 30;"
      "UPDATE store SET last_index = 30, indexed_up_to = 30,"
      " last_chain = (SELECT chain FROM log WHERE idx = 30)");
  expect_refused(host_, "the log does not hold record 40, which was acknowledged");
  fs::remove(head_path());  // As its message says: somebody means it.
  EXPECT_EQ(host_.open({}).value()->last().index, 30u);
}

TEST_F(LogEnd, TheFileFollowsEveryAppendAndMayLagBehind) {
  EXPECT_EQ(read_head_file(host_.options().folder, incarnation_).value(), last_);
  const std::string older = read_file(head_path());
  ASSERT_TRUE(host_.open({}).value()->append(make_records(41, 1)).has_value());
  EXPECT_EQ(read_head_file(host_.options().folder, incarnation_).value()->index, 41u);
  write_file(head_path(), older);  // As after a power cut.
  EXPECT_EQ(verify_text(host_.options()), "");
  EXPECT_EQ(host_.open({}).value()->last().index, 41u);
  EXPECT_EQ(read_head_file(host_.options().folder, incarnation_).value()->index, 41u);
}

TEST_F(LogEnd, AFileOfAnotherHistoryIsSeen) {
  storage::LogPosition other = last_;
  other.chain.bytes[3] ^= 1;
  ASSERT_TRUE(HeadFile::open(host_.options().folder, incarnation_, other).has_value());
  expect_refused(host_, "the log's record 40 is not the one that was acknowledged");
}

TEST_F(LogEnd, ADamagedOrForeignFileIsNamed) {
  const std::string intact = read_file(head_path());
  ASSERT_EQ(intact.size(), 64u);
  for (std::size_t i = 0; i < intact.size(); ++i) {
    std::string changed = intact;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    write_file(head_path(), changed);
    EXPECT_EQ(host_.open({}).error().reason, core::Reason::store_damaged) << i;
  }
  for (const std::size_t length : {0u, 1u, 63u}) {
    write_file(head_path(), intact.substr(0, length));
    expect_refused(host_, "remove the file if nothing else is damaged");
  }
  SqliteHost other;
  other.open({}).value().reset();
  fs::copy_file(other.options().folder + "/head", head_path(),
                fs::copy_options::overwrite_existing);
  expect_refused(host_, "another store's");
  fs::remove(head_path());
  EXPECT_TRUE(host_.open({}).has_value());
}

// What a killed process leaves: most of the log stands in the WAL alone.
TEST(LogEndWal, ACutOrLostWalIsRefusedOrWhole) {
  SqliteHost host;
  SqliteHost copy;
  const std::string target = copy.options().folder;
  auto store = host.open({}).value();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(store->append(make_records(store->last().index + 1, 4)).has_value());
  }
  fs::create_directory(target);
  const std::string database = read_file(host.options().folder + "/store.db");
  const std::string wal = read_file(host.options().folder + "/store.db-wal");
  const std::string head = read_file(host.options().folder + "/head");
  ASSERT_GT(wal.size(), 40'000u);
  int refused = 0;
  for (std::size_t length = 0; length <= wal.size(); length += length < 64 ? 8 : 613) {
    SCOPED_TRACE(length);
    for (const auto& entry : fs::directory_iterator(target)) fs::remove(entry.path());
    write_file(target + "/store.db", database);
    write_file(target + "/store.db-wal", wal.substr(0, length));
    write_file(target + "/head", head);
    const auto opened = copy.open({});
    EXPECT_TRUE(!opened.has_value() || (*opened)->last() == store->last()) << "silently shorter";
    refused += !opened.has_value();
  }
  EXPECT_GT(refused, 60);
  for (const auto& entry : fs::directory_iterator(target)) fs::remove(entry.path());
  write_file(target + "/store.db", database);
  write_file(target + "/store.db-wal", wal);
  write_file(target + "/head", head);
  EXPECT_EQ(copy.open({}).value()->last(), store->last());
}

// A store of format 1 has neither row nor file, and its erased bodies are NULL.
TEST(LogEndMigration, AnOlderStoreIsReadAsItIsAndThenBroughtUp) {
  SqliteHost host;
  {
    auto store = host.open({}).value();
    ASSERT_TRUE(store->append(make_records(1, 9)).has_value());
    ASSERT_TRUE(store->erase_body(4).has_value());
  }
  host.execute(
      "ALTER TABLE store DROP COLUMN last_index; ALTER TABLE store DROP COLUMN last_chain;"
      "UPDATE bodies SET bytes = NULL WHERE idx = 4; PRAGMA user_version = 1");
  fs::remove(host.options().folder + "/head");
  EXPECT_EQ(verify_text(host.options()), "");
  {
    const auto view = open_sqlite_view(host.options()).value();
    EXPECT_EQ(view.reader->read_body(4)->state, storage::BodyState::erased);
  }
  {
    auto store = host.open({}).value();
    EXPECT_EQ(store->open_reader().value()->read_body(4)->state, storage::BodyState::erased);
  }
  EXPECT_EQ(verify_text(host.options()), "");
  host.execute("UPDATE bodies SET bytes = NULL WHERE idx = 5");
  EXPECT_NE(verify_text(host.options()).find("record 5"), std::string::npos) << "lost, not erased";
  fs::remove(host.options().folder + "/head");
  host.execute("DELETE FROM log WHERE idx = 9");
  EXPECT_EQ(host.open({}).error().reason, core::Reason::store_damaged);
}

}  // namespace
}  // namespace intertie::storage_sqlite
