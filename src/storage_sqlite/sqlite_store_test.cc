// What the conformance cases cannot see: files, modes, locks, backups, damaged files, erasure.
#include "intertie/storage_sqlite/sqlite_store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

#include "intertie/storage/verify.h"

#include "sqlite_host.h"

namespace intertie::storage_sqlite {
namespace {

namespace fs = std::filesystem;
using storage::LogIndex;

storage::Batch make_batch_of_bodies(LogIndex first, int count, std::size_t body_length = 100) {
  storage::Batch batch;
  for (int i = 0; i < count; ++i) {
    const LogIndex index = first + static_cast<LogIndex>(i);
    const std::string marker = "<body " + std::to_string(index) + ">";
    std::string body;
    while (body.size() < body_length) body += marker;
    batch.records.push_back({index, {1}, 1, 1, std::string(200, 'h'), body});
    batch.writes.push_back(storage::put(1, std::to_string(index), "value"));
  }
  return batch;
}

storage::VerifyReport verify(storage::Store& store) {
  const auto reader = store.open_reader().value();
  return storage::verify_store(*reader, *store.open_snapshots().value()).value();
}

std::string read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool holds(const fs::path& folder, const std::string& marker) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (read_whole(entry.path()).find(marker) != std::string::npos) return true;
  }
  return false;
}

TEST(SqliteFiles, AreForTheOwnerAlone) {
  SqliteHost host;
  const mode_t before = ::umask(0);
  auto store = host.open({}).value();
  ASSERT_TRUE(store->append(make_batch_of_bodies(1, 1)).has_value());
  const auto snapshots = store->open_snapshots().value();
  ASSERT_TRUE(snapshots->write_snapshot({1, {}, store->last().chain, "state"}).has_value());
  ASSERT_TRUE(store->write_backup(host.place() + "/backup").has_value());
  ::umask(before);
  for (const std::string& folder : {host.options().folder, host.place() + "/backup"}) {
    struct stat status {};
    ASSERT_EQ(::stat(folder.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u) << folder;
    for (const auto& entry : fs::directory_iterator(folder)) {
      ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
      EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
    }
  }
}

TEST(SqliteLock, RefusesASecondProcessAndEndsWithTheFirst) {
  SqliteHost host;
  host.open({}).value().reset();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto store = host.open({});
    const char answer = store.has_value() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) == 1) ::pause();
    ::_exit(1);
  }
  char answer = '?';
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  const auto refused = host.open({});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::store_unavailable);
  EXPECT_NE(refused.error().detail.find("another process"), std::string::npos);
  EXPECT_TRUE(open_sqlite_view(host.options()).has_value()) << "looking is allowed";
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(host.open({}).has_value());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(SqliteView, SeesTheRunningStoreAndChangesNothing) {
  SqliteHost host;
  EXPECT_EQ(open_sqlite_view(host.options()).error().reason, core::Reason::not_found);
  auto store = host.open({}).value();
  ASSERT_TRUE(store->append(make_batch_of_bodies(1, 3)).has_value());
  auto view = open_sqlite_view(host.options()).value();
  EXPECT_EQ(view.incarnation, store->incarnation());
  EXPECT_EQ(view.reader->read_last().value(), store->last());
  ASSERT_TRUE(store->append(make_batch_of_bodies(4, 1)).has_value());
  EXPECT_EQ(view.reader->read_last()->index, 4u);
  EXPECT_TRUE(storage::verify_store(*view.reader, *view.snapshots)->is_sound());
}

TEST(SqliteIncarnation, DiffersBetweenStores) {
  SqliteHost one;
  SqliteHost two;
  EXPECT_NE(one.open({}).value()->incarnation(), two.open({}).value()->incarnation());
}

TEST(SqliteErasure, LeavesNoByteOfTheBody) {
  SqliteHost host;
  auto store = host.open({}).value();
  for (const std::size_t length : {20u, 3'000u, 60'000u}) {
    const LogIndex first = store->last().index + 1;
    ASSERT_TRUE(store->append(make_batch_of_bodies(first, 3, length)).has_value());
    const std::string marker = "<body " + std::to_string(first + 1) + ">";
    ASSERT_TRUE(holds(host.options().folder, marker));
    ASSERT_TRUE(store->erase_body(first + 1).has_value());
    EXPECT_FALSE(holds(host.options().folder, marker)) << length;
    EXPECT_TRUE(holds(host.options().folder, "<body " + std::to_string(first) + ">"));
  }
  EXPECT_TRUE(verify(*store).is_sound());
  EXPECT_EQ(verify(*store).bodies_erased, 3u);
}

TEST(SqliteBackup, IsAWholeStoreOfTheSameIncarnation) {
  SqliteHost host;
  const std::string path = host.place() + "/backup";
  auto store = host.open({}).value();
  ASSERT_TRUE(store->append(make_batch_of_bodies(1, 50)).has_value());
  const storage::Snapshot snapshot{50, {}, store->last().chain, "state"};
  ASSERT_TRUE(store->open_snapshots().value()->write_snapshot(snapshot).has_value());
  ASSERT_TRUE(store->erase_body(7).has_value());
  fs::create_directory(path + ".part");  // As an interrupted backup leaves it.
  std::ofstream(path + ".part/store.db") << "half a database";
  ASSERT_TRUE(store->write_backup(path).has_value());
  EXPECT_FALSE(store->write_backup(path).has_value()) << "an existing backup is overwritten";
  ASSERT_TRUE(store->append(make_batch_of_bodies(51, 1)).has_value());

  SqliteOptions options;
  options.folder = path;
  auto copy = open_sqlite_store(options).value();
  EXPECT_EQ(copy->incarnation(), store->incarnation());
  EXPECT_EQ(copy->last().index, 50u);
  const storage::VerifyReport report = verify(*copy);
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(report.indexed_up_to, 50u);
  EXPECT_EQ(report.bodies_erased, 1u);
  EXPECT_EQ(report.snapshots, 1u);
  // As `intertie log backup` does it, beside the process that writes.
  ASSERT_TRUE(write_sqlite_backup(host.options(), path + ".2").has_value());
  // Copy and original go on alike.
  EXPECT_EQ(copy->append(make_batch_of_bodies(51, 1)).value(), store->last());
}

TEST(SqliteBackup, GoesOnBesideAppends) {
  SqliteHost host;
  auto store = host.open({}).value();
  ASSERT_TRUE(store->append(make_batch_of_bodies(1, 500)).has_value());
  std::atomic<bool> is_done = false;
  std::thread appender([&] {
    while (!is_done)
      EXPECT_TRUE(store->append(make_batch_of_bodies(store->last().index + 1, 5)).has_value());
  });
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(store->write_backup(host.place() + "/b" + std::to_string(i)).has_value());
  }
  is_done = true;
  appender.join();
  for (int i = 0; i < 3; ++i) {
    SqliteOptions options;
    options.folder = host.place() + "/b" + std::to_string(i);
    auto copy = open_sqlite_store(options).value();
    EXPECT_TRUE(verify(*copy).is_sound());
    EXPECT_EQ(verify(*copy).indexed_up_to, copy->last().index);
    EXPECT_EQ(copy->last().index % 5, 0u);
  }
}

TEST(SqliteDamage, ForeignFilesAreRefused) {
  SqliteHost host;
  const std::string path = host.options().folder + "/store.db";
  fs::create_directory(host.options().folder);
  std::ofstream(path) << std::string(10'000, 'x');
  EXPECT_EQ(host.open({}).error().reason, core::Reason::store_damaged);
  EXPECT_EQ(read_whole(path), std::string(10'000, 'x'));
  fs::remove(path);
  host.execute("CREATE TABLE somebody_elses(a)");
  EXPECT_EQ(host.open({}).error().reason, core::Reason::store_damaged);
  EXPECT_EQ(open_sqlite_view(host.options()).error().reason, core::Reason::store_damaged);
}

TEST(SqliteDamage, NewerFormatIsLeftAlone) {
  SqliteHost host;
  ASSERT_TRUE(host.open({}).value()->append(make_batch_of_bodies(1, 3)).has_value());
  host.make_format_newer();
  const std::string before = read_whole(host.options().folder + "/store.db");
  EXPECT_EQ(host.open({}).error().reason, core::Reason::version_too_new);
  EXPECT_EQ(open_sqlite_view(host.options()).error().reason, core::Reason::version_too_new);
  EXPECT_EQ(read_whole(host.options().folder + "/store.db"), before);
}

// A byte anywhere in the file: never a crash, and never a changed record without a finding.
TEST(SqliteDamage, NoFlippedByteOfTheFileChangesARecordUnnoticed) {
  SqliteHost host;
  const storage::Batch batch = make_batch_of_bodies(1, 40, 600);
  ASSERT_TRUE(host.open({}).value()->append(batch).has_value());
  host.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  const std::string path = host.options().folder + "/store.db";
  const std::string intact = read_whole(path);
  int found = 0;
  for (std::size_t offset = 0; offset < intact.size(); offset += 397) {
    SCOPED_TRACE(offset);
    std::string flipped = intact;
    flipped[offset] = static_cast<char>(flipped[offset] ^ 0x10);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << flipped;
    fs::remove(path + "-wal");
    const auto view = open_sqlite_view(host.options());
    if (!view.has_value()) {
      ++found;
      continue;
    }
    const auto report = storage::verify_store(*view->reader, *view->snapshots);
    if (!report.has_value() || !report->is_sound() || report->records != 40) {
      ++found;
      continue;
    }
    std::size_t same = 0;
    const auto read = view->reader->read_heads(1, SIZE_MAX, [&](const storage::HeadView& head) {
      same += head.head == batch.records[head.index - 1].head;
      return true;
    });
    EXPECT_TRUE(read.has_value());
    EXPECT_EQ(same, 40u);
  }
  EXPECT_GT(found, 50);
}

TEST(SqliteDamage, LostAndAddedBodiesAreNamed) {
  SqliteHost host;
  storage::Batch batch = make_batch_of_bodies(1, 9);
  batch.records[6].body.clear();
  ASSERT_TRUE(host.open({}).value()->append(batch).has_value());
  host.execute("DELETE FROM bodies WHERE idx = 4; INSERT INTO bodies VALUES (7, x'00')");
  auto store = host.open({}).value();
  const storage::VerifyReport report = verify(*store);
  ASSERT_EQ(report.damages.size(), 2u);
  EXPECT_EQ(report.damages[0].index, 4u);
  EXPECT_EQ(report.damages[1].index, 7u);
  EXPECT_EQ(report.damages[0].part, storage::DamagedPart::body);
}

TEST(SqliteDamage, MissingRecordsAreNamed) {
  SqliteHost host;
  ASSERT_TRUE(host.open({}).value()->append(make_batch_of_bodies(1, 30)).has_value());
  host.execute("DELETE FROM log WHERE idx = 12");
  auto store = host.open({}).value();
  EXPECT_EQ(verify(*store).first_damaged_index(), 12u);
  const auto reader = store->open_reader().value();
  const auto replay =
      storage::read_checked_heads(*reader, 1, SIZE_MAX, [](const auto&) { return true; });
  ASSERT_FALSE(replay.has_value());
  EXPECT_NE(replay.error().detail.find("record 12"), std::string::npos);
}

}  // namespace
}  // namespace intertie::storage_sqlite
