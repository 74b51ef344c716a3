// Memory of one JSON tree, counted and bounded (private to codec).
#pragma once

#include <algorithm>
#include <cstddef>
#include <new>

#include <boost/json/memory_resource.hpp>

namespace intertie::codec {

/// What a block of so many bytes takes of the heap: glibc keeps one word more, in steps of 16, and
/// gives at least 32. 0 for nothing.
constexpr std::size_t compute_block_size(std::size_t bytes) {
  if (bytes == 0) return 0;
  return std::max<std::size_t>(32, (bytes + sizeof(std::size_t) + 15) / 16 * 16);
}

/// A short text of brackets has a large tree, so what counts is the memory that the tree takes at
/// any moment, not how many values it has. Beyond `limit` an allocation throws std::bad_alloc,
/// which the parser turns into a refusal.
class TreeMemory final : public boost::json::memory_resource {
 public:
  explicit TreeMemory(std::size_t limit) : left_(limit) {}

  bool is_exhausted() const { return is_exhausted_; }
  std::size_t left() const { return left_; }

 private:
  void* do_allocate(std::size_t bytes, std::size_t) override {
    const std::size_t block = compute_block_size(bytes);
    if (block < bytes || block > left_) {
      is_exhausted_ = true;
      throw std::bad_alloc();
    }
    void* const memory = ::operator new(bytes);
    left_ -= block;
    return memory;
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t) override {
    left_ += compute_block_size(bytes);
    ::operator delete(memory);
  }
  bool do_is_equal(const boost::json::memory_resource& other) const noexcept override {
    return this == &other;
  }

  std::size_t left_;
  bool is_exhausted_ = false;
};

}  // namespace intertie::codec
