#include "postgres_snapshots.h"

#include <utility>

#include "postgres_reader.h"

namespace intertie::storage_postgres {
namespace {

using storage::FailPoint;
using storage::LogIndex;

constexpr std::size_t kPieceBytes = 8u << 20;

constexpr Statement kSelectIndexes{"select_snapshots",
                                   "SELECT DISTINCT idx FROM intertie.snapshots ORDER BY idx DESC"};
constexpr Statement kSelectPieces{
    "select_pieces",
    "SELECT bytes FROM intertie.snapshots WHERE idx = $1 AND part = $2::int8::int4"};
constexpr Statement kCheckLead{"check_lead",
                               "SELECT 1 FROM intertie.store WHERE epoch = $1 FOR KEY SHARE"};
constexpr Statement kDropOne{"drop_one", "DELETE FROM intertie.snapshots WHERE idx = $1"};
constexpr Statement kInsertPiece{"insert_piece",
                                 "INSERT INTO intertie.snapshots VALUES ($1, $2::int8::int4, $3)"};
constexpr Statement kDropOld{
    "drop_old",
    "DELETE FROM intertie.snapshots WHERE idx NOT IN"
    " (SELECT DISTINCT idx FROM intertie.snapshots ORDER BY idx DESC LIMIT $1)"};

class PostgresSnapshots final : public storage::Snapshots {
 public:
  PostgresSnapshots(const PostgresOptions& options, const storage::Incarnation& incarnation,
                    std::int64_t epoch)
      : options_(options),
        incarnation_(incarnation),
        epoch_(epoch),
        reading_(options, incarnation) {}

  // Written anew as a whole, so a repetition does no harm.
  core::Result<void> write_snapshot(const storage::Snapshot& snapshot) override {
    if (auto passed = pass(FailPoint::snapshot_begin); !passed) return passed;
    core::Result<Connection> opened = Connection::open(options_.connection, options_.patience);
    if (!opened) return opened.error();
    const std::string stored = storage::encode_snapshot(incarnation_, snapshot);
    auto done = opened->execute("BEGIN");
    if (done) done = check_lead(*opened);
    if (done) done = write_snapshot_pieces(*opened, snapshot.index, stored);
    if (done) done = pass(FailPoint::snapshot_before_rename);
    if (done) done = opened->execute("COMMIT");
    if (done) done = pass(FailPoint::snapshot_after_rename);
    if (!done) return done;
    const core::Result<Rows> dropped = opened->query(
        kDropOld, std::move(Values().add(static_cast<std::int64_t>(storage::snapshots_kept))));
    if (!dropped) return dropped.error();
    return {};
  }

  core::Result<std::vector<LogIndex>> list_snapshots() override {
    const core::Result<Rows> rows =
        reading_.run([](Connection& connection) { return connection.query(kSelectIndexes); });
    if (!rows) return rows.error();
    std::vector<LogIndex> indexes;
    for (int row = 0; row < rows->size(); ++row) {
      indexes.push_back(static_cast<LogIndex>(rows->integer(row, 0)));
    }
    return indexes;
  }

  core::Result<storage::Snapshot> read_snapshot(LogIndex index) override {
    std::string stored;
    for (std::int64_t part = 0;; ++part) {
      Values values;
      values.add(static_cast<std::int64_t>(index)).add(part);
      const core::Result<Rows> piece = reading_.run(
          [&](Connection& connection) { return connection.query(kSelectPieces, values); });
      if (!piece) return piece.error();
      if (piece->size() == 0) break;
      stored.append(piece->bytes(0, 0));
    }
    if (stored.empty()) {
      return {core::Reason::not_found, "snapshot " + std::to_string(index)};
    }
    return storage::decode_snapshot(incarnation_, stored);
  }

 private:
  core::Result<void> pass(FailPoint point) const {
    return options_.fail_hook ? options_.fail_hook(point) : core::Result<void>{};
  }

  core::Result<void> check_lead(Connection& connection) const {
    const core::Result<Rows> found = connection.query(kCheckLead, std::move(Values().add(epoch_)));
    if (!found) return found.error();
    if (found->size() == 1) return {};
    return {core::Reason::store_unavailable, "another process leads on this database"};
  }

  PostgresOptions options_;
  storage::Incarnation incarnation_;
  std::int64_t epoch_;
  ReadingConnection reading_;
};

}  // namespace

std::unique_ptr<storage::Snapshots> make_postgres_snapshots(const PostgresOptions& options,
                                                            const storage::Incarnation& incarnation,
                                                            std::int64_t epoch) {
  return std::make_unique<PostgresSnapshots>(options, incarnation, epoch);
}

core::Result<void> write_snapshot_pieces(Connection& connection, LogIndex index,
                                         const std::string& stored) {
  const auto number = static_cast<std::int64_t>(index);
  const core::Result<Rows> dropped = connection.query(kDropOne, std::move(Values().add(number)));
  if (!dropped) return dropped.error();
  std::int64_t part = 0;
  for (std::size_t offset = 0; offset < stored.size(); offset += kPieceBytes) {
    Values values;
    values.add(number).add(part++).add(stored.substr(offset, kPieceBytes));
    const core::Result<Rows> inserted = connection.query(kInsertPiece, values);
    if (!inserted) return inserted.error();
  }
  return {};
}

}  // namespace intertie::storage_postgres
