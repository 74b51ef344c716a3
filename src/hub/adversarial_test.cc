// Adversarial tests 31, 33 and 34: histories put back, proofs of something else, two heads of one
// size. The verifier's side is what a witness runs (intertie log public verify).
#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/crypto/merkle.h"
#include "intertie/hub/public_log.h"
#include "intertie/hub/public_mirror.h"
#include "intertie/identity/envelope.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

crypto::KeyPair make_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, seed));
}

/// A public log of settlements, told from a key of the hub.
struct Told {
  std::vector<std::string> leaves;
  crypto::MerkleTree tree;

  Told(const crypto::KeyPair& key, int count, char mark) {
    add({LeafKind::hub, TestWorld::kStart, "hub", "", crypto::to_text(key.public_key()), 0});
    for (int i = 1; i < count; ++i) {
      add({LeafKind::settlement, TestWorld::kStart, "", std::string(1, mark) + std::to_string(i),
           "", 0});
    }
  }
  void add(const PublicLeaf& leaf) {
    leaves.push_back(encode_leaf(leaf));
    tree.append(crypto::as_bytes(leaves.back()));
  }
  PublicHead head(std::uint64_t size) const {
    return {"hub", std::string(kTreeAlg), size, crypto::to_text(tree.compute_root(size)),
            TestWorld::kStart};
  }
  PublicHead head() const { return head(tree.size()); }
};

core::Result<void> mirror(const Told& told, const PublicHead& head,
                          const std::optional<PublicHead>& earlier, const crypto::PublicKey& key) {
  PublicMirror witness(key, earlier);
  for (std::size_t i = 0; i < told.leaves.size(); ++i) {
    if (auto added = witness.add(i, told.leaves[i], ""); !added) return added;
  }
  crypto::MerkleProof proof;
  if (earlier && earlier->size > 0 && earlier->size <= told.tree.size()) {
    proof = told.tree.prove_consistency(earlier->size, told.tree.size());
  }
  return witness.finish(head, proof);
}

std::string code_of(const core::Result<void>& result) {
  return result ? "sound" : std::string(core::reason_code(result.error().reason));
}

// The class of fault by which verifiers took a valid proof of another artefact's entry.
TEST(Adversarial, A33_AProofOfAnotherEntryOrSizeProvesNothing) {
  const crypto::KeyPair key = make_key(5);
  const Told told(key, 21, 'a');
  const auto hash_of = [&](std::size_t leaf) {
    return crypto::compute_leaf_hash(crypto::as_bytes(told.leaves[leaf]));
  };
  for (std::uint64_t size = 1; size <= told.leaves.size(); ++size) {
    const crypto::Digest root = told.tree.compute_root(size);
    for (std::uint64_t leaf = 0; leaf < size; ++leaf) {
      const auto proof = told.tree.prove_inclusion(leaf, size);
      ASSERT_TRUE(crypto::verify_inclusion(hash_of(leaf), leaf, size, proof, root));
      for (std::uint64_t other = 0; other < told.leaves.size(); ++other) {
        if (other == leaf) continue;
        // Another entry under this proof, this entry in another place, another size's root.
        EXPECT_FALSE(crypto::verify_inclusion(hash_of(other), leaf, size, proof, root));
        EXPECT_FALSE(crypto::verify_inclusion(hash_of(leaf), other, size, proof, root));
        if (other + 1 == size) continue;
        EXPECT_FALSE(crypto::verify_inclusion(hash_of(leaf), leaf, size, proof,
                                              told.tree.compute_root(other + 1)));
      }
    }
  }
}

TEST(Adversarial, A33_AHeadOfAnOldKeyOrAnotherTypeIsRefused) {
  const crypto::KeyPair old_key = make_key(5);
  const crypto::KeyPair key = make_key(6);
  const Told told(key, 9, 'a');
  const std::string content = codec::to_json(told.head());
  const std::string right = identity::seal_envelope(kTreeHeadType, content, key).value();
  EXPECT_TRUE(open_public_head(right, key.public_key()).has_value());
  const std::string stale = identity::seal_envelope(kTreeHeadType, content, old_key).value();
  EXPECT_EQ(open_public_head(stale, key.public_key()).error().reason, core::Reason::bad_signature);
  // The same bytes signed as something else.
  const std::string other = identity::seal_envelope("application/json", content, key).value();
  EXPECT_FALSE(open_public_head(other, key.public_key()).has_value());
  // Leaves of a log whose first leaf names the old key.
  const Told before(old_key, 9, 'a');
  EXPECT_EQ(code_of(mirror(before, before.head(), {}, key.public_key())), "bad_key");
  // A head for another number of leaves than are shown.
  EXPECT_EQ(code_of(mirror(told, told.head(8), {}, key.public_key())), "record_forked");
}

TEST(Adversarial, A34_TwoHeadsOfOneSizeAreAnAlarm) {
  const crypto::KeyPair key = make_key(5);
  const Told told(key, 13, 'a');
  Told forked(key, 6, 'a');
  for (int i = 6; i < 13; ++i) {
    forked.add({LeafKind::settlement, TestWorld::kStart, "", "b" + std::to_string(i), "", 0});
  }
  ASSERT_EQ(told.head().size, forked.head().size);
  ASSERT_NE(told.head().root, forked.head().root);
  // Each for itself is sound; who has seen one catches the other, at this size and later.
  EXPECT_EQ(code_of(mirror(forked, forked.head(), {}, key.public_key())), "sound");
  EXPECT_EQ(code_of(mirror(forked, forked.head(), told.head(), key.public_key())), "record_forked");
  forked.add({LeafKind::settlement, TestWorld::kStart, "", "b13", "", 0});
  EXPECT_EQ(code_of(mirror(forked, forked.head(), told.head(), key.public_key())), "record_forked");
  // What both have in common is no alarm.
  EXPECT_EQ(code_of(mirror(forked, forked.head(), told.head(6), key.public_key())), "sound");
}

// Last week's file is sound in itself. Whoever remembers more says so: the sites, and any witness.
TEST(Adversarial, A31_AHistoryPutBackIsCaughtBySitesAndWitnesses) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(4));
  world.measure(*site);
  const PublicHead seen = make_public_head(world.machine().state());
  TestWorld restored;
  restored.create_hub();
  auto again = restored.join("alpha", TestWorld::make_pool(4));
  const PublicHead put_back = make_public_head(restored.machine().state());
  EXPECT_LT(put_back.size, seen.size);
  // The site has sent a row that the hub of last week has not.
  const auto refused = restored.ask(
      OpenSiteChannel{again->handle,
                      {"inc-" + site->identifier, site->outbox.last_number(),
                       crypto::to_text(site->outbox.last_hash()), site->seen + 7,
                       crypto::to_text(crypto::compute_sha256("rows that this hub never sent"))}});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::channel_diverged);
  const crypto::KeyPair key = make_key(5);
  const Told longer(key, 9, 'a');
  const Told shorter(key, 5, 'a');
  EXPECT_EQ(code_of(mirror(shorter, shorter.head(), longer.head(), key.public_key())),
            "record_forked");
}

}  // namespace
}  // namespace intertie::hub
