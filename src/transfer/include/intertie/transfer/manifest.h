// A dataset as a list of chunks: what is moved, kept and verified piece by piece.
//
// Identity (docs/formats/dataset.md): the Merkle root, as in RFC 6962, over
//   leaf 0      "intertie-dataset-1" | size (8 bytes) | chunk_bytes (4) | 1 if whole is known (1) |
//               whole (32, zero if it is not)
//   leaf i + 1  the SHA-256 of chunk i (32 bytes)
// Numbers are big-endian. So the root binds the content, its size, how it is cut, and the digest
// of the whole: none of them can be swapped for another dataset's.
//
// The manifest itself: "ITDM" | version 1 (1 byte) | the fields of leaf 0 without its name | the
// digests of the chunks. Its length follows from the size.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/crypto/digest.h"

namespace intertie::transfer {

/// Bytes [offset, offset + length) of a dataset.
struct ByteSpan {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteSpan&, const ByteSpan&) = default;
};

struct Manifest {
  std::uint64_t size = 0;
  /// Of every chunk but the last: limits::chunk_bytes_min to limits::chunk_bytes_max.
  std::uint32_t chunk_bytes = 0;
  /// SHA-256 of the whole content, as its writer states it. Only who reads the whole verifies it.
  std::optional<crypto::Digest> whole;
  std::vector<crypto::Digest> chunks;

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// What a dataset of this size is cut into, so that its chunks fit limits::manifest_chunks_max.
std::uint32_t choose_chunk_bytes(std::uint64_t size);

/// 0 for an empty dataset.
std::uint64_t count_chunks(std::uint64_t size, std::uint32_t chunk_bytes);

/// Where chunk `index` lies; index < chunks.size().
ByteSpan get_chunk_span(const Manifest& manifest, std::uint32_t index);

/// Sizes within their limits, as many chunks as the size asks for, and one chunk alone agrees with
/// the digest of the whole. too_large, bad_field.
core::Result<void> check_manifest(const Manifest& manifest);

/// The identity. The manifest is checked. O(chunks).
crypto::Digest compute_root(const Manifest& manifest);

/// Its one encoding; the manifest is checked.
std::string encode_manifest(const Manifest& manifest);

/// Refuses what is cut off, too long, not checked, or of another version: bad_syntax,
/// version_too_new, and what check_manifest refuses.
core::Result<Manifest> decode_manifest(std::string_view bytes);

/// "data:<64 hex digits>": how a dataset's identity is written.
std::string format_dataset(const crypto::Digest& root);
/// Its strict inverse. bad_syntax.
core::Result<crypto::Digest> parse_dataset(std::string_view text);

/// Cuts and digests content that arrives in pieces. One thread.
class ManifestWriter {
 public:
  /// `size`: how much will come. `with_whole`: also digest the whole (a chunk alone is free).
  ManifestWriter(std::uint64_t size, bool with_whole);

  /// No more than `size` bytes together (asserted).
  void add(std::string_view piece);
  /// The manifest of what came; out_of_range if it is less than announced.
  core::Result<Manifest> finish();

 private:
  void end_chunk();

  Manifest manifest_;
  bool with_whole_ = false;
  std::uint64_t added_ = 0;
  std::uint64_t in_chunk_ = 0;
  crypto::Sha256 chunk_;
  crypto::Sha256 whole_;
};

}  // namespace intertie::transfer
