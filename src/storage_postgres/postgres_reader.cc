#include "postgres_reader.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/storage/chain.h"
#include "intertie/storage/key_range.h"

#include "schema.h"

namespace intertie::storage_postgres {
namespace {

using storage::LogIndex;

// One result is held in memory at a time, the next one is on its way.
constexpr LogIndex kHeadsPerResult = 4'096;

constexpr Statement kSelectHeads{
    "select_heads",
    "SELECT idx, time, kind, version, body_digest, chain, head FROM intertie.log"
    " WHERE idx >= $1 AND idx < $2 ORDER BY idx"};
constexpr Statement kSelectChain{"select_chain", "SELECT chain FROM intertie.log WHERE idx = $1"};
constexpr Statement kSelectBody{
    "select_body",
    "SELECT log.body_digest, bodies.is_erased, bodies.bytes FROM intertie.log"
    " LEFT JOIN intertie.bodies ON bodies.idx = log.idx WHERE log.idx = $1"};
constexpr Statement kSelectEntry{
    "select_entry", "SELECT value FROM intertie.entries WHERE tab = $1::int8::int4 AND key = $2"};
constexpr Statement kScanUp{
    "scan_up",
    "SELECT key, value FROM intertie.entries WHERE tab = $1::int8::int4 AND key >= $2 AND key < $3"
    " ORDER BY key LIMIT $4"};
constexpr Statement kScanDown{
    "scan_down",
    "SELECT key, value FROM intertie.entries WHERE tab = $1::int8::int4 AND key >= $2 AND key < $3"
    " ORDER BY key DESC LIMIT $4"};
constexpr Statement kSelectIndexed{"select_indexed", "SELECT indexed_up_to FROM intertie.store"};
// One statement sees one moment. The rows are counted without the tree that finds them, so a row
// that the tree has lost is noticed.
constexpr Statement kCheckEnds{
    "check_ends",
    "SELECT store.last_index, store.last_chain, coalesce(counted.rows, 0),"
    " coalesce(counted.least, 0), coalesce(counted.most, 0), last.chain"
    " FROM intertie.store"
    " LEFT JOIN (SELECT count(*) AS rows, min(idx + 0) AS least, max(idx + 0) AS most"
    "   FROM intertie.log) AS counted ON true"
    " LEFT JOIN intertie.log AS last ON last.idx = store.last_index"};
constexpr Statement kCheckBodies{
    "check_bodies",
    "SELECT count(*) FROM intertie.bodies LEFT JOIN intertie.log USING (idx)"
    " WHERE log.body_digest IS NULL"};

core::Error damaged(LogIndex index, std::string_view what) {
  return {core::Reason::store_damaged,
          "record " + std::to_string(index) + ": " + std::string(what)};
}

core::Error no_record(LogIndex index) {
  return {core::Reason::not_found, "record " + std::to_string(index)};
}

Values make_values(LogIndex index) { return std::move(Values().add(std::int64_t(index))); }

// False: it cannot have been written by us.
bool read_head(const Rows& rows, int row, storage::HeadView& record) {
  constexpr std::int64_t short_max = std::numeric_limits<std::uint16_t>::max();
  const std::int64_t kind = rows.integer(row, 2);
  const std::int64_t version = rows.integer(row, 3);
  if (kind < 0 || kind > short_max || version < 0 || version > short_max) return false;
  record.index = static_cast<LogIndex>(rows.integer(row, 0));
  record.time = {rows.integer(row, 1)};
  record.kind = static_cast<std::uint16_t>(kind);
  record.version = static_cast<std::uint16_t>(version);
  if (rows.is_null(row, 4)) {
    record.body_digest = storage::empty_body_digest();
  } else if (!read_digest(rows.bytes(row, 4), record.body_digest)) {
    return false;
  }
  record.head = rows.bytes(row, 6);
  return read_digest(rows.bytes(row, 5), record.chain);
}

class PostgresReader final : public storage::Reader {
 public:
  PostgresReader(const PostgresOptions& options, const storage::Incarnation& incarnation)
      : connection_(options, incarnation), incarnation_(incarnation) {}

  core::Result<storage::LogPosition> read_last() override {
    return connection_.run(
        [this](Connection& connection) { return read_last_position(connection, incarnation_); });
  }

  core::Result<crypto::Digest> read_chain_at(LogIndex index) override {
    if (index == 0) return storage::chain_genesis(incarnation_);
    const core::Result<Rows> row = ask(kSelectChain, make_values(index));
    if (!row) return row.error();
    if (row->size() == 0) return no_record(index);
    crypto::Digest chain;
    if (!read_digest(row->bytes(0, 0), chain)) {
      return damaged(index, "its chain digest has a wrong length");
    }
    return chain;
  }

  core::Result<std::size_t> read_heads(LogIndex from_index, std::size_t limit,
                                       const storage::HeadVisitor& visitor) override {
    assert(from_index >= 1);
    const core::Result<storage::LogPosition> last = read_last();
    if (!last) return last.error();
    if (from_index > last->index) return std::size_t{0};
    const LogIndex end =
        limit < last->index + 1 - from_index ? from_index + limit : last->index + 1;
    // What was visited is not visited again: a connection that breaks on the way is an error.
    if (auto connected = connection_.connect(); !connected) return connected.error();
    LogIndex next = from_index;
    std::size_t visited = 0;
    if (next >= end) return visited;
    if (auto sent = send_range(next, end); !sent) return sent.error();
    while (next < end) {
      core::Result<Rows> rows = connection_.get().receive();
      if (!rows) return connection_.drop_if_broken(rows.error());
      const LogIndex expected = next;
      next = std::min(end, next + kHeadsPerResult);
      if (next < end) {
        if (auto sent = send_range(next, end); !sent) return sent.error();
      }
      const core::Result<bool> wants_more = visit(*rows, expected, visitor, visited);
      if (wants_more && *wants_more) continue;
      if (next < end) static_cast<void>(connection_.get().receive());  // It was asked for.
      if (!wants_more) return wants_more.error();
      break;
    }
    return visited;
  }

  core::Result<storage::Body> read_body(LogIndex index) override {
    const core::Result<Rows> row = ask(kSelectBody, make_values(index));
    if (!row) return row.error();
    if (row->size() == 0) return no_record(index);
    const bool has_body = !row->is_null(0, 1);
    if (row->is_null(0, 0) == has_body) return damaged(index, "its body is missing or was added");
    if (!has_body) return storage::Body{};
    if (row->boolean(0, 1)) return storage::Body{storage::BodyState::erased, {}};
    crypto::Digest digest;
    const std::string_view bytes = row->bytes(0, 2);
    if (!read_digest(row->bytes(0, 0), digest) || storage::digest_body(bytes) != digest) {
      return damaged(index, "its body does not fit its digest");
    }
    return storage::Body{storage::BodyState::present, std::string(bytes)};
  }

  core::Result<std::optional<std::string>> read_index(storage::TableId table,
                                                      const std::string& key) override {
    Values values;
    values.add(std::int64_t{table}).add(key);
    const core::Result<Rows> row = ask(kSelectEntry, values);
    if (!row) return row.error();
    if (row->size() == 0) return std::optional<std::string>{};
    return std::optional(std::string(row->bytes(0, 0)));
  }

  core::Result<std::vector<storage::IndexRow>> scan_index(const storage::Scan& scan) override {
    assert(scan.limit >= 1 && scan.limit <= core::limits::index_scan_rows_max);
    const bool is_up = scan.direction == storage::Direction::ascending;
    const auto [low, high] = storage::compute_key_range(scan);
    Values values;
    values.add(std::int64_t{scan.table}).add(low).add(high);
    values.add(static_cast<std::int64_t>(scan.limit));
    const core::Result<Rows> found = ask(is_up ? kScanUp : kScanDown, values);
    if (!found) return found.error();
    std::vector<storage::IndexRow> rows;
    for (int row = 0; row < found->size(); ++row) {
      rows.push_back({std::string(found->bytes(row, 0)), std::string(found->bytes(row, 1))});
    }
    return rows;
  }

  core::Result<LogIndex> read_indexed_up_to() override {
    const core::Result<Rows> row = ask(kSelectIndexed, {});
    if (!row) return row.error();
    if (row->size() != 1) {
      return {core::Reason::store_damaged, "the store's own row is missing"};
    }
    return static_cast<LogIndex>(row->integer(0, 0));
  }

  core::Result<std::vector<std::string>> find_store_damage(std::size_t limit) override {
    const core::Result<Rows> ends = ask(kCheckEnds, {});
    if (!ends) return ends.error();
    std::vector<std::string> damages;
    if (ends->size() != 1) {
      damages.emplace_back("the store's own row is missing");
      return damages;
    }
    const std::int64_t last = ends->integer(0, 0);
    const std::int64_t rows = ends->integer(0, 2);
    const std::int64_t most = ends->integer(0, 4);
    if (most != last ||
        (last > 0 && (ends->is_null(0, 5) || ends->bytes(0, 1) != ends->bytes(0, 5)))) {
      damages.push_back("the log ends at record " + std::to_string(most) +
                        ", but should end at record " + std::to_string(last));
    }
    if (rows != last || (last > 0 && ends->integer(0, 3) != 1)) {
      damages.push_back("the log has " + std::to_string(rows) + " rows, but should have " +
                        std::to_string(last));
    }
    const core::Result<Rows> orphans = ask(kCheckBodies, {});
    if (!orphans) return orphans.error();
    if (const std::int64_t count = orphans->integer(0, 0); count > 0) {
      damages.push_back(std::to_string(count) + " bodies belong to no record");
    }
    if (damages.size() > limit) damages.resize(limit);
    return damages;
  }

 private:
  core::Result<Rows> ask(const Statement& statement, const Values& values) {
    return connection_.run(
        [&](Connection& connection) { return connection.query(statement, values); });
  }

  core::Result<void> send_range(LogIndex from, LogIndex end) {
    Values values = make_values(from);
    values.add(static_cast<std::int64_t>(std::min(end, from + kHeadsPerResult)));
    auto sent = connection_.get().send(kSelectHeads, values);
    if (!sent) return connection_.drop_if_broken(sent.error());
    return {};
  }

  // Whether the visitor wants more.
  static core::Result<bool> visit(const Rows& rows, LogIndex expected,
                                  const storage::HeadVisitor& visitor, std::size_t& visited) {
    storage::HeadView record;
    for (int row = 0; row < rows.size(); ++row) {
      if (!read_head(rows, row, record)) {
        return damaged(expected + static_cast<LogIndex>(row), "its row is malformed");
      }
      ++visited;
      if (!visitor(record)) return false;
    }
    return true;
  }

  ReadingConnection connection_;
  storage::Incarnation incarnation_;
};

}  // namespace

core::Result<void> ReadingConnection::connect() {
  if (connection_.has_value()) return {};
  core::Result<Connection> opened = Connection::open(options_.connection, options_.patience);
  if (!opened) return opened.error();
  // With few rows known to it the planner would walk the whole table.
  auto done = opened->execute(
      "SET default_transaction_read_only = on; SET jit = off; SET plan_cache_mode = "
      "force_generic_plan");
  if (!done) return done;
  const auto incarnation = read_incarnation(*opened);
  if (!incarnation) return incarnation.error();
  if (!incarnation->has_value() || **incarnation != incarnation_) {
    return {core::Reason::store_damaged, "the database holds another store than before"};
  }
  connection_.emplace(*std::move(opened));
  return {};
}

std::unique_ptr<storage::Reader> make_postgres_reader(const PostgresOptions& options,
                                                      const storage::Incarnation& incarnation) {
  return std::make_unique<PostgresReader>(options, incarnation);
}

}  // namespace intertie::storage_postgres
