// RFC 6962 vectors, and every proof of every tree up to 40 leaves against the recursive definition.
#include "intertie/crypto/merkle.h"

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::crypto {
namespace {

// The leaves and roots of Certificate Transparency's merkle tree test.
constexpr const char* kLeaves[] = {"",
                                   "00",
                                   "10",
                                   "2021",
                                   "3031",
                                   "40414243",
                                   "5051525354555657",
                                   "606162636465666768696a6b6c6d6e6f"};
constexpr const char* kRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

TEST(MerkleTree, GivesTheRootsOfRfc6962) {
  MerkleTree tree;
  MerkleFrontier frontier;
  EXPECT_EQ(encode_hex(tree.compute_root().bytes), kRoots[0]);
  EXPECT_EQ(encode_hex(frontier.compute_root().bytes), kRoots[0]);
  for (std::size_t i = 0; i < std::size(kLeaves); ++i) {
    const ByteString leaf = *decode_hex(kLeaves[i]);
    tree.append(leaf);
    frontier.append_leaf_hash(compute_leaf_hash(leaf));
    EXPECT_EQ(tree.size(), i + 1);
    EXPECT_EQ(encode_hex(tree.compute_root().bytes), kRoots[i + 1]);
    EXPECT_EQ(encode_hex(frontier.compute_root().bytes), kRoots[i + 1]);
  }
  for (std::size_t i = 0; i <= std::size(kLeaves); ++i) {
    EXPECT_EQ(encode_hex(tree.compute_root(i).bytes), kRoots[i]) << "earlier size " << i;
  }
}

// The definitions of RFC 6962 section 2.1, word by word: the oracle.
using Leaves = std::span<const Digest>;

std::size_t split_of(std::size_t n) {
  std::size_t k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

Digest root_of(Leaves leaves) {
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = split_of(leaves.size());
  return compute_node_hash(root_of(leaves.first(k)), root_of(leaves.subspan(k)));
}

MerkleProof path_of(std::size_t m, Leaves leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = split_of(leaves.size());
  MerkleProof proof = m < k ? path_of(m, leaves.first(k)) : path_of(m - k, leaves.subspan(k));
  proof.push_back(root_of(m < k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

MerkleProof subproof_of(std::size_t m, Leaves leaves, bool is_whole) {
  if (m == leaves.size()) return is_whole ? MerkleProof{} : MerkleProof{root_of(leaves)};
  const std::size_t k = split_of(leaves.size());
  MerkleProof proof = m <= k ? subproof_of(m, leaves.first(k), is_whole)
                             : subproof_of(m - k, leaves.subspan(k), false);
  proof.push_back(root_of(m <= k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

struct Forest {
  std::vector<Digest> leaves;
  MerkleTree tree;
};

Forest grow(std::size_t size) {
  Forest forest;
  for (std::size_t i = 0; i < size; ++i) {
    forest.leaves.push_back(compute_leaf_hash(as_bytes("leaf " + std::to_string(i))));
    forest.tree.append_leaf_hash(forest.leaves.back());
  }
  return forest;
}

constexpr std::size_t kSize = 40;

TEST(MerkleTree, ProvesEveryLeafOfEverySize) {
  const Forest forest = grow(kSize);
  for (std::size_t size = 1; size <= kSize; ++size) {
    const Leaves leaves = Leaves(forest.leaves).first(size);
    const Digest root = forest.tree.compute_root(size);
    ASSERT_EQ(root, root_of(leaves));
    for (std::size_t index = 0; index < size; ++index) {
      const MerkleProof proof = forest.tree.prove_inclusion(index, size);
      ASSERT_EQ(proof, path_of(index, leaves)) << index << " of " << size;
      ASSERT_TRUE(verify_inclusion(leaves[index], index, size, proof, root));
      for (std::size_t other = 0; other <= size; ++other) {
        ASSERT_EQ(verify_inclusion(leaves[index], other, size, proof, root), other == index);
      }
    }
  }
}

TEST(MerkleTree, ProvesThatEverySizeContinuesEveryEarlierOne) {
  const Forest forest = grow(kSize);
  for (std::size_t newer = 1; newer <= kSize; ++newer) {
    const TreeHead new_head{newer, forest.tree.compute_root(newer)};
    EXPECT_TRUE(verify_consistency({0, compute_sha256(ByteView{})}, new_head, {}));
    EXPECT_FALSE(verify_consistency({0, new_head.root}, new_head, {}));
    for (std::size_t older = 1; older <= newer; ++older) {
      const TreeHead old_head{older, forest.tree.compute_root(older)};
      const MerkleProof proof = forest.tree.prove_consistency(older, newer);
      ASSERT_EQ(proof, subproof_of(older, Leaves(forest.leaves).first(newer), true))
          << older << " to " << newer;
      ASSERT_TRUE(verify_consistency(old_head, new_head, proof)) << older << " to " << newer;
      if (older == newer) continue;
      ASSERT_FALSE(verify_consistency(new_head, old_head, proof));
      ASSERT_FALSE(verify_consistency({older, new_head.root}, new_head, proof));
      ASSERT_FALSE(verify_consistency(old_head, {newer, old_head.root}, proof));
      ASSERT_FALSE(verify_consistency(old_head, new_head, {}));
    }
  }
}

TEST(MerkleTree, NoticesAChangedShortenedOrLengthenedProof) {
  const Forest forest = grow(kSize);
  const std::size_t size = 37;
  const Digest root = forest.tree.compute_root(size);
  for (std::size_t index = 0; index < size; ++index) {
    const MerkleProof proof = forest.tree.prove_inclusion(index, size);
    for (std::size_t i = 0; i < proof.size(); ++i) {
      MerkleProof other = proof;
      other[i].bytes[i] ^= 1;
      EXPECT_FALSE(verify_inclusion(forest.leaves[index], index, size, other, root));
    }
    MerkleProof other = proof;
    other.push_back(root);
    EXPECT_FALSE(verify_inclusion(forest.leaves[index], index, size, other, root));
    other = proof;
    other.pop_back();
    EXPECT_FALSE(verify_inclusion(forest.leaves[index], index, size, other, root));
    EXPECT_FALSE(verify_inclusion(root, index, size, proof, root));
  }
  for (std::size_t older = 1; older < size; ++older) {
    const TreeHead old_head{older, forest.tree.compute_root(older)};
    const MerkleProof proof = forest.tree.prove_consistency(older, size);
    for (std::size_t i = 0; i < proof.size(); ++i) {
      MerkleProof other = proof;
      other[i].bytes[0] ^= 0x80;
      EXPECT_FALSE(verify_consistency(old_head, {size, root}, other));
      other = proof;
      other.erase(other.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(verify_consistency(old_head, {size, root}, other));
    }
    MerkleProof other = proof;
    other.push_back(root);
    EXPECT_FALSE(verify_consistency(old_head, {size, root}, other));
  }
}

TEST(MerkleFrontier, FollowsTheTreeAndIsRestored) {
  const Forest forest = grow(1000);
  MerkleFrontier frontier;
  for (std::size_t i = 0; i < forest.leaves.size(); ++i) {
    frontier.append_leaf_hash(forest.leaves[i]);
    EXPECT_EQ(frontier.compute_root(), forest.tree.compute_root(i + 1));
    if (i % 37 == 0) {
      const auto kept = frontier.subtrees();
      frontier = MerkleFrontier::restore(frontier.size(), {kept.begin(), kept.end()});
    }
  }
  EXPECT_LE(frontier.subtrees().size(), 10u);
}

// Against trees made of the leaves below each node alone.
TEST(MerkleFrontier, FindsTheNodesThatALeafCompletes) {
  const Forest forest = grow(130);
  MerkleFrontier frontier;
  for (std::size_t i = 0; i < forest.leaves.size(); ++i) {
    std::vector<MerkleNode> expected;
    for (int level = 0; (i + 1) % (std::size_t{1} << level) == 0; ++level) {
      const std::size_t width = std::size_t{1} << level;
      MerkleTree below;
      for (std::size_t j = i + 1 - width; j <= i; ++j) below.append_leaf_hash(forest.leaves[j]);
      expected.push_back({level, i / width, below.compute_root()});
    }
    EXPECT_EQ(frontier.find_new_nodes(forest.leaves[i]), expected) << i;
    frontier.append_leaf_hash(forest.leaves[i]);
  }
}

TEST(MerkleHashes, SeparateLeavesFromNodes) {
  const Digest a = compute_leaf_hash(as_bytes("a"));
  const Digest b = compute_leaf_hash(as_bytes("b"));
  std::string both(as_text(a.bytes));
  both += as_text(b.bytes);
  EXPECT_NE(compute_leaf_hash(as_bytes(both)), compute_node_hash(a, b));
}

}  // namespace
}  // namespace intertie::crypto
