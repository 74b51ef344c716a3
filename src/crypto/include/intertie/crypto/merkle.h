// The Merkle tree of RFC 6962 / RFC 9162: roots, inclusion and consistency proofs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/digest.h"

namespace intertie::crypto {

/// SHA-256(0x00 || leaf).
Digest compute_leaf_hash(ByteView leaf);
/// SHA-256(0x01 || left || right).
Digest compute_node_hash(const Digest& left, const Digest& right);

using MerkleProof = std::vector<Digest>;

/// The root of a complete subtree: the leaves [position * 2^level, (position + 1) * 2^level).
struct MerkleNode {
  int level = 0;
  std::uint64_t position = 0;
  Digest digest;

  friend bool operator==(const MerkleNode&, const MerkleNode&) = default;
};

/// Gives the digest of a complete subtree from wherever nodes are kept, or a refusal, which the
/// functions below pass on. They ask for O(log n) nodes.
using NodeReader = std::function<core::Result<Digest>(int level, std::uint64_t position)>;

/// The same as the members of MerkleTree, for a tree whose nodes lie elsewhere.
core::Result<Digest> read_root(std::uint64_t size, const NodeReader& read);
core::Result<MerkleProof> read_inclusion_proof(std::uint64_t index, std::uint64_t size,
                                               const NodeReader& read);
core::Result<MerkleProof> read_consistency_proof(std::uint64_t old_size, std::uint64_t new_size,
                                                 const NodeReader& read);

/// An append-only tree that keeps the hash of every complete subtree (64 bytes a leaf) and so can
/// prove anything about any of its earlier sizes. Not thread-safe.
class MerkleTree {
 public:
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_.front().size(); }

  /// Amortised two hashes, O(log n) at worst.
  void append(ByteView leaf) { append_leaf_hash(compute_leaf_hash(leaf)); }
  void append_leaf_hash(const Digest& leaf_hash);

  /// The root of the first `size` leaves (size <= size()). O(log n). The empty tree's root is
  /// SHA-256 of nothing.
  Digest compute_root(std::uint64_t size) const;
  Digest compute_root() const { return compute_root(size()); }

  /// That leaf `index` stands in the tree of the first `size` leaves (index < size <= size()).
  /// O(log^2 n); at most 64 digests.
  MerkleProof prove_inclusion(std::uint64_t index, std::uint64_t size) const;

  /// That the tree of `new_size` leaves begins with the tree of `old_size` leaves
  /// (0 < old_size <= new_size <= size()). Empty if they are equal.
  MerkleProof prove_consistency(std::uint64_t old_size, std::uint64_t new_size) const;

 private:
  NodeReader make_reader() const;

  std::vector<std::vector<Digest>> levels_;  // levels_[k][i] covers leaves [i*2^k, (i+1)*2^k).
};

/// The same tree without proofs: only the roots of the complete subtrees on its right edge, at most
/// 64 digests, so it can stand in a snapshot.
class MerkleFrontier {
 public:
  std::uint64_t size() const { return size_; }
  void append_leaf_hash(const Digest& leaf_hash);
  Digest compute_root() const;

  /// The nodes that become complete when this leaf is appended: the leaf itself, then upwards. At
  /// most 64; two on average.
  std::vector<MerkleNode> find_new_nodes(const Digest& leaf_hash) const;

  /// The digests, largest subtree first; with size() they restore the frontier.
  std::span<const Digest> subtrees() const { return subtrees_; }
  /// Asserts that the number of subtrees is the number of one-bits of `size`.
  static MerkleFrontier restore(std::uint64_t size, std::vector<Digest> subtrees);

  friend bool operator==(const MerkleFrontier&, const MerkleFrontier&) = default;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> subtrees_;
};

/// RFC 9162 section 2.1.3.2. False for any wrong index, size, leaf, root or proof length.
bool verify_inclusion(const Digest& leaf_hash, std::uint64_t index, std::uint64_t size,
                      std::span<const Digest> proof, const Digest& root);

/// A root and how many leaves it stands for.
struct TreeHead {
  std::uint64_t size = 0;
  Digest root;
  friend bool operator==(const TreeHead&, const TreeHead&) = default;
};

/// RFC 9162 section 2.1.4.2. An empty old tree is consistent with every tree (empty proof).
bool verify_consistency(const TreeHead& older, const TreeHead& newer,
                        std::span<const Digest> proof);

}  // namespace intertie::crypto
