// The rules that every batch must keep, whatever the adapter.
#include <cassert>
#include <string>

#include "intertie/core/limits.h"
#include "intertie/storage/store.h"

namespace intertie::storage {
namespace {

namespace limits = core::limits;

core::Result<void> refuse(const std::string& what, std::size_t size, std::size_t size_max) {
  return {core::Reason::too_large,
          what + ": " + std::to_string(size) + " bytes, at most " + std::to_string(size_max)};
}

}  // namespace

core::Result<void> check_writes(const std::vector<IndexWrite>& writes) {
  for (const IndexWrite& write : writes) {
    assert(!write.key.empty());
    if (write.key.size() > limits::index_key_bytes_max) {
      return refuse("key in index table " + std::to_string(write.table), write.key.size(),
                    limits::index_key_bytes_max);
    }
    if (write.value.has_value() && write.value->size() > limits::index_value_bytes_max) {
      return refuse("value in index table " + std::to_string(write.table), write.value->size(),
                    limits::index_value_bytes_max);
    }
  }
  return {};
}

core::Result<void> check_batch(const LogPosition& last, const Batch& batch) {
  assert(!batch.records.empty());
  if (batch.records.size() > limits::batch_events_max) {
    return {core::Reason::too_large, "batch: " + std::to_string(batch.records.size()) +
                                         " records, at most " +
                                         std::to_string(limits::batch_events_max)};
  }
  LogIndex expected = last.index;
  core::Time time = batch.records.front().time;
  for (const Record& record : batch.records) {
    assert(record.index == ++expected);
    assert(record.time >= time);
    assert(record.version >= 1);
    time = record.time;
    if (record.head.size() > limits::log_head_bytes_max) {
      return refuse("head of record " + std::to_string(record.index), record.head.size(),
                    limits::log_head_bytes_max);
    }
    if (record.body.size() > limits::log_body_bytes_max) {
      return refuse("body of record " + std::to_string(record.index), record.body.size(),
                    limits::log_body_bytes_max);
    }
  }
  return check_writes(batch.writes);
}

}  // namespace intertie::storage
