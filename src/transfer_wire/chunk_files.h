// The chunks' own files: written whole, verified when read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"

#include "store_files.h"

namespace intertie::transfer_wire {

/// FOLDER/chunks and FOLDER/new. Any thread. Who needs which chunk is the catalogue's business.
class ChunkFiles {
 public:
  explicit ChunkFiles(std::string folder) : folder_(std::move(folder)) {}

  /// Makes the folders and empties FOLDER/new. io_failed.
  core::Result<void> open() const;

  std::string make_temporary() {
    return folder_ + "/new/" + std::to_string(next_.fetch_add(1, std::memory_order_relaxed));
  }
  std::string get_path(const crypto::Digest& chunk) const;
  bool exists(const crypto::Digest& chunk, std::uint64_t size) const;

  /// A chunk that was verified on its way here, so its first read need not do it again.
  void note_verified(const crypto::Digest& chunk, int file);

  /// Appends bytes [offset, offset + length) of the chunk. not_found; bad_digest: it was damaged,
  /// and is put aside; io_failed.
  core::Result<void> read(const crypto::Digest& chunk, std::uint64_t offset, std::size_t length,
                          std::string& bytes);
  /// Copies the chunk into a file, in the kernel.
  core::Result<void> copy_to(const crypto::Digest& chunk, std::uint64_t size, int target);

  void remove(const crypto::Digest& chunk);
  /// Removes the files for which `is_needed` is false.
  void sweep(const std::function<bool(const crypto::Digest&)>& is_needed) const;

 private:
  // What a verified file looked like.
  struct Look {
    std::int64_t size = 0;
    std::int64_t changed = 0;  // Nanoseconds.
    std::uint64_t node = 0;
    friend bool operator==(const Look&, const Look&) = default;
  };
  static constexpr std::size_t kVerifiedMax = 1'000'000;

  static core::Result<Look> look_at(int file);
  void remember(const crypto::Digest& chunk, const Look& look);
  core::Result<void> verify(const crypto::Digest& chunk, int file);

  const std::string folder_;
  std::atomic<std::uint64_t> next_{0};
  std::mutex mutex_;
  boost::unordered_flat_map<crypto::Digest, Look> verified_;
};

}  // namespace intertie::transfer_wire
