// Files named by their SHA-256, on disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"

namespace intertie::service {

class FailPoints;

/// The largest content that one request may carry; it is held in memory until it is on disk.
inline constexpr std::size_t kContentBodyBytesMax = 256u << 20;

/// FOLDER/ab/cdef...: the digest in hexadecimal; FOLDER/new: files being written. What is there is
/// whole and durable. Any thread.
class ContentStore {
 public:
  /// Creates the folder if missing, removes unfinished files, and counts what is there (a stat of
  /// each file). `fail_points` outlives the store. io_failed.
  static core::Result<std::unique_ptr<ContentStore>> open(const std::string& folder,
                                                          core::Bytes bytes_max,
                                                          FailPoints& fail_points);

  /// Durable on return; nothing happens if it is there already. bad_digest: the bytes are others;
  /// too_large: the store's limit; store_unavailable: the disk is full.
  core::Result<void> write(const crypto::Digest& digest, std::string_view bytes);

  /// not_found.
  core::Result<std::uint64_t> find_size(const crypto::Digest& digest) const;

  /// At most `length` bytes from `offset` (fewer at the end; nothing beyond it). The whole file is
  /// verified at the first read and whenever it has changed since: bad_digest, and the file is put
  /// aside so that it can be brought again. not_found.
  core::Result<std::string> read(const crypto::Digest& digest, std::uint64_t offset,
                                 std::uint64_t length);

  /// Bytes stored now.
  std::uint64_t used() const { return used_.load(); }

 private:
  // What a verified file looked like.
  struct Verified {
    std::int64_t size = 0;
    std::int64_t changed = 0;  // Nanoseconds.
    friend bool operator==(const Verified&, const Verified&) = default;
  };
  static constexpr std::size_t kVerifiedMax = 100'000;

  ContentStore(std::string folder, core::Bytes bytes_max, FailPoints& fail_points)
      : folder_(std::move(folder)), bytes_max_(bytes_max), fail_points_(fail_points) {}
  core::Result<void> count_files();
  std::string path_of(const crypto::Digest& digest) const;
  core::Result<void> verify(const crypto::Digest& digest, int descriptor);

  const std::string folder_;
  const core::Bytes bytes_max_;
  FailPoints& fail_points_;
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> next_temporary_{0};
  std::mutex mutex_;
  std::map<crypto::Digest, Verified> verified_;
};

}  // namespace intertie::service
