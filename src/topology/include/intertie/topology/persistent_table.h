// A table of shared, immutable rows whose copies are cheap.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace intertie::topology {

/// Rows 0, 1, 2, ... held in chunks of 64 that copies share. Copying costs one pointer a chunk;
/// changing a row copies its chunk of pointers, never the other rows. 10,000 rows: 157 chunks.
/// A row may be absent. Values that share chunks may be read by several threads at once.
template <class Row>
class PersistentTable {
 public:
  std::size_t size() const { return size_; }

  /// The row, or nullptr if it is absent or the number was never used. O(1).
  const Row* find(std::size_t index) const {
    if (index >= size_) return nullptr;
    return (*chunks_[index / kChunk])[index % kChunk].get();
  }

  /// Puts a row at `index`; beyond size() the table grows and the rows in between are absent.
  /// O(size / 64 + 64).
  void put(std::size_t index, Row row) { set(index, std::make_shared<const Row>(std::move(row))); }

  /// Removes the row; its number stays taken. `index` < size().
  void remove(std::size_t index) {
    assert(index < size_);
    set(index, nullptr);
  }

 private:
  static constexpr std::size_t kChunk = 64;
  using Chunk = std::array<std::shared_ptr<const Row>, kChunk>;

  void set(std::size_t index, std::shared_ptr<const Row> row) {
    const std::size_t chunk = index / kChunk;
    while (chunk >= chunks_.size()) chunks_.push_back(std::make_shared<const Chunk>());
    auto changed = std::make_shared<Chunk>(*chunks_[chunk]);
    (*changed)[index % kChunk] = std::move(row);
    chunks_[chunk] = std::move(changed);
    if (index >= size_) size_ = index + 1;
  }

  std::vector<std::shared_ptr<const Chunk>> chunks_;
  std::size_t size_ = 0;
};

}  // namespace intertie::topology
