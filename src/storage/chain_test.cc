// The hash chain against digests computed with another implementation (Python's hashlib).
#include "intertie/storage/chain.h"

#include <numeric>

#include <gtest/gtest.h>

#include "intertie/storage/store.h"

namespace intertie::storage {
namespace {

Incarnation make_counting_incarnation() {
  Incarnation incarnation{};
  std::iota(incarnation.begin(), incarnation.end(), std::uint8_t{0});
  return incarnation;
}

TEST(Chain, MatchesPublishedFormat) {
  const crypto::Digest genesis = chain_genesis(make_counting_incarnation());
  EXPECT_EQ(crypto::to_text(genesis),
            "sha256:17a97642dc03aff461a8b49540e76f8d48834bc661c3f0ead1e14b05030887fb");
  Batch batch;
  batch.records.push_back({1, {1'700'000'000'000'001}, 513, 2, "the head", "the body"});
  batch.records.push_back({2, {1'700'000'000'000'002}, 7, 1, "", ""});
  const std::vector<Link> links = chain_batch(genesis, batch);
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(crypto::to_text(links[0].chain),
            "sha256:cf8b6eb2a9a7d26bf721a72e107956c0f5faa4daae5bc57ab4df5a8ff100fafc");
  EXPECT_EQ(crypto::to_text(links[1].chain),
            "sha256:d84983532fe2606dc554e0ffc35317fd4fb6a43f1ab9deecb28ea7a37f8ebf91");
  EXPECT_EQ(links[1].body_digest, crypto::compute_sha256(std::string_view{}));
}

TEST(Chain, CoversEveryFieldButTheBodysBytes) {
  const crypto::Digest genesis = chain_genesis(make_counting_incarnation());
  const HeadView record{5, {77}, 3, 2, "head", digest_body("body"), {}};
  const crypto::Digest chain = chain_record(genesis, record);
  std::vector<HeadView> others(7, record);
  others[0].index = 6;
  others[1].time.micros = 78;
  others[2].kind = 4;
  others[3].version = 3;
  others[4].head = "heaD";
  others[5].head = "head ";
  others[6].body_digest.bytes[31] ^= 1;
  for (const HeadView& other : others) EXPECT_NE(chain_record(genesis, other), chain);
  EXPECT_NE(chain_record(chain, record), chain);
  EXPECT_NE(chain_genesis({}), genesis);
}

TEST(Chain, TakesHeadsBeyondTheLimit) {
  // Only a damaged store has them; they must be digested, not overrun the buffer.
  const std::string large(100'000, 'x');
  const HeadView record{1, {1}, 1, 1, large, empty_body_digest(), {}};
  HeadView shorter = record;
  shorter.head.remove_suffix(1);
  EXPECT_NE(chain_record({}, record), chain_record({}, shorter));
}

}  // namespace
}  // namespace intertie::storage
