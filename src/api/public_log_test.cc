// The public log as everybody reads it: proofs against the definition, and what tampering shows.
#include <gtest/gtest.h>

#include "intertie/api/public_views.h"
#include "intertie/crypto/merkle.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

class PublicWorld : public ApiWorld {
 public:
  Response get_open(const std::string& target) { return send(make_request("GET", target)); }
  template <class View>
  View get_view(const std::string& target) {
    const Response response = get_open(target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return read<View>(response);
  }
  std::vector<PublicLeafView> get_leaves() {
    return get_view<PublicLeafList>("/v1/public/leaves?limit=1000").leaves;
  }
  // A hub with a site that has been measured and has run `jobs` jobs of two records each.
  void fill(int jobs) {
    Site site = join("alpha", 4);
    measure(site);
    for (int i = 0; i < jobs; ++i) {
      submit("ada");
      run(site, core::minutes(1));
    }
  }
};

// RFC 9162, 2.1.1, by its recursive definition and nothing else.
crypto::Digest compute_root(const std::vector<PublicLeafView>& leaves, std::size_t begin,
                            std::size_t end) {
  if (begin == end) return crypto::compute_sha256(crypto::ByteView{});
  if (end - begin == 1) return crypto::compute_leaf_hash(crypto::as_bytes(leaves[begin].leaf));
  std::size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  return crypto::compute_node_hash(compute_root(leaves, begin, begin + split),
                                   compute_root(leaves, begin + split, end));
}

crypto::MerkleProof parse(const std::vector<std::string>& texts) {
  crypto::MerkleProof proof;
  for (const std::string& text : texts) proof.push_back(crypto::parse_digest(text).value());
  return proof;
}

TEST(PublicLog, HasALeafForEveryPublicFactAndASignedHead) {
  PublicWorld world;
  world.fill(2);
  const auto leaves = world.get_leaves();
  ASSERT_EQ(leaves.size(), 7u);  // Hub, site, statement, two records a job.
  using hub::LeafKind;
  const std::vector<LeafKind> kinds = {
      LeafKind::hub,        LeafKind::registration, LeafKind::measurement, LeafKind::settlement,
      LeafKind::settlement, LeafKind::settlement,   LeafKind::settlement};
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_EQ(leaves[i].number, i);
    const auto leaf =
        codec::from_json<hub::PublicLeaf>(leaves[i].leaf, codec::Boundary::strict).value();
    EXPECT_EQ(leaf.kind, kinds[i]) << i;
    EXPECT_EQ(leaves[i].envelope.empty(),
              leaf.kind == LeafKind::hub || leaf.kind == LeafKind::settlement);
    if (leaves[i].envelope.empty()) continue;
    EXPECT_EQ(leaf.digest, crypto::to_text(crypto::compute_sha256(leaves[i].envelope)));
  }
  const auto head = world.get_view<PublicHeadView>("/v1/public/head");
  const auto opened = hub::open_public_head(head.envelope, world.backend.registry_key.public_key());
  ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
  EXPECT_EQ(*opened, head.head);
  EXPECT_EQ(opened->size, leaves.size());
  EXPECT_EQ(opened->root, crypto::to_text(compute_root(leaves, 0, leaves.size())));
  EXPECT_EQ(hub::open_public_head(head.envelope, make_test_key(3).public_key()).error().reason,
            core::Reason::bad_signature);
}

TEST(PublicLog, ProvesEveryLeafAndEverySize) {
  PublicWorld world;
  world.fill(8);
  const auto leaves = world.get_leaves();
  ASSERT_EQ(leaves.size(), 19u);
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const crypto::Digest root = compute_root(leaves, 0, size);
    for (std::size_t leaf = 0; leaf < size; ++leaf) {
      const auto view = world.get_view<InclusionView>(
          "/v1/public/proof?leaf=" + std::to_string(leaf) + "&size=" + std::to_string(size));
      crypto::Digest hash = crypto::compute_leaf_hash(crypto::as_bytes(leaves[leaf].leaf));
      ASSERT_TRUE(crypto::verify_inclusion(hash, leaf, size, parse(view.proof), root));
      std::string flipped = leaves[leaf].leaf;
      flipped[flipped.size() / 2] ^= 1;
      hash = crypto::compute_leaf_hash(crypto::as_bytes(flipped));
      ASSERT_FALSE(crypto::verify_inclusion(hash, leaf, size, parse(view.proof), root));
    }
    for (std::size_t older = 1; older <= size; ++older) {
      const auto view = world.get_view<ConsistencyView>(
          "/v1/public/consistency?from=" + std::to_string(older) + "&to=" + std::to_string(size));
      const crypto::TreeHead old_head{older, compute_root(leaves, 0, older)};
      ASSERT_TRUE(crypto::verify_consistency(old_head, {size, root}, parse(view.proof)));
    }
  }
}

TEST(PublicLog, PagesAndRefusesWhatItHasNot) {
  PublicWorld world;
  world.fill(2);
  const auto page = world.get_view<PublicLeafList>("/v1/public/leaves?from=2&limit=3").leaves;
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page.front().number, 2u);
  EXPECT_TRUE(world.get_view<PublicLeafList>("/v1/public/leaves?from=7").leaves.empty());
  for (const char* target :
       {"/v1/public/proof?leaf=0&size=8", "/v1/public/proof?leaf=7&size=7",
        "/v1/public/proof?leaf=0&size=0", "/v1/public/consistency?from=3&to=8",
        "/v1/public/consistency?from=0&to=7", "/v1/public/consistency?from=5&to=4",
        "/v1/public/proof?leaf=0&size=18446744073709551615"}) {
    EXPECT_EQ(ApiWorld::read_code(world.get_open(target)), "out_of_range") << target;
  }
  EXPECT_EQ(ApiWorld::read_code(world.get_open("/v1/public/proof?leaf=0")), "bad_field");
}

}  // namespace
}  // namespace intertie::api
