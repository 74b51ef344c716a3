// Manifests: identity against the published definition of RFC 6962, encoding against every change.
#include "intertie/transfer/manifest.h"

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/core/random.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/merkle.h"
#include "intertie/transfer/dataset_name.h"

namespace intertie::transfer {
namespace {

constexpr std::uint32_t kManifestChunk = core::limits::chunk_bytes_min;

std::string make_bytes(std::uint64_t seed, std::size_t size) {
  core::Random random(seed);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; i += 4'096) bytes[i] = static_cast<char>(random.next());
  return bytes;
}

Manifest make_manifest(const std::string& bytes, bool with_whole = true) {
  ManifestWriter writer(bytes.size(), with_whole);
  writer.add(bytes);
  return writer.finish().value();
}

std::string big_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(number >> (8 * i) & 0xff);
  return text;
}

// MTH of RFC 6962, section 2.1, as it is written there.
std::string hash_tree(const std::vector<std::string>& leaves) {
  const auto sum = [](const std::string& text) {
    return std::string(crypto::as_text(crypto::compute_sha256(text).bytes));
  };
  if (leaves.empty()) return sum("");
  if (leaves.size() == 1) return sum(std::string(1, '\0') + leaves[0]);
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(k);
  return sum("\x01" + hash_tree({leaves.begin(), middle}) + hash_tree({middle, leaves.end()}));
}

TEST(Manifest, ItsIdentityIsTheTreeOfTheDocumentedLeaves) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{kManifestChunk},
        std::size_t{kManifestChunk} + 1, std::size_t{kManifestChunk} * 5 + 77}) {
    SCOPED_TRACE(size);
    const std::string bytes = make_bytes(size, size);
    const std::string whole(crypto::as_text(crypto::compute_sha256(bytes).bytes));
    std::vector<std::string> leaves = {"intertie-dataset-1" + big_endian(size, 8) +
                                       big_endian(kManifestChunk, 4) + "\x01" + whole};
    for (std::size_t at = 0; at < size; at += kManifestChunk) {
      leaves.emplace_back(
          crypto::as_text(crypto::compute_sha256(bytes.substr(at, kManifestChunk)).bytes));
    }
    const Manifest manifest = make_manifest(bytes);
    EXPECT_EQ(std::string(crypto::as_text(compute_root(manifest).bytes)), hash_tree(leaves));
    EXPECT_EQ(std::string(crypto::as_text(manifest.whole->bytes)), whole);
  }
}

TEST(Manifest, PiecesOfAnySizeGiveTheSame) {
  const std::string bytes = make_bytes(3, 3u * kManifestChunk + 5'000);
  const Manifest expected = make_manifest(bytes);
  core::Random random(1);
  for (int round = 0; round < 3; ++round) {
    ManifestWriter writer(bytes.size(), true);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t length =
          std::min<std::size_t>(bytes.size() - at, 1 + random.below(9u << 20));
      writer.add(std::string_view(bytes).substr(at, length));
      at += length;
    }
    EXPECT_EQ(writer.finish().value(), expected);
  }
  ManifestWriter less(10, true);
  less.add("123");
  EXPECT_EQ(less.finish().error().reason, core::Reason::out_of_range);
}

TEST(Manifest, EveryFieldAndChunkChangesTheIdentity) {
  const Manifest manifest = make_manifest(make_bytes(4, 3u * kManifestChunk));
  const crypto::Digest root = compute_root(manifest);
  Manifest other = manifest;
  other.size -= 1;
  EXPECT_NE(compute_root(other), root);
  other = manifest;
  other.whole.reset();
  EXPECT_NE(compute_root(other), root);
  other = manifest;
  other.whole->bytes[5] ^= 1;
  EXPECT_NE(compute_root(other), root);
  other = manifest;
  std::swap(other.chunks[0], other.chunks[1]);
  EXPECT_NE(compute_root(other), root);
}

TEST(Manifest, ComesBackFromItsEncodingAndNothingElseDoes) {
  const Manifest manifest = make_manifest(make_bytes(5, 2u * kManifestChunk + 1));
  const std::string bytes = encode_manifest(manifest);
  EXPECT_EQ(decode_manifest(bytes).value(), manifest);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_manifest(std::string_view(bytes).substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(decode_manifest(bytes + "x").has_value());
  // Whatever byte changes, it is refused or another dataset.
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto read = decode_manifest(changed);
    EXPECT_TRUE(!read || compute_root(*read) != compute_root(manifest)) << at;
  }
}

TEST(Manifest, HasLimits) {
  Manifest manifest;
  manifest.chunk_bytes = kManifestChunk - 1;
  EXPECT_EQ(check_manifest(manifest).error().reason, core::Reason::bad_field);
  manifest.chunk_bytes = core::limits::chunk_bytes_max;
  manifest.size =
      std::uint64_t{core::limits::chunk_bytes_max} * core::limits::manifest_chunks_max + 1;
  EXPECT_EQ(check_manifest(manifest).error().reason, core::Reason::too_large);
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1} << 30, std::uint64_t{1} << 40,
                                   std::uint64_t{3} << 40, std::uint64_t{1} << 42}) {
    const std::uint32_t chunk = choose_chunk_bytes(size);
    EXPECT_GE(chunk, core::limits::chunk_bytes_min);
    EXPECT_LE(chunk, core::limits::chunk_bytes_max);
    EXPECT_LE(count_chunks(size, chunk), core::limits::manifest_chunks_max) << size;
  }
  // A chunk that is the whole must be stated as the whole.
  Manifest one = make_manifest("abc");
  one.whole = crypto::compute_sha256("other");
  EXPECT_EQ(check_manifest(one).error().reason, core::Reason::bad_field);
}

TEST(DatasetKey, ReadsItsThreeForms) {
  const crypto::Digest digest = crypto::compute_sha256("x");
  for (const std::string& text :
       {format_dataset(digest), crypto::to_text(digest), std::string("data://weights"),
        std::string("data://ada/weights.v2")}) {
    const auto key = parse_dataset_key(text);
    ASSERT_TRUE(key.has_value()) << text;
    EXPECT_EQ(to_text(*key), text);
    EXPECT_TRUE(is_dataset_key(text));
  }
  EXPECT_EQ(parse_dataset_key("data://ada/w")->owner, "ada");
  for (const char* text : {"data://", "data:///x", "data://a/b/c", "data:12", "sha256:12",
                           "data:", "data://..", "data://a b", "file"}) {
    EXPECT_FALSE(parse_dataset_key(text).has_value()) << text;
  }
  EXPECT_FALSE(is_dataset_key("./data"));
}

}  // namespace
}  // namespace intertie::transfer
