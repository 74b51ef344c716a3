// Brings a state machine to the end of its log: newest sound snapshot, then the heads after it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/engine/state_machine.h"
#include "intertie/storage/store.h"
#include "intertie/storage/verify.h"

namespace intertie::engine {

/// What a replay did.
struct ReplayReport {
  storage::LogPosition last;
  core::Time last_time;            // Of the last record; log time goes on from here.
  storage::LogIndex snapshot = 0;  // 0: none was used.
  std::uint64_t heads = 0;
  std::vector<storage::SkippedSnapshot> skipped;
};

/// Applies the heads after `from` to the machine, checking the chain. store_damaged names the first
/// record that does not verify or decode; version_too_new a record of a newer program.
template <StateMachine M>
core::Result<ReplayReport> replay_heads(M& machine, storage::Reader& reader,
                                        storage::LogIndex from) {
  ReplayReport report;
  std::optional<core::Error> failure;
  const auto visit = [&](const storage::HeadView& head) {
    auto event = M::decode(head.kind, head.version, head.head);
    if (!event) {
      failure = event.error();
      failure->detail += " in record " + std::to_string(head.index);
      return false;
    }
    machine.apply(*event, RecordPlace{head.index, head.time});
    report.last = {head.index, head.chain};
    report.last_time = head.time;
    ++report.heads;
    return true;
  };
  auto visited =
      storage::read_checked_heads(reader, from + 1, std::numeric_limits<std::size_t>::max(), visit);
  if (!visited) return visited.error();
  if (failure) return *failure;
  return report;
}

/// The whole start: snapshot if there is a sound one, then replay. A snapshot that does not decode
/// is an error of the program, not of the disk, and is refused with store_damaged.
template <StateMachine M>
core::Result<ReplayReport> replay_store(M& machine, storage::Reader& reader,
                                        storage::Snapshots& snapshots) {
  auto found = storage::find_latest_snapshot(reader, snapshots);
  if (!found) return found.error();
  storage::LogIndex from = 0;
  core::Time snapshot_time;
  if (found->snapshot) {
    if (auto decoded = machine.decode_state(found->snapshot->bytes); !decoded) {
      return core::Error{core::Reason::store_damaged, decoded.error().detail};
    }
    from = found->snapshot->index;
    const auto read_time = [&](const storage::HeadView& head) {
      snapshot_time = head.time;
      return false;
    };
    if (auto read = reader.read_heads(from, 1, read_time); !read) return read.error();
  }
  auto report = replay_heads(machine, reader, from);
  if (!report) return report.error();
  report->snapshot = from;
  report->skipped = std::move(found->skipped);
  if (report->heads == 0 && found->snapshot) {
    report->last = {from, found->snapshot->chain};
    report->last_time = snapshot_time;
  }
  return report;
}

}  // namespace intertie::engine
