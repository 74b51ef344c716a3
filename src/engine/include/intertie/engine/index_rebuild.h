// The index from the log alone: built anew, or held against what is there.
#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/core/result.h"
#include "intertie/engine/state_machine.h"
#include "intertie/storage/store.h"
#include "intertie/storage/verify.h"

namespace intertie::engine {

/// Replays the whole log into a fresh `machine` and gives `visit` the index's changes of each
/// record, with its index; visit's refusal ends it. Refuses also with what replay_heads refuses.
template <StateMachine M, class Visit>
core::Result<void> walk_index_writes(M& machine, storage::Reader& reader, Visit&& visit) {
  std::optional<core::Error> failure;
  std::vector<storage::IndexWrite> writes;
  const auto take = [&](const storage::HeadView& head) {
    auto event = M::decode(head.kind, head.version, head.head);
    if (!event) {
      failure = event.error();
      failure->detail += " in record " + std::to_string(head.index);
      return false;
    }
    const RecordPlace place{head.index, head.time};
    writes.clear();
    machine.index(*event, place, writes);
    machine.apply(*event, place);
    if (core::Result<void> done = visit(head.index, writes); !done) failure = done.error();
    return !failure.has_value();
  };
  auto visited =
      storage::read_checked_heads(reader, 1, std::numeric_limits<std::size_t>::max(), take);
  if (!visited) return visited.error();
  if (failure) return *failure;
  return {};
}

/// Empties the index and builds it anew from the log: O(log), in steps of
/// limits::batch_events_max changes. May be interrupted and repeated; until it is complete
/// Reader::read_indexed_up_to() is below the log's end.
template <StateMachine M>
core::Result<void> rebuild_index(M& machine, storage::Store& store) {
  auto reader = store.open_reader();
  if (!reader) return reader.error();
  if (auto cleared = store.clear_index(); !cleared) return cleared;
  std::vector<storage::IndexWrite> gathered;
  const auto gather = [&](storage::LogIndex index, std::vector<storage::IndexWrite>& writes) {
    std::move(writes.begin(), writes.end(), std::back_inserter(gathered));
    if (gathered.size() < core::limits::batch_events_max) return core::Result<void>();
    return store.extend_index(std::exchange(gathered, {}), index);
  };
  if (auto walked = walk_index_writes(machine, **reader, gather); !walked) return walked;
  return store.extend_index(gathered, store.last().index);
}

/// What in the index is not as the log says: at most storage::damages_reported_max sentences.
/// O(log) time, and memory for the whole index.
template <StateMachine M>
core::Result<std::vector<std::string>> find_index_damage(M& machine, storage::Reader& reader) {
  constexpr storage::TableId kTablesMax = 64;
  std::map<std::pair<storage::TableId, std::string>, std::string> expected;
  const auto take = [&](storage::LogIndex, std::vector<storage::IndexWrite>& writes) {
    for (storage::IndexWrite& write : writes) {
      std::pair key{write.table, std::move(write.key)};
      if (write.value) {
        expected.insert_or_assign(std::move(key), std::move(*write.value));
      } else {
        expected.erase(key);
      }
    }
    return core::Result<void>();
  };
  if (auto walked = walk_index_writes(machine, reader, take); !walked) return walked.error();
  std::vector<std::string> damages;
  const auto note = [&](storage::TableId table, const char* what) {
    if (damages.size() >= storage::damages_reported_max) return;
    damages.push_back("table " + std::to_string(table) + ": " + what);
  };
  for (storage::TableId table = 0; table < kTablesMax; ++table) {
    storage::Scan scan;
    scan.table = table;
    scan.limit = core::limits::index_scan_rows_max;
    while (true) {
      const auto rows = reader.scan_index(scan);
      if (!rows) return rows.error();
      for (const storage::IndexRow& row : *rows) {
        const auto found = expected.find({table, row.key});
        if (found == expected.end()) {
          note(table, "a row that the log does not give");
          continue;
        }
        if (found->second != row.value) note(table, "a row's value is not what the log gives");
        expected.erase(found);
      }
      if (rows->size() < scan.limit) break;
      scan.after_key = rows->back().key;
    }
  }
  for (const auto& [key, value] : expected) note(key.first, "a row is missing");
  return damages;
}

}  // namespace intertie::engine
