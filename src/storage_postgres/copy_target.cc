// A new store filled from another one, in one transaction.
#include <optional>

#include "intertie/storage_postgres/postgres_store.h"

#include "postgres_snapshots.h"
#include "writer_connection.h"

namespace intertie::storage_postgres {
namespace {

class PostgresCopyTarget final : public storage::CopyTarget {
 public:
  PostgresCopyTarget(WriterConnection connection, const storage::Incarnation& incarnation)
      : connection_(std::move(connection)), incarnation_(incarnation) {}

  core::Result<void> add_records(const std::vector<storage::StoredRecord>& records) override {
    storage::Batch batch;
    std::vector<storage::Link> links;
    for (const storage::StoredRecord& each : records) {
      batch.records.push_back(each.record);
      if (each.body == storage::BodyState::erased)
        batch.records.back().body.assign(1, '-');  // So that there is a row.
      links.push_back(each.link);
    }
    if (auto done = connection_.insert_records(batch, links); !done) return done;
    for (const storage::StoredRecord& each : records) {
      if (each.body != storage::BodyState::erased) continue;
      if (auto done = connection_.erase_body(each.record.index); !done) return done;
    }
    return connection_.commit();
  }

  core::Result<void> add_snapshot(const storage::Snapshot& snapshot) override {
    return write_snapshot_pieces(connection_.connection(), snapshot.index,
                                 storage::encode_snapshot(incarnation_, snapshot));
  }

  core::Result<void> finish(const storage::LogPosition& last) override {
    return connection_.finish_new(last);
  }

 private:
  WriterConnection connection_;
  storage::Incarnation incarnation_;
};

}  // namespace

core::Result<std::unique_ptr<storage::CopyTarget>> make_postgres_copy(
    const PostgresOptions& options, const storage::Incarnation& incarnation) {
  core::Result<WriterConnection> opened = WriterConnection::open_new(options, incarnation);
  if (!opened) return opened.error();
  return std::unique_ptr<storage::CopyTarget>(
      std::make_unique<PostgresCopyTarget>(*std::move(opened), incarnation));
}

}  // namespace intertie::storage_postgres
