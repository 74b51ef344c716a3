#include "log_end.h"

#include "format.h"

namespace intertie::storage_sqlite {
namespace {

constexpr std::string_view kSelectBothEnds =
    "SELECT store.last_index, store.last_chain, last.idx, last.chain FROM store"
    " LEFT JOIN (SELECT idx, chain FROM log ORDER BY idx DESC LIMIT 1) AS last ON TRUE";
constexpr std::string_view kSelectChainAt = "SELECT chain FROM log WHERE idx = ?1";

core::Error make_damage(const std::string& what) {
  return {core::Reason::store_damaged, what + "; put back a backup"};
}

core::Error make_loss(const std::string& what) {
  return {core::Reason::store_damaged,
          what + "; put back a backup, or remove the store's file 'head' if you mean what is here"};
}

}  // namespace

core::Result<void> check_stored_end(const Database& database) {
  const core::Result<int> format = read_format(database);
  if (!format.has_value()) return format.error();
  if (*format < 2) return {};
  core::Result<Statement> select = database.prepare(kSelectBothEnds);
  if (!select.has_value()) return select.error();
  const core::Result<bool> has_row = select->step();
  if (!has_row.has_value()) return has_row.error();
  if (!*has_row) return {core::Reason::store_damaged, "the store's own row is missing"};
  const std::int64_t promised = select->column_integer(0);
  const std::int64_t found = select->column_integer(2);
  if (promised != found) {
    return make_damage("the log ends at record " + std::to_string(found) + " although record " +
                       std::to_string(promised) + " was written");
  }
  if (select->column_blob(1) != select->column_blob(3)) {
    return make_damage("the log's last record is not the one that was written as record " +
                       std::to_string(promised));
  }
  return {};
}

core::Result<void> check_acknowledged(const Database& database,
                                      const storage::LogPosition& acknowledged) {
  if (acknowledged.index == 0) return {};
  core::Result<Statement> select = database.prepare(kSelectChainAt);
  if (!select.has_value()) return select.error();
  const auto index = static_cast<std::int64_t>(acknowledged.index);
  const core::Result<bool> has_row = select->bind(1, index).step();
  if (!has_row.has_value()) return has_row.error();
  const std::string name = "record " + std::to_string(acknowledged.index);
  if (!*has_row) {
    return make_loss("the log does not hold " + name + ", which was acknowledged");
  }
  const auto& bytes = acknowledged.chain.bytes;
  if (select->column_blob(0) !=
      std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size())) {
    return make_loss("the log's " + name + " is not the one that was acknowledged");
  }
  return {};
}

}  // namespace intertie::storage_sqlite
