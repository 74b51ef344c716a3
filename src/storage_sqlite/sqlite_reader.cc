#include "sqlite_reader.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "intertie/core/limits.h"
#include "intertie/storage/chain.h"
#include "intertie/storage/key_range.h"

#include "format.h"
#include "head_file.h"
#include "log_end.h"

namespace intertie::storage_sqlite {
namespace {

using storage::LogIndex;

// A long statement would keep the WAL from being folded back while it runs.
constexpr LogIndex kHeadsPerStatement = 4'096;

core::Error damaged(LogIndex index, std::string_view what) {
  return {core::Reason::store_damaged,
          "record " + std::to_string(index) + ": " + std::string(what)};
}

core::Error no_record(LogIndex index) {
  return {core::Reason::not_found, "record " + std::to_string(index)};
}

bool read_digest(std::string_view bytes, crypto::Digest& digest) {
  if (bytes.size() != digest.bytes.size()) return false;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return true;
}

// A row of kSelectHeads; false if it cannot have been written by us.
bool read_head(const Statement& row, storage::HeadView& record) {
  constexpr std::int64_t short_max = std::numeric_limits<std::uint16_t>::max();
  const std::int64_t kind = row.column_integer(2);
  const std::int64_t version = row.column_integer(3);
  if (kind < 0 || kind > short_max || version < 0 || version > short_max) return false;
  record.index = static_cast<LogIndex>(row.column_integer(0));
  record.time = {row.column_integer(1)};
  record.kind = static_cast<std::uint16_t>(kind);
  record.version = static_cast<std::uint16_t>(version);
  if (row.is_null(4)) {
    record.body_digest = storage::empty_body_digest();
  } else if (!read_digest(row.column_blob(4), record.body_digest)) {
    return false;
  }
  record.head = row.column_blob(6);
  return read_digest(row.column_blob(5), record.chain);
}

constexpr std::string_view kSelectHeads =
    "SELECT idx, time, kind, version, body_digest, chain, head FROM log"
    " WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
constexpr std::string_view kSelectChain = "SELECT chain FROM log WHERE idx = ?1";
constexpr std::string_view kSelectBody =
    "SELECT log.body_digest, bodies.idx, bodies.bytes FROM log"
    " LEFT JOIN bodies ON bodies.idx = log.idx WHERE log.idx = ?1";
constexpr std::string_view kSelectEntry = "SELECT value FROM entries WHERE tab = ?1 AND key = ?2";
constexpr std::string_view kScanUp =
    "SELECT key, value FROM entries WHERE tab = ?1 AND key >= ?2 AND key < ?3"
    " ORDER BY key LIMIT ?4";
constexpr std::string_view kScanDown =
    "SELECT key, value FROM entries WHERE tab = ?1 AND key >= ?2 AND key < ?3"
    " ORDER BY key DESC LIMIT ?4";

class SqliteReader final : public storage::Reader {
 public:
  SqliteReader(Database database, const storage::Incarnation& incarnation, std::string folder)
      : database_(std::move(database)), incarnation_(incarnation), folder_(std::move(folder)) {}

  core::Result<void> prepare() {
    const core::Result<int> format = read_format(database_);
    if (!format.has_value()) return format.error();
    format_ = *format;
    struct Pair {
      Statement& statement;
      std::string_view sql;
    };
    for (const Pair& pair :
         {Pair{select_last_, kSelectLast}, Pair{select_heads_, kSelectHeads},
          Pair{select_chain_, kSelectChain}, Pair{select_body_, kSelectBody},
          Pair{select_entry_, kSelectEntry}, Pair{scan_up_, kScanUp}, Pair{scan_down_, kScanDown},
          Pair{select_indexed_up_to_, kSelectIndexedUpTo}}) {
      core::Result<Statement> prepared = database_.prepare(pair.sql);
      if (!prepared.has_value()) return prepared.error();
      pair.statement = *std::move(prepared);
    }
    return {};
  }

  core::Result<storage::LogPosition> read_last() override {
    return read_last_position(select_last_, incarnation_);
  }

  core::Result<crypto::Digest> read_chain_at(LogIndex index) override {
    if (index == 0) return storage::chain_genesis(incarnation_);
    const ResetAtEnd reset(select_chain_);
    const core::Result<bool> has_row =
        select_chain_.bind(1, static_cast<std::int64_t>(index)).step();
    if (!has_row.has_value()) return has_row.error();
    if (!*has_row) return no_record(index);
    crypto::Digest chain;
    if (!read_digest(select_chain_.column_blob(0), chain)) {
      return damaged(index, "its chain digest has a wrong length");
    }
    return chain;
  }

  core::Result<std::size_t> read_heads(LogIndex from_index, std::size_t limit,
                                       const storage::HeadVisitor& visitor) override {
    assert(from_index >= 1);
    const core::Result<storage::LogPosition> last = read_last();
    if (!last.has_value()) return last.error();
    if (from_index > last->index) return std::size_t{0};
    const LogIndex end =
        limit < last->index + 1 - from_index ? from_index + limit : last->index + 1;
    std::size_t visited = 0;
    bool go_on = true;
    for (LogIndex next = from_index; next < end && go_on; next += kHeadsPerStatement) {
      const LogIndex stop = std::min(end, next + kHeadsPerStatement);
      const core::Result<bool> part = visit_range(next, stop, visitor, visited);
      if (!part.has_value()) return part.error();
      go_on = *part;
    }
    return visited;
  }

  core::Result<storage::Body> read_body(LogIndex index) override {
    const ResetAtEnd reset(select_body_);
    const core::Result<bool> has_row =
        select_body_.bind(1, static_cast<std::int64_t>(index)).step();
    if (!has_row.has_value()) return has_row.error();
    if (!*has_row) return no_record(index);
    const bool has_digest = !select_body_.is_null(0);
    const bool has_body = !select_body_.is_null(1);
    if (has_digest != has_body) return damaged(index, "its body is missing or was added");
    if (!has_body) return storage::Body{};
    const bool is_erased = select_body_.is_text(2) ? select_body_.column_blob(2) == kErasedBody
                                                   : format_ < 2 && select_body_.is_null(2);
    if (is_erased) return storage::Body{storage::BodyState::erased, {}};
    crypto::Digest digest;
    const std::string_view bytes = select_body_.column_blob(2);
    if (!read_digest(select_body_.column_blob(0), digest) ||
        storage::digest_body(bytes) != digest) {
      return damaged(index, "its body does not fit its digest");
    }
    return storage::Body{storage::BodyState::present, std::string(bytes)};
  }

  core::Result<std::optional<std::string>> read_index(storage::TableId table,
                                                      const std::string& key) override {
    const ResetAtEnd reset(select_entry_);
    const core::Result<bool> has_row =
        select_entry_.bind(1, std::int64_t{table}).bind(2, key).step();
    if (!has_row.has_value()) return has_row.error();
    if (!*has_row) return std::optional<std::string>{};
    return std::optional(std::string(select_entry_.column_blob(0)));
  }

  core::Result<std::vector<storage::IndexRow>> scan_index(const storage::Scan& scan) override {
    assert(scan.limit >= 1 && scan.limit <= core::limits::index_scan_rows_max);
    const bool is_up = scan.direction == storage::Direction::ascending;
    const auto [low, high] = storage::compute_key_range(scan);
    Statement& select = is_up ? scan_up_ : scan_down_;
    const ResetAtEnd reset(select);
    select.bind(1, std::int64_t{scan.table}).bind(2, low).bind(3, high);
    select.bind(4, static_cast<std::int64_t>(scan.limit));
    std::vector<storage::IndexRow> rows;
    for (;;) {
      const core::Result<bool> has_row = select.step();
      if (!has_row.has_value()) return has_row.error();
      if (!*has_row) return rows;
      rows.push_back({std::string(select.column_blob(0)), std::string(select.column_blob(1))});
    }
  }

  core::Result<LogIndex> read_indexed_up_to() override {
    const ResetAtEnd reset(select_indexed_up_to_);
    const core::Result<bool> has_row = select_indexed_up_to_.step();
    if (!has_row.has_value()) return has_row.error();
    if (!*has_row) return {core::Reason::store_damaged, "the store's own row is missing"};
    return static_cast<LogIndex>(select_indexed_up_to_.column_integer(0));
  }

  core::Result<std::vector<std::string>> find_store_damage(std::size_t limit) override {
    std::vector<std::string> damages;
    const auto note = [&damages](const core::Error& error) {
      if (error.reason == core::Reason::store_damaged) damages.push_back(error.detail);
      return error.reason == core::Reason::store_damaged;
    };
    // The file first: a writer beside us only adds to the log.
    const auto acknowledged = read_head_file(folder_, incarnation_);
    if (!acknowledged.has_value() && !note(acknowledged.error())) return acknowledged.error();
    if (acknowledged.has_value() && acknowledged->has_value()) {
      const auto held = check_acknowledged(database_, **acknowledged);
      if (!held.has_value() && !note(held.error())) return held.error();
    }
    const auto ends = check_stored_end(database_);
    if (!ends.has_value() && !note(ends.error())) return ends.error();
    const auto walked = walk_pages(limit, damages);
    if (!walked.has_value() && !note(walked.error())) return walked.error();
    if (damages.size() > limit) damages.resize(limit);
    return damages;
  }

 private:
  // SQLite's own walk of all pages: order of keys, pages used twice or never, bytes of a page that
  // belong to no row. It sees one moment, so the WAL grows while it runs beside a writer.
  core::Result<void> walk_pages(std::size_t limit, std::vector<std::string>& damages) {
    core::Result<Statement> check =
        database_.prepare("PRAGMA quick_check(" + std::to_string(limit) + ")");
    if (!check.has_value()) return check.error();
    for (;;) {
      const core::Result<bool> has_row = check->step();
      if (!has_row.has_value()) return has_row.error();
      if (!*has_row) return {};
      const std::string_view text = check->column_blob(0);
      if (text != "ok") damages.emplace_back(text);
    }
  }

  // Whether the visitor wants more.
  core::Result<bool> visit_range(LogIndex from, LogIndex end, const storage::HeadVisitor& visitor,
                                 std::size_t& visited) {
    const ResetAtEnd reset(select_heads_);
    select_heads_.bind(1, static_cast<std::int64_t>(from));
    select_heads_.bind(2, static_cast<std::int64_t>(end));
    storage::HeadView record;
    record.index = from - 1;
    for (;;) {
      const core::Result<bool> has_row = select_heads_.step();
      if (!has_row.has_value()) return has_row.error();
      if (!*has_row) return true;
      const LogIndex expected = record.index + 1;
      if (!read_head(select_heads_, record)) return damaged(expected, "its row is malformed");
      ++visited;
      if (!visitor(record)) return false;
    }
  }

  Database database_;  // Before its statements, so that it is closed after them.
  storage::Incarnation incarnation_;
  std::string folder_;
  int format_ = 0;
  Statement select_last_;
  Statement select_heads_;
  Statement select_chain_;
  Statement select_body_;
  Statement select_entry_;
  Statement scan_up_;
  Statement scan_down_;
  Statement select_indexed_up_to_;
};

}  // namespace

core::Result<storage::LogPosition> read_last_position(Statement& select_last,
                                                      const storage::Incarnation& incarnation) {
  const ResetAtEnd reset(select_last);
  const core::Result<bool> has_row = select_last.step();
  if (!has_row.has_value()) return has_row.error();
  if (!*has_row) return storage::LogPosition{0, storage::chain_genesis(incarnation)};
  storage::LogPosition last;
  last.index = static_cast<LogIndex>(select_last.column_integer(0));
  if (!read_digest(select_last.column_blob(1), last.chain)) {
    return damaged(last.index, "its chain digest has a wrong length");
  }
  return last;
}

core::Result<std::unique_ptr<storage::Reader>> open_sqlite_reader(
    const SqliteOptions& options, const storage::Incarnation& incarnation) {
  core::Result<Database> database =
      Database::open(options.folder + std::string(kDatabaseName),
                     {Access::read, options.reader_cache, options.lock_wait});
  if (!database.has_value()) return database.error();
  auto reader = std::make_unique<SqliteReader>(*std::move(database), incarnation, options.folder);
  if (auto prepared = reader->prepare(); !prepared.has_value()) return prepared.error();
  return std::unique_ptr<storage::Reader>(std::move(reader));
}

}  // namespace intertie::storage_sqlite
