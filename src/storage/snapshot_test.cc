// The snapshot format: layout, and that no flipped byte passes.
#include "intertie/storage/snapshot.h"

#include <gtest/gtest.h>

namespace intertie::storage {
namespace {

constexpr Incarnation kIncarnation{1, 2, 3};

Snapshot make_snapshot() {
  Snapshot snapshot;
  snapshot.index = 0x0102030405060708;
  snapshot.state_digest.bytes.fill(0xaa);
  snapshot.chain.bytes.fill(0xbb);
  snapshot.bytes = std::string("a state\0with a zero", 19);
  return snapshot;
}

void seal(std::string& stored) {
  stored.resize(stored.size() - 32);
  const crypto::Digest digest = crypto::compute_sha256(stored);
  stored.append(digest.bytes.begin(), digest.bytes.end());
}

core::Reason refusal(const std::string& stored) {
  const auto decoded = decode_snapshot(kIncarnation, stored);
  return decoded.has_value() ? core::Reason::internal : decoded.error().reason;
}

TEST(SnapshotFormat, HasTheDocumentedLayout) {
  std::string expected = "ITSNAP01";
  expected += std::string("\x01\x02\x03", 3) + std::string(13, '\0');
  expected += "\x08\x07\x06\x05\x04\x03\x02\x01";
  expected += std::string(32, '\xaa') + std::string(32, '\xbb');
  expected += std::string("\x13\0\0\0\0\0\0\0", 8);
  expected += make_snapshot().bytes + std::string(32, '?');
  seal(expected);
  EXPECT_EQ(encode_snapshot(kIncarnation, make_snapshot()), expected);
}

TEST(SnapshotFormat, ComesBackAsWritten) {
  for (const std::size_t length : {0u, 1u, 100'000u}) {
    Snapshot snapshot = make_snapshot();
    snapshot.bytes.resize(length, 'x');
    const auto decoded = decode_snapshot(kIncarnation, encode_snapshot(kIncarnation, snapshot));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(*decoded, snapshot);
  }
}

TEST(SnapshotFormat, EveryFlippedByteAndEveryCutIsFound) {
  const std::string stored = encode_snapshot(kIncarnation, make_snapshot());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    std::string flipped = stored;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_EQ(refusal(flipped), core::Reason::store_damaged) << i;
    EXPECT_EQ(refusal(stored.substr(0, i)), core::Reason::store_damaged) << i;
  }
  EXPECT_EQ(refusal(stored + "x"), core::Reason::store_damaged);
}

TEST(SnapshotFormat, SealedButWrongIsRefused) {
  const std::string stored = encode_snapshot(kIncarnation, make_snapshot());
  std::string newer = stored;
  newer[7] = '2';
  seal(newer);
  EXPECT_EQ(refusal(newer), core::Reason::version_too_new);
  std::string foreign = stored;
  foreign[8] = 9;
  seal(foreign);
  EXPECT_EQ(refusal(foreign), core::Reason::store_damaged);
  std::string longer = stored;
  longer[96] = 0x14;
  seal(longer);
  EXPECT_EQ(refusal(longer), core::Reason::store_damaged);
}

}  // namespace
}  // namespace intertie::storage
