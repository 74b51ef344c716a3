// A reader that tells how many heads it has shown, for progress.
#pragma once

#include <atomic>
#include <cstdint>

#include "intertie/storage/store.h"

namespace intertie::cli {

/// Passes everything on. `reader` outlives it; count() may be asked from any thread.
class CountingReader : public storage::Reader {
 public:
  explicit CountingReader(storage::Reader& reader) : reader_(reader) {}

  std::uint64_t count() const { return count_.load(); }

  core::Result<storage::LogPosition> read_last() override { return reader_.read_last(); }
  core::Result<crypto::Digest> read_chain_at(storage::LogIndex index) override {
    return reader_.read_chain_at(index);
  }
  core::Result<std::size_t> read_heads(storage::LogIndex from_index, std::size_t limit,
                                       const storage::HeadVisitor& visitor) override {
    return reader_.read_heads(from_index, limit, [&](const storage::HeadView& head) {
      ++count_;
      return visitor(head);
    });
  }
  core::Result<storage::Body> read_body(storage::LogIndex index) override {
    return reader_.read_body(index);
  }
  core::Result<std::optional<std::string>> read_index(storage::TableId table,
                                                      const std::string& key) override {
    return reader_.read_index(table, key);
  }
  core::Result<std::vector<storage::IndexRow>> scan_index(const storage::Scan& scan) override {
    return reader_.scan_index(scan);
  }
  core::Result<storage::LogIndex> read_indexed_up_to() override {
    return reader_.read_indexed_up_to();
  }
  core::Result<std::vector<std::string>> find_store_damage(std::size_t limit) override {
    return reader_.find_store_damage(limit);
  }

 private:
  storage::Reader& reader_;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace intertie::cli
