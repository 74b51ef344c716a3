// A disk whose sync fails, made by a VFS around SQLite's own.
#include <atomic>
#include <cstring>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "intertie/storage/verify.h"

#include "sqlite_host.h"

namespace intertie::storage_sqlite {
namespace {

// SQLite's VFS is a C interface without a context pointer that reaches xSync, hence the globals.
sqlite3_vfs* real_vfs = nullptr;
const sqlite3_io_methods* real_methods = nullptr;
sqlite3_io_methods failing_methods;
std::atomic<int> syncs_to_fail = 0;
std::atomic<int> writers_opened = 0;

int sync_or_fail(sqlite3_file* file, int flags) {
  if (syncs_to_fail > 0) {
    --syncs_to_fail;
    return SQLITE_IOERR_FSYNC;
  }
  return real_methods->xSync(file, flags);
}

int open_watched(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const int code = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);
  if (code != SQLITE_OK) return code;
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0 && (flags & SQLITE_OPEN_READWRITE) != 0) {
    ++writers_opened;
  }
  // The unix VFS has one method table for database files and another for the rest (by locking).
  if ((flags & SQLITE_OPEN_WAL) != 0) {
    real_methods = file->pMethods;
    failing_methods = *file->pMethods;
    failing_methods.xSync = sync_or_fail;
    file->pMethods = &failing_methods;
  }
  return code;
}

class FailedSync : public testing::Test {
 protected:
  FailedSync() {
    real_vfs = sqlite3_vfs_find(nullptr);
    vfs_ = *real_vfs;
    vfs_.zName = "failing";
    vfs_.xOpen = open_watched;
    sqlite3_vfs_register(&vfs_, 1);
  }

  ~FailedSync() override {
    store_.reset();
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_vfs, 1);
    syncs_to_fail = 0;
  }

  static storage::Batch make_batch(storage::LogIndex first, int count) {
    storage::Batch batch;
    for (int i = 0; i < count; ++i) {
      const storage::LogIndex index = first + static_cast<storage::LogIndex>(i);
      batch.records.push_back({index, {1}, 1, 1, "head", "body"});
      batch.writes.push_back(storage::put(1, std::to_string(index), "value"));
    }
    return batch;
  }

  void expect_sound(storage::LogIndex last) {
    const auto reader = store_->open_reader().value();
    const auto report = storage::verify_store(*reader, *store_->open_snapshots().value()).value();
    EXPECT_TRUE(report.is_sound());
    EXPECT_EQ(report.records, last);
    EXPECT_EQ(report.indexed_up_to, last);
    EXPECT_EQ(reader->scan_index({1, "", {}, 1'000, {}})->size(), last);
  }

  SqliteHost host_;
  sqlite3_vfs vfs_{};
  std::unique_ptr<storage::Store> store_;
};

TEST_F(FailedSync, A32_IsAnsweredFromANewConnection) {
  store_ = host_.open({}).value();
  ASSERT_TRUE(store_->append(make_batch(1, 3)).has_value());
  const storage::Batch batch = make_batch(4, 2);
  for (int i = 0; i < 3; ++i) {
    const int opened = writers_opened;
    syncs_to_fail = 1;
    const auto refused = store_->append(batch);
    // After the first failure the new connection may find the batch in the WAL, which it has made
    // durable by itself; then nothing is left to sync.
    if (refused.has_value()) {
      EXPECT_GT(i, 0);
      EXPECT_EQ(writers_opened, opened + 1);
      break;
    }
    EXPECT_EQ(refused.error().reason, core::Reason::store_unavailable);
    EXPECT_EQ(store_->last().index, 3u);
    if (i > 0) {
      EXPECT_EQ(writers_opened, opened + 1) << "the old connection is used again";
    }
  }
  syncs_to_fail = 0;
  if (store_->last().index == 3) {
    ASSERT_TRUE(store_->append(batch).has_value());
  }
  expect_sound(5);
  ASSERT_TRUE(store_->append(make_batch(6, 1)).has_value());
  store_.reset();
  store_ = host_.open({}).value();
  expect_sound(6);
}

TEST_F(FailedSync, A32_BesideAReaderTheBatchIsWrittenAgain) {
  store_ = host_.open({}).value();
  ASSERT_TRUE(store_->append(make_batch(1, 3)).has_value());
  const auto reader = store_->open_reader().value();
  ASSERT_EQ(reader->read_last()->index, 3u);
  const storage::Batch batch = make_batch(4, 2);
  syncs_to_fail = 1;
  EXPECT_FALSE(store_->append(batch).has_value());
  EXPECT_EQ(reader->read_last()->index, 3u) << "a reader sees what is not durable";
  ASSERT_TRUE(store_->append(batch).has_value());
  EXPECT_EQ(reader->read_last()->index, 5u);
  expect_sound(5);
}

}  // namespace
}  // namespace intertie::storage_sqlite
