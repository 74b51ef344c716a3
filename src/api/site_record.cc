#include "site_record.h"

#include <utility>

#include "intertie/hub/index_tables.h"

namespace intertie::api {
namespace {

core::Result<std::string> read_body(storage::Reader& reader, std::uint64_t index) {
  auto body = reader.read_body(index);
  if (!body) return body.error();
  return std::move(body->bytes);
}

}  // namespace

core::Result<std::string> read_site_record(storage::Reader& reader, std::uint32_t site,
                                           std::uint64_t record_index) {
  if (record_index != 0) return read_body(reader, record_index);
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::site_events);
  scan.prefix = hub::encode_number(site);
  scan.limit = 1;  // The oldest: its registration.
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  if (rows->empty()) return std::string();
  return read_body(reader, hub::decode_number(rows->front().key, 8));
}

}  // namespace intertie::api
