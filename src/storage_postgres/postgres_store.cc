#include "intertie/storage_postgres/postgres_store.h"

#include <cassert>
#include <utility>

#include "intertie/storage/chain.h"

#include "heart.h"
#include "postgres_reader.h"
#include "postgres_snapshots.h"
#include "writer_connection.h"

namespace intertie::storage_postgres {
namespace {

using storage::FailPoint;
using storage::LogIndex;
using storage::LogPosition;

// After an error the connection is dropped, and the next call makes a new one: it locks, looks
// whether the epoch is still ours, and reads where the log ends. So an append whose outcome was
// unknown is confirmed, or repeated; never both, since a write names the end that it continues.
class PostgresStoreOnline final : public PostgresStore {
 public:
  explicit PostgresStoreOnline(PostgresOptions options) : options_(std::move(options)) {}

  core::Result<void> start() {
    const core::Result<storage::Incarnation> fresh = make_incarnation();
    if (!fresh) return fresh.error();
    core::Result<WriterConnection> opened = WriterConnection::open(options_, {}, *fresh);
    if (!opened) return opened.error();
    connection_.emplace(*std::move(opened));
    const core::Result<storage::Incarnation> incarnation = connection_->read_own_incarnation();
    if (!incarnation) return incarnation.error();
    incarnation_ = *incarnation;
    const core::Result<std::int64_t> epoch = connection_->gain_lead();
    if (!epoch) return epoch.error();
    lead_ = {*epoch, connection_->server_process()};
    const core::Result<StoreRow> row = connection_->read_row();
    if (!row) return row.error();
    last_ = row->last;
    indexed_up_to_ = row->indexed_up_to;
    if (auto held = check_end(); !held) return held;
    heart_ = std::make_unique<Heart>(options_, lead_.epoch);
    return {};
  }

  const storage::Incarnation& incarnation() const override { return incarnation_; }
  LogPosition last() const override { return last_; }
  std::int64_t epoch() const override { return lead_.epoch; }
  void announce(const std::string& address) override { heart_->announce(address); }
  bool is_deposed() const override { return heart_->is_deposed(); }

  core::Result<LogPosition> append(const storage::Batch& batch) override {
    if (auto checked = check_batch(last_, batch); !checked) return checked.error();
    assert(batch.writes.empty() || indexed_up_to_ == last_.index);
    const std::vector<storage::Link> links = storage::chain_batch(last_.chain, batch);
    const LogPosition next{batch.records.back().index, links.back().chain};
    const core::Result<bool> is_stored = find_stored(next);
    if (!is_stored) return drop_connection(is_stored.error());
    if (!*is_stored) {
      if (auto done = write_batch(batch, links, next); !done) return drop_connection(done.error());
    }
    if (indexed_up_to_ == last_.index) indexed_up_to_ = next.index;
    last_ = next;
    return last_;
  }

  core::Result<void> erase_body(LogIndex index) override {
    if (index == 0 || index > last_.index) {
      return {core::Reason::not_found, "record " + std::to_string(index)};
    }
    auto done = change(FailPoint::erase_before_commit, FailPoint::erase_after_commit,
                       [index](WriterConnection& writer) { return writer.erase_body(index); });
    if (!done) return done;
    if (auto cleaned = connection_->clean_bodies(); !cleaned) {
      return drop_connection(cleaned.error());
    }
    return {};
  }

  core::Result<void> clear_index() override {
    return change_index(0, [](WriterConnection& writer) { return writer.clear_entries(); });
  }

  core::Result<void> extend_index(const std::vector<storage::IndexWrite>& writes,
                                  LogIndex up_to) override {
    if (auto checked = storage::check_writes(writes); !checked) return checked;
    assert(up_to >= indexed_up_to_ && up_to <= last_.index);
    return change_index(
        up_to, [&writes](WriterConnection& writer) { return writer.write_entries(writes); });
  }

  core::Result<void> write_backup(const std::string&) override {
    return {core::Reason::bad_argument,
            "a store on PostgreSQL is backed up with pg_dump or pg_basebackup, or copied with "
            "intertie log copy"};
  }

  core::Result<std::unique_ptr<storage::Reader>> open_reader() override {
    return make_postgres_reader(options_, incarnation_);
  }

  core::Result<std::unique_ptr<storage::Snapshots>> open_snapshots() override {
    return make_postgres_snapshots(options_, incarnation_, lead_.epoch);
  }

 private:
  core::Result<void> pass(FailPoint point) const {
    return options_.fail_hook ? options_.fail_hook(point) : core::Result<void>{};
  }

  core::Error drop_connection(const core::Error& error) {
    connection_.reset();
    return error;
  }

  core::Error deposed() const {
    return {core::Reason::store_unavailable,
            "another process has taken the lead of epoch " + std::to_string(lead_.epoch)};
  }

  // The rows of the log must end where the row of the store says.
  core::Result<void> check_end() {
    auto reader = make_postgres_reader(options_, incarnation_);
    const core::Result<LogPosition> found = reader->read_last();
    if (!found) return found.error();
    if (*found == last_) return {};
    return {core::Reason::store_damaged, "the log ends at record " + std::to_string(found->index) +
                                             ", but should end at record " +
                                             std::to_string(last_.index)};
  }

  // The end of the log as a new connection finds it; nothing: the connection at hand goes on.
  core::Result<std::optional<LogPosition>> connect() {
    if (heart_->is_deposed()) return deposed();
    if (connection_.has_value()) return std::optional<LogPosition>();
    core::Result<WriterConnection> opened = WriterConnection::open(options_, lead_, incarnation_);
    if (!opened) return opened.error();
    const core::Result<storage::Incarnation> incarnation = opened->read_own_incarnation();
    if (!incarnation) return incarnation.error();
    const core::Result<StoreRow> row = opened->read_row();
    if (!row) return row.error();
    if (*incarnation != incarnation_) {
      return {core::Reason::store_damaged, "the database holds another store than before"};
    }
    if (row->epoch != lead_.epoch) {
      heart_->depose();
      return deposed();
    }
    lead_.server_process = opened->server_process();
    connection_.emplace(*std::move(opened));
    return std::optional(row->last);
  }

  // Connects; whether the batch that ends at `next` is in the log although its append failed.
  core::Result<bool> find_stored(const LogPosition& next) {
    const auto found = connect();
    if (!found) return found.error();
    if (!found->has_value() || **found == last_) return false;
    if (**found == next) return true;
    return core::Error{core::Reason::store_damaged,
                       "the log ends at record " + std::to_string((*found)->index) +
                           ", which is neither before nor after the batch that is repeated: was "
                           "the server replaced by one that lacks commits?"};
  }

  core::Result<void> write_batch(const storage::Batch& batch,
                                 const std::vector<storage::Link>& links, const LogPosition& next) {
    if (auto passed = pass(FailPoint::append_begin); !passed) return passed;
    const LogIndex indexed = indexed_up_to_ == last_.index ? next.index : indexed_up_to_;
    auto done = connection_->begin_append(lead_.epoch, last_, next, indexed);
    if (done) done = connection_->insert_records(batch, links);
    if (done) done = connection_->write_entries(batch.writes);
    if (done) done = connection_->push();
    if (done) done = pass(FailPoint::append_before_commit);
    if (done) done = connection_->commit();
    if (done) done = pass(FailPoint::append_after_commit);
    return done;
  }

  // One change in a transaction of its own. All such changes may be repeated.
  template <class Change>
  core::Result<void> change(FailPoint before, FailPoint after, const Change& apply) {
    const auto connected = connect();
    if (!connected) return drop_connection(connected.error());
    auto done = connection_->begin_change(lead_.epoch);
    if (done) done = apply(*connection_);
    if (done) done = connection_->push();
    if (done) done = pass(before);
    if (done) done = connection_->commit();
    if (done) done = pass(after);
    if (!done) return drop_connection(done.error());
    return {};
  }

  template <class Change>
  core::Result<void> change_index(LogIndex up_to, const Change& apply) {
    auto done = change(FailPoint::index_before_commit, FailPoint::index_after_commit,
                       [&](WriterConnection& writer) {
                         auto applied = apply(writer);
                         return applied ? writer.set_indexed_up_to(up_to) : applied;
                       });
    if (done) indexed_up_to_ = up_to;
    return done;
  }

  const PostgresOptions options_;
  storage::Incarnation incarnation_{};
  std::optional<WriterConnection> connection_;
  Lead lead_;
  LogPosition last_;
  LogIndex indexed_up_to_ = 0;
  std::unique_ptr<Heart> heart_;
};

}  // namespace

core::Result<std::unique_ptr<PostgresStore>> open_postgres_store(PostgresOptions options) {
  auto store = std::make_unique<PostgresStoreOnline>(std::move(options));
  if (auto started = store->start(); !started) return started.error();
  return std::unique_ptr<PostgresStore>(std::move(store));
}

core::Result<PostgresView> open_postgres_view(const PostgresOptions& options) {
  core::Result<Connection> connection = Connection::open(options.connection, options.patience);
  if (!connection) return connection.error();
  const auto incarnation = read_incarnation(*connection);
  if (!incarnation) return incarnation.error();
  if (!incarnation->has_value()) {
    return {core::Reason::not_found, "no store in " + describe_connection(options.connection)};
  }
  return PostgresView{**incarnation, make_postgres_reader(options, **incarnation),
                      make_postgres_snapshots(options, **incarnation, 0)};
}

}  // namespace intertie::storage_postgres
