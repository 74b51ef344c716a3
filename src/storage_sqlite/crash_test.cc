// Kill -9 at every durable step and at random moments; failed syncs; full and read-only disks.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "intertie/core/random.h"
#include "intertie/storage/chain.h"
#include "intertie/storage/verify.h"

#include "sqlite_host.h"

namespace intertie::storage_sqlite {
namespace {

using storage::FailPoint;
using storage::LogIndex;
using storage::LogPosition;

storage::Batch make_batch(LogIndex first, int count) {
  storage::Batch batch;
  for (int i = 0; i < count; ++i) {
    const LogIndex index = first + static_cast<LogIndex>(i);
    batch.records.push_back({index, {1}, 1, 1, std::string(200, 'h'), std::string(3'000, 'b')});
    batch.writes.push_back(storage::put(1, std::to_string(index), "value"));
  }
  return batch;
}

storage::Snapshot make_snapshot(const LogPosition& last) {
  return {last.index, {}, last.chain, "state at " + std::to_string(last.index)};
}

bool is_sound(storage::Store& store) {
  const auto reader = store.open_reader();
  const auto snapshots = store.open_snapshots();
  if (!reader.has_value() || !snapshots.has_value()) return false;
  const auto report = storage::verify_store(**reader, **snapshots);
  return report.has_value() && report->is_sound() && report->indexed_up_to == report->records;
}

std::size_t count_rows(storage::Store& store) {
  return store.open_reader().value()->scan_index({1, "", {}, 10'000, {}})->size();
}

// Runs `work` in a child process; the wait status.
int run_in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// All calls that pass fail points, in one go, on a store that holds records 1 to 4.
void run_everything(storage::Store& store, const std::string& backup) {
  (void)store.append(make_batch(5, 3));
  (void)store.erase_body(2);
  (void)store.clear_index();
  storage::Batch rebuilt = make_batch(1, 7);
  (void)store.extend_index(rebuilt.writes, store.last().index);
  (void)(*store.open_snapshots())->write_snapshot(make_snapshot(store.last()));
  (void)store.write_backup(backup);
}

class KilledAt : public testing::TestWithParam<storage::FailPointName> {};

TEST_P(KilledAt, LeavesAllOrNothing) {
  SqliteHost host;
  LogPosition before;
  LogPosition after;
  {
    auto store = host.open({}).value();
    before = store->append(make_batch(1, 4)).value();
    after = {7, storage::chain_batch(before.chain, make_batch(5, 3)).back().chain};
    ASSERT_TRUE((*store->open_snapshots())->write_snapshot(make_snapshot(before)).has_value());
  }
  const FailPoint point = GetParam().point;
  const std::string backup = host.place() + "/backup";
  const int status = run_in_child([&] {
    auto store = host.open([point](FailPoint reached) -> core::Result<void> {
      if (reached == point) ::raise(SIGKILL);
      return {};
    });
    if (store.has_value()) run_everything(**store, backup);
    return 1;
  });
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the point is not reached";

  auto store = host.open({}).value();
  const bool is_committed =
      point != FailPoint::append_begin && point != FailPoint::append_before_commit;
  EXPECT_EQ(store->last(), is_committed ? after : before);
  const auto reader = store->open_reader().value();
  const auto report = storage::verify_store(*reader, *store->open_snapshots().value()).value();
  EXPECT_TRUE(report.is_sound());
  EXPECT_EQ(count_rows(*store), report.indexed_up_to);
  const bool is_erased = is_committed && point != FailPoint::append_after_commit &&
                         point != FailPoint::erase_before_commit;
  EXPECT_EQ(reader->read_body(2)->state,
            is_erased ? storage::BodyState::erased : storage::BodyState::present);
  const auto found =
      storage::find_latest_snapshot(*reader, *store->open_snapshots().value()).value();
  ASSERT_TRUE(found.snapshot.has_value());
  EXPECT_EQ(found.snapshot->index, point >= FailPoint::snapshot_after_rename ? 7u : 4u);
  EXPECT_FALSE(std::filesystem::exists(backup));
  // And everything can be done after all.
  if (!is_committed) {
    EXPECT_EQ(store->append(make_batch(5, 3)).value(), after);
  }
  if (report.indexed_up_to < report.records) {
    EXPECT_TRUE(store->extend_index(make_batch(1, 7).writes, 7).has_value());
  }
  EXPECT_TRUE(store->write_backup(backup).has_value());
  EXPECT_TRUE(is_sound(*store));
  for (const auto& entry : std::filesystem::directory_iterator(host.options().folder)) {
    EXPECT_NE(entry.path().extension(), ".part");
  }
}

INSTANTIATE_TEST_SUITE_P(FailPoints, KilledAt, testing::ValuesIn(storage::kFailPoints),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(KilledAtRandom, KeepsWhatWasAcknowledged) {
  SqliteHost host;
  core::Random random(7);
  LogIndex acknowledged = 0;
  for (int round = 0; round < 8; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(pipe_ends[0]);
      auto store = host.open({});
      while (store.has_value()) {
        const auto last = (*store)->append(make_batch((*store)->last().index + 1, 2));
        if (!last.has_value()) break;
        if (::write(pipe_ends[1], &last->index, sizeof last->index) < 0) break;
      }
      ::_exit(1);
    }
    ::close(pipe_ends[1]);
    // The kill comes at some moment after the n-th acknowledgement: in the middle of something.
    LogIndex index = 0;
    for (std::uint64_t left = 1 + random.below(20); left > 0; --left) {
      ASSERT_EQ(::read(pipe_ends[0], &index, sizeof index), ssize_t{sizeof index});
    }
    for (std::uint64_t spin = random.below(100'000); spin > 0; --spin) asm volatile("");
    ::kill(child, SIGKILL);
    while (::read(pipe_ends[0], &index, sizeof index) == ssize_t{sizeof index}) {
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_GT(index, acknowledged);
    acknowledged = index;
    auto store = host.open({}).value();
    EXPECT_GE(store->last().index, acknowledged);
    EXPECT_LE(store->last().index, acknowledged + 2);
    EXPECT_EQ(store->last().index % 2, 0u) << "half a batch";
    EXPECT_EQ(count_rows(*store), store->last().index);
    EXPECT_TRUE(is_sound(*store));
    acknowledged = store->last().index;
  }
}

// A file system of its own, so small that it fills up. Needs the right to mount; false without.
bool mount_small_disk(const std::string& path) {
  if (::unshare(CLONE_NEWNS) != 0) return false;
  ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  return ::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=1m") == 0;
}

#define CHILD_EXPECT(condition)                               \
  do {                                                        \
    if (!(condition)) {                                       \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition); \
      return 1;                                               \
    }                                                         \
  } while (false)

constexpr int kCannotMount = 77;

int fill_disk(SqliteOptions options, const std::string& ballast) {
  auto store = open_sqlite_store(options).value();
  core::Result<LogPosition> last = store->last();
  for (int i = 0; i < 1'000 && last.has_value(); ++i) {
    last = store->append(make_batch(store->last().index + 1, 5));
  }
  CHILD_EXPECT(!last.has_value() && last.error().reason == core::Reason::store_unavailable);
  const LogIndex reached = store->last().index;
  CHILD_EXPECT(reached > 10);
  const storage::Batch batch = make_batch(reached + 1, 5);
  CHILD_EXPECT(!store->append(batch).has_value());  // Still full.
  const auto snapshots = store->open_snapshots().value();
  const storage::Snapshot large{reached, {}, store->last().chain, std::string(2 << 20, 's')};
  CHILD_EXPECT(!snapshots->write_snapshot(large).has_value());
  CHILD_EXPECT(snapshots->list_snapshots()->empty());
  CHILD_EXPECT(count_rows(*store) == reached);
  std::filesystem::remove(ballast);  // Space again: the same batch goes through.
  CHILD_EXPECT(store->append(batch).has_value());
  CHILD_EXPECT(store->last().index == reached + 5 && count_rows(*store) == reached + 5);
  CHILD_EXPECT(is_sound(*store));
  return 0;
}

TEST(FullDisk, IsNamedAndPasses) {
  SqliteHost host;
  const std::string disk = host.place() + "/disk";
  std::filesystem::create_directory(disk);
  const int status = run_in_child([&] {
    if (!mount_small_disk(disk)) return kCannotMount;
    const std::string ballast = disk + "/ballast";
    FILE* file = fopen(ballast.c_str(), "w");
    const std::string bytes(400 << 10, 'x');
    fwrite(bytes.data(), 1, bytes.size(), file);
    fclose(file);
    SqliteOptions options;
    options.folder = disk + "/store";
    options.checkpoint_pages = 20;
    return fill_disk(options, ballast);
  });
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannotMount) GTEST_SKIP() << "no right to mount";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ReadOnlyDisk, IsNamed) {
  SqliteHost host;
  const std::string disk = host.place() + "/disk";
  std::filesystem::create_directory(disk);
  const int status = run_in_child([&] {
    if (!mount_small_disk(disk)) return kCannotMount;
    SqliteOptions options;
    options.folder = disk + "/store";
    CHILD_EXPECT(open_sqlite_store(options).value()->append(make_batch(1, 3)).has_value());
    CHILD_EXPECT(::mount("none", disk.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
    const auto store = open_sqlite_store(options);
    CHILD_EXPECT(!store.has_value());
    CHILD_EXPECT(store.error().reason == core::Reason::store_unavailable);
    CHILD_EXPECT(::mount("none", disk.c_str(), nullptr, MS_REMOUNT, nullptr) == 0);
    CHILD_EXPECT(open_sqlite_store(options).value()->last().index == 3);
    return 0;
  });
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannotMount) GTEST_SKIP() << "no right to mount";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Needs no rights: the process may not make files longer than a limit.
TEST(FileLimit, IsNamedAndPasses) {
  SqliteHost host;
  const int status = run_in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = host.open({}).value();
    CHILD_EXPECT(store->append(make_batch(1, 3)).has_value());
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 200 << 10;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const storage::Batch batch = make_batch(4, 100);
    for (int i = 0; i < 3; ++i) {
      const auto refused = store->append(batch);
      CHILD_EXPECT(!refused.has_value());
      CHILD_EXPECT(refused.error().reason == core::Reason::store_unavailable);
      CHILD_EXPECT(store->last().index == 3 && count_rows(*store) == 3);
    }
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    CHILD_EXPECT(store->append(batch).has_value());
    CHILD_EXPECT(store->last().index == 103 && count_rows(*store) == 103);
    CHILD_EXPECT(is_sound(*store));
    return 0;
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace intertie::storage_sqlite
