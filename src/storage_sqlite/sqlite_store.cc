#include "intertie/storage_sqlite/sqlite_store.h"

#include <sys/random.h>

#include <cassert>
#include <optional>
#include <utility>

#include "intertie/storage/chain.h"

#include "durable_file.h"
#include "format.h"
#include "head_file.h"
#include "snapshot_files.h"
#include "sqlite_reader.h"
#include "writer_connection.h"

namespace intertie::storage_sqlite {
namespace {

using storage::FailPoint;
using storage::LogIndex;
using storage::LogPosition;

core::Result<storage::Incarnation> make_incarnation() {
  storage::Incarnation incarnation{};
  if (::getentropy(incarnation.data(), incarnation.size()) != 0) {
    return {core::Reason::store_unavailable, "the system gives no random bytes"};
  }
  return incarnation;
}

// After an error the connection is dropped, never used again: a failed sync must not be repeated
// on pages that the kernel now takes for clean. The next call opens a new one (see
// WriterConnection::open) and, if an append's outcome is unknown, reads the log's end again.
class SqliteStore final : public storage::Store {
 public:
  SqliteStore(SqliteOptions options, FileDescriptor lock)
      : options_(std::move(options)), lock_(std::move(lock)) {}

  core::Result<void> start() {
    const core::Result<storage::Incarnation> fresh = make_incarnation();
    if (!fresh.has_value()) return fresh.error();
    remove_unfinished_snapshots(options_.folder);
    core::Result<WriterConnection> opened = WriterConnection::open(options_, *fresh);
    if (!opened.has_value()) return opened.error();
    connection_.emplace(*std::move(opened));
    const core::Result<storage::Incarnation> incarnation = connection_->read_incarnation();
    if (!incarnation.has_value()) return incarnation.error();
    incarnation_ = *incarnation;
    const core::Result<LogPosition> last = connection_->read_last(incarnation_);
    if (!last.has_value()) return last.error();
    const core::Result<LogIndex> indexed = connection_->read_indexed_up_to();
    if (!indexed.has_value()) return indexed.error();
    last_ = *last;
    indexed_up_to_ = *indexed;
    return open_head_file();
  }

  const storage::Incarnation& incarnation() const override { return incarnation_; }

  LogPosition last() const override { return last_; }

  core::Result<LogPosition> append(const storage::Batch& batch) override {
    if (auto checked = check_batch(last_, batch); !checked.has_value()) return checked.error();
    assert(batch.writes.empty() || indexed_up_to_ == last_.index);
    const std::vector<storage::Link> links = storage::chain_batch(last_.chain, batch);
    const LogPosition next{batch.records.back().index, links.back().chain};
    const core::Result<bool> is_stored = find_unacknowledged(next);
    if (!is_stored.has_value()) return drop_connection(is_stored.error());
    if (!*is_stored) {
      if (auto done = write_batch(batch, links, next); !done.has_value()) {
        is_outcome_unknown_ = true;
        return drop_connection(done.error());
      }
    }
    is_outcome_unknown_ = false;
    if (indexed_up_to_ == last_.index) indexed_up_to_ = next.index;
    last_ = next;
    head_file_.note(last_);
    return last_;
  }

  core::Result<void> erase_body(LogIndex index) override {
    if (index == 0 || index > last_.index) {
      return {core::Reason::not_found, "record " + std::to_string(index)};
    }
    auto done = change(FailPoint::erase_before_commit, FailPoint::erase_after_commit,
                       [index](WriterConnection& writer) { return writer.erase_body(index); });
    if (!done.has_value()) return done;
    // The WAL may still hold the body's pages.
    if (auto emptied = connection_->empty_wal(); !emptied.has_value()) {
      return drop_connection(emptied.error());
    }
    return {};
  }

  core::Result<void> clear_index() override {
    return change_index(0, [](WriterConnection& writer) { return writer.clear_entries(); });
  }

  core::Result<void> extend_index(const std::vector<storage::IndexWrite>& writes,
                                  LogIndex up_to) override {
    if (auto checked = storage::check_writes(writes); !checked.has_value()) return checked;
    assert(up_to >= indexed_up_to_ && up_to <= last_.index);
    return change_index(
        up_to, [&writes](WriterConnection& writer) { return writer.write_entries(writes); });
  }

  core::Result<void> write_backup(const std::string& path) override {
    return write_sqlite_backup(options_, path);
  }

  core::Result<std::unique_ptr<storage::Reader>> open_reader() override {
    return open_sqlite_reader(options_, incarnation_);
  }

  core::Result<std::unique_ptr<storage::Snapshots>> open_snapshots() override {
    return open_snapshot_files(options_.folder, incarnation_, options_.fail_hook);
  }

 private:
  // The log must still hold what was acknowledged last, as far as the file knows.
  core::Result<void> open_head_file() {
    const auto acknowledged = read_head_file(options_.folder, incarnation_);
    if (!acknowledged.has_value()) return acknowledged.error();
    const auto held = connection_->check_holds(acknowledged->value_or(LogPosition{}));
    if (!held.has_value()) return held;
    core::Result<HeadFile> opened = HeadFile::open(options_.folder, incarnation_, last_);
    if (!opened.has_value()) return opened.error();
    head_file_ = *std::move(opened);
    return {};
  }

  core::Result<void> pass(FailPoint point) const {
    return options_.fail_hook ? options_.fail_hook(point) : core::Result<void>{};
  }

  core::Error drop_connection(const core::Error& error) {
    if (connection_.has_value()) connection_->keep_wal_on_close();
    connection_.reset();
    return error;
  }

  core::Result<void> connect() {
    if (connection_.has_value()) return {};
    core::Result<WriterConnection> opened = WriterConnection::open(options_, incarnation_);
    if (!opened.has_value()) return opened.error();
    connection_.emplace(*std::move(opened));
    return {};
  }

  // Connects; whether the batch that ends at `next` is in the log although its append failed.
  core::Result<bool> find_unacknowledged(const LogPosition& next) {
    if (auto connected = connect(); !connected.has_value()) return connected.error();
    if (!is_outcome_unknown_) return false;
    const core::Result<LogPosition> found = connection_->read_last(incarnation_);
    if (!found.has_value()) return found.error();
    if (*found == next) return true;
    if (*found == last_) return false;
    return {core::Reason::store_damaged,
            "the log ends at record " + std::to_string(found->index) +
                ", which is neither before nor after the batch that is repeated"};
  }

  core::Result<void> write_batch(const storage::Batch& batch,
                                 const std::vector<storage::Link>& links, const LogPosition& next) {
    if (auto passed = pass(FailPoint::append_begin); !passed.has_value()) return passed;
    if (auto begun = connection_->begin(); !begun.has_value()) return begun;
    for (std::size_t i = 0; i < batch.records.size(); ++i) {
      auto inserted = connection_->insert_record(batch.records[i], links[i]);
      if (!inserted.has_value()) return inserted;
    }
    if (auto done = connection_->write_entries(batch.writes); !done.has_value()) return done;
    const bool is_indexed = indexed_up_to_ == last_.index;
    auto ended = connection_->set_end(next, is_indexed ? next.index : indexed_up_to_);
    if (!ended.has_value()) return ended;
    if (auto passed = pass(FailPoint::append_before_commit); !passed.has_value()) return passed;
    if (auto committed = connection_->commit(); !committed.has_value()) return committed;
    return pass(FailPoint::append_after_commit);
  }

  // One change in a transaction of its own. All such changes may be repeated.
  template <class Change>
  core::Result<void> change(FailPoint before, FailPoint after, const Change& apply) {
    auto done = connect();
    if (done.has_value()) done = connection_->begin();
    if (done.has_value()) done = apply(*connection_);
    if (done.has_value()) done = pass(before);
    if (done.has_value()) done = connection_->commit();
    if (done.has_value()) done = pass(after);
    if (!done.has_value()) return drop_connection(done.error());
    return {};
  }

  template <class Change>
  core::Result<void> change_index(LogIndex up_to, const Change& apply) {
    auto done = change(FailPoint::index_before_commit, FailPoint::index_after_commit,
                       [&](WriterConnection& writer) {
                         auto applied = apply(writer);
                         return applied.has_value() ? writer.set_indexed_up_to(up_to) : applied;
                       });
    if (done.has_value()) indexed_up_to_ = up_to;
    return done;
  }

  SqliteOptions options_;
  FileDescriptor lock_;
  storage::Incarnation incarnation_{};
  HeadFile head_file_;
  std::optional<WriterConnection> connection_;  // Closed before the lock is released.
  LogPosition last_;
  LogIndex indexed_up_to_ = 0;
  bool is_outcome_unknown_ = false;
};

}  // namespace

core::Result<std::unique_ptr<storage::Store>> open_sqlite_store(SqliteOptions options) {
  if (auto made = make_folder(options.folder); !made.has_value()) return made.error();
  core::Result<FileDescriptor> lock = lock_folder(options.folder);
  if (!lock.has_value()) return lock.error();
  auto store = std::make_unique<SqliteStore>(std::move(options), *std::move(lock));
  if (auto started = store->start(); !started.has_value()) return started.error();
  return std::unique_ptr<storage::Store>(std::move(store));
}

core::Result<SqliteView> open_sqlite_view(const SqliteOptions& options) {
  const std::string path = options.folder + std::string(kDatabaseName);
  if (!has_file(path)) return {core::Reason::not_found, "no store in " + options.folder};
  const core::Result<Database> database =
      Database::open(path, {Access::read, options.reader_cache, options.lock_wait});
  if (!database.has_value()) return database.error();
  const core::Result<int> format = read_format(*database);
  if (!format.has_value()) return format.error();
  if (*format == 0) return {core::Reason::not_found, "an unfinished store in " + options.folder};
  const core::Result<storage::Incarnation> incarnation = read_incarnation(*database);
  if (!incarnation.has_value()) return incarnation.error();
  auto reader = open_sqlite_reader(options, *incarnation);
  if (!reader.has_value()) return reader.error();
  return SqliteView{*incarnation, *std::move(reader),
                    open_snapshot_files(options.folder, *incarnation, {})};
}

}  // namespace intertie::storage_sqlite
