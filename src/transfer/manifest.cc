// Manifests: the cut, the identity and the encoding of datasets.
#include "intertie/transfer/manifest.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/merkle.h"

namespace intertie::transfer {
namespace {

namespace limits = core::limits;

constexpr std::string_view kLeafName = "intertie-dataset-1";
constexpr std::string_view kMagic = "ITDM";
constexpr std::string_view kPrefix = "data:";
constexpr char kVersion = 1;
constexpr std::size_t kFieldBytes = 8 + 4 + 1 + crypto::Digest::kLength;
constexpr std::size_t kHeadBytes = 4 + 1 + kFieldBytes;

void append_number(std::string& text, std::uint64_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(number >> (8 * i)));
}

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string encode_fields(const Manifest& manifest) {
  std::string fields;
  append_number(fields, manifest.size, 8);
  append_number(fields, manifest.chunk_bytes, 4);
  fields.push_back(manifest.whole ? 1 : 0);
  fields += crypto::as_text(manifest.whole.value_or(crypto::Digest{}).bytes);
  return fields;
}

crypto::Digest read_digest(std::string_view bytes) {
  assert(bytes.size() == crypto::Digest::kLength);
  crypto::Digest digest;
  std::ranges::transform(bytes, digest.bytes.begin(),
                         [](char byte) { return static_cast<std::uint8_t>(byte); });
  return digest;
}

}  // namespace

std::uint32_t choose_chunk_bytes(std::uint64_t size) {
  const std::uint64_t chunks = limits::manifest_chunks_max;
  constexpr std::uint64_t kStep = 1u << 20;
  const std::uint64_t needed = size / chunks + (size % chunks != 0 ? 1 : 0);
  const std::uint64_t rounded = (needed + kStep - 1) / kStep * kStep;
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(rounded, limits::chunk_bytes_min, limits::chunk_bytes_max));
}

std::uint64_t count_chunks(std::uint64_t size, std::uint32_t chunk_bytes) {
  assert(chunk_bytes > 0);
  return size / chunk_bytes + (size % chunk_bytes != 0 ? 1 : 0);
}

ByteSpan get_chunk_span(const Manifest& manifest, std::uint32_t index) {
  assert(index < manifest.chunks.size());
  const std::uint64_t offset = std::uint64_t{index} * manifest.chunk_bytes;
  return {offset, std::min<std::uint64_t>(manifest.chunk_bytes, manifest.size - offset)};
}

core::Result<void> check_manifest(const Manifest& manifest) {
  if (manifest.chunk_bytes < limits::chunk_bytes_min ||
      manifest.chunk_bytes > limits::chunk_bytes_max) {
    return {core::Reason::bad_field, "manifest: chunk_bytes: chunk_bytes_min to chunk_bytes_max"};
  }
  const std::uint64_t chunks = count_chunks(manifest.size, manifest.chunk_bytes);
  if (chunks > limits::manifest_chunks_max) {
    return {core::Reason::too_large, "manifest: more than manifest_chunks_max chunks"};
  }
  if (chunks != manifest.chunks.size()) {
    return {core::Reason::bad_field, "manifest: the size asks for " + std::to_string(chunks) +
                                         " chunks, not " + std::to_string(manifest.chunks.size())};
  }
  if (chunks > 1 || !manifest.whole) return {};
  const crypto::Digest only = chunks == 1 ? manifest.chunks.front() : crypto::compute_sha256("");
  if (*manifest.whole == only) return {};
  return {core::Reason::bad_field, "manifest: the only chunk is not the whole"};
}

crypto::Digest compute_root(const Manifest& manifest) {
  assert(check_manifest(manifest).has_value());
  crypto::MerkleFrontier tree;
  const std::string first = std::string(kLeafName) + encode_fields(manifest);
  tree.append_leaf_hash(crypto::compute_leaf_hash(crypto::as_bytes(first)));
  for (const crypto::Digest& chunk : manifest.chunks) {
    tree.append_leaf_hash(crypto::compute_leaf_hash(chunk.bytes));
  }
  return tree.compute_root();
}

std::string encode_manifest(const Manifest& manifest) {
  assert(check_manifest(manifest).has_value());
  std::string bytes;
  bytes.reserve(kHeadBytes + manifest.chunks.size() * crypto::Digest::kLength);
  bytes += kMagic;
  bytes.push_back(kVersion);
  bytes += encode_fields(manifest);
  for (const crypto::Digest& chunk : manifest.chunks) bytes += crypto::as_text(chunk.bytes);
  return bytes;
}

core::Result<Manifest> decode_manifest(std::string_view bytes) {
  if (bytes.size() < kHeadBytes || !bytes.starts_with(kMagic)) {
    return {core::Reason::bad_syntax, "manifest: not one"};
  }
  if (bytes[4] != kVersion) {
    return {core::Reason::version_too_new, "manifest: only version 1 is known"};
  }
  Manifest manifest;
  manifest.size = read_number(bytes.substr(5, 8));
  manifest.chunk_bytes = static_cast<std::uint32_t>(read_number(bytes.substr(13, 4)));
  const crypto::Digest whole = read_digest(bytes.substr(18, crypto::Digest::kLength));
  if (bytes[17] == 1) manifest.whole = whole;
  if (bytes[17] != 1 && (bytes[17] != 0 || whole != crypto::Digest{})) {
    return {core::Reason::bad_syntax, "manifest: the digest of the whole"};
  }
  std::string_view rest = bytes.substr(kHeadBytes);
  const std::size_t length = crypto::Digest::kLength;
  if (rest.size() % length != 0 || rest.size() / length > limits::manifest_chunks_max) {
    return {core::Reason::bad_syntax, "manifest: its length"};
  }
  manifest.chunks.reserve(rest.size() / length);
  for (; !rest.empty(); rest.remove_prefix(length)) {
    manifest.chunks.push_back(read_digest(rest.substr(0, length)));
  }
  if (auto checked = check_manifest(manifest); !checked) return checked.error();
  return manifest;
}

std::string format_dataset(const crypto::Digest& root) {
  return std::string(kPrefix) + crypto::encode_hex(root.bytes);
}

core::Result<crypto::Digest> parse_dataset(std::string_view text) {
  if (text.starts_with(kPrefix)) {
    const auto bytes = crypto::decode_hex(text.substr(kPrefix.size()));
    if (bytes && bytes->size() == crypto::Digest::kLength) {
      crypto::Digest root;
      std::ranges::copy(*bytes, root.bytes.begin());
      return root;
    }
  }
  return {core::Reason::bad_syntax, "dataset: expected \"data:\" and 64 hex digits"};
}

ManifestWriter::ManifestWriter(std::uint64_t size, bool with_whole) : with_whole_(with_whole) {
  manifest_.size = size;
  manifest_.chunk_bytes = choose_chunk_bytes(size);
}

void ManifestWriter::add(std::string_view piece) {
  assert(piece.size() <= manifest_.size - added_);
  // One chunk is the whole: no need to digest it twice.
  if (with_whole_ && manifest_.size > manifest_.chunk_bytes) whole_.update(piece);
  while (!piece.empty()) {
    const std::uint64_t room = manifest_.chunk_bytes - in_chunk_;
    const std::string_view part = piece.substr(0, std::min<std::uint64_t>(room, piece.size()));
    chunk_.update(part);
    in_chunk_ += part.size();
    added_ += part.size();
    piece.remove_prefix(part.size());
    if (in_chunk_ == manifest_.chunk_bytes) end_chunk();
  }
}

void ManifestWriter::end_chunk() {
  manifest_.chunks.push_back(chunk_.finish());
  in_chunk_ = 0;
}

core::Result<Manifest> ManifestWriter::finish() {
  if (added_ != manifest_.size) {
    return {core::Reason::out_of_range, "the content has " + std::to_string(added_) +
                                            " bytes, not the " + std::to_string(manifest_.size) +
                                            " that were announced"};
  }
  if (in_chunk_ > 0) end_chunk();
  if (manifest_.chunks.empty()) {
    manifest_.whole = crypto::compute_sha256("");
  } else if (manifest_.chunks.size() == 1) {
    manifest_.whole = manifest_.chunks.front();
  } else if (with_whole_) {
    manifest_.whole = whole_.finish();
  }
  return manifest_;
}

}  // namespace intertie::transfer
