// A new store filled from another one.
#include <filesystem>
#include <optional>
#include <system_error>

#include "intertie/storage_sqlite/sqlite_store.h"

#include "durable_file.h"
#include "format.h"
#include "snapshot_files.h"
#include "writer_connection.h"

namespace intertie::storage_sqlite {
namespace {

class SqliteCopyTarget final : public storage::CopyTarget {
 public:
  SqliteCopyTarget(SqliteOptions options, const storage::Incarnation& incarnation)
      : place_(options.folder), options_(std::move(options)), incarnation_(incarnation) {
    options_.folder += ".part";
  }

  ~SqliteCopyTarget() override {
    connection_.reset();
    std::error_code ignored;
    if (!is_finished_) std::filesystem::remove_all(options_.folder, ignored);
  }

  core::Result<void> start() {
    if (has_file(place_)) return {core::Reason::already_exists, place_ + " is there already"};
    std::error_code error;
    std::filesystem::remove_all(options_.folder, error);  // Of an interrupted copy.
    if (auto made = make_folder(options_.folder); !made) return made;
    core::Result<WriterConnection> opened = WriterConnection::open(options_, incarnation_);
    if (!opened) return opened.error();
    connection_.emplace(*std::move(opened));
    return {};
  }

  core::Result<void> add_records(const std::vector<storage::StoredRecord>& records) override {
    if (auto begun = connection_->begin(); !begun) return begun;
    for (const storage::StoredRecord& each : records) {
      const bool is_erased = each.body == storage::BodyState::erased;
      storage::Record record = each.record;
      if (is_erased) record.body = kErasedBody;  // So that there is a row.
      if (auto done = connection_->insert_record(record, each.link); !done) return done;
      if (!is_erased) continue;
      if (auto done = connection_->erase_body(record.index); !done) return done;
    }
    return connection_->commit();
  }

  core::Result<void> add_snapshot(const storage::Snapshot& snapshot) override {
    return open_snapshot_files(options_.folder, incarnation_, {})->write_snapshot(snapshot);
  }

  core::Result<void> finish(const storage::LogPosition& last) override {
    auto done = connection_->begin();
    if (done) done = connection_->set_end(last, 0);
    if (done) done = connection_->commit();
    if (done) done = connection_->empty_wal();
    connection_.reset();
    if (done) done = sync_folder(options_.folder);
    if (done) done = rename_durably(options_.folder, place_);
    is_finished_ = done.has_value();
    return done;
  }

 private:
  std::string place_;
  SqliteOptions options_;
  storage::Incarnation incarnation_;
  std::optional<WriterConnection> connection_;
  bool is_finished_ = false;
};

}  // namespace

core::Result<std::unique_ptr<storage::CopyTarget>> make_sqlite_copy(
    SqliteOptions options, const storage::Incarnation& incarnation) {
  auto target = std::make_unique<SqliteCopyTarget>(std::move(options), incarnation);
  if (auto started = target->start(); !started) return started.error();
  return std::unique_ptr<storage::CopyTarget>(std::move(target));
}

}  // namespace intertie::storage_sqlite
