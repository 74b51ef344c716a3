// RFC 9162 section 2.1: the algorithms, written from the text of the standard.
#include "intertie/crypto/merkle.h"

#include <bit>
#include <cassert>
#include <cstddef>
#include <utility>

namespace intertie::crypto {
namespace {

constexpr std::array<std::uint8_t, 1> kLeafPrefix = {0x00};
constexpr std::array<std::uint8_t, 1> kNodePrefix = {0x01};

/// The largest power of two below `n`: where the standard splits a tree of n > 1 leaves.
std::uint64_t compute_split(std::uint64_t n) { return std::bit_floor(n - 1); }

core::Result<Digest> read_range(std::uint64_t begin, std::uint64_t end, const NodeReader& read) {
  const std::uint64_t count = end - begin;
  assert(count > 0);
  if (std::has_single_bit(count)) {
    const int level = std::countr_zero(count);
    assert(begin % count == 0);
    return read(level, begin >> level);
  }
  const std::uint64_t middle = begin + compute_split(count);
  const auto left = read_range(begin, middle, read);
  if (!left) return left;
  const auto right = read_range(middle, end, read);
  if (!right) return right;
  return compute_node_hash(*left, *right);
}

}  // namespace

Digest compute_leaf_hash(ByteView leaf) {
  return Sha256().update(kLeafPrefix).update(leaf).finish();
}

Digest compute_node_hash(const Digest& left, const Digest& right) {
  std::array<std::uint8_t, 1 + 2 * Digest::kLength> node;
  node[0] = kNodePrefix[0];
  std::copy(left.bytes.begin(), left.bytes.end(), node.begin() + 1);
  std::copy(right.bytes.begin(), right.bytes.end(), node.begin() + 1 + Digest::kLength);
  return compute_sha256(node);
}

core::Result<Digest> read_root(std::uint64_t size, const NodeReader& read) {
  if (size == 0) return compute_sha256(ByteView{});
  return read_range(0, size, read);
}

core::Result<MerkleProof> read_inclusion_proof(std::uint64_t index, std::uint64_t size,
                                               const NodeReader& read) {
  assert(index < size);
  MerkleProof proof;  // Collected from the root down, while the standard lists it leaf first.
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + compute_split(end - begin);
    const bool is_left = index < middle;
    const auto sibling = is_left ? read_range(middle, end, read) : read_range(begin, middle, read);
    if (!sibling) return sibling.error();
    proof.push_back(*sibling);
    (is_left ? end : begin) = middle;
  }
  return MerkleProof(proof.rbegin(), proof.rend());
}

core::Result<MerkleProof> read_consistency_proof(std::uint64_t old_size, std::uint64_t new_size,
                                                 const NodeReader& read) {
  assert(0 < old_size && old_size <= new_size);
  MerkleProof proof;
  std::uint64_t begin = 0;
  std::uint64_t end = new_size;
  while (old_size < end) {
    const std::uint64_t middle = begin + compute_split(end - begin);
    const bool is_left = old_size <= middle;
    const auto other = is_left ? read_range(middle, end, read) : read_range(begin, middle, read);
    if (!other) return other.error();
    proof.push_back(*other);
    (is_left ? end : begin) = middle;
  }
  // The verifier knows the old root already; it needs this subtree only if it is a smaller one.
  if (begin != 0) {
    const auto last = read_range(begin, end, read);
    if (!last) return last.error();
    proof.push_back(*last);
  }
  return MerkleProof(proof.rbegin(), proof.rend());
}

void MerkleTree::append_leaf_hash(const Digest& leaf_hash) {
  Digest hash = leaf_hash;
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    std::vector<Digest>& row = levels_[level];
    row.push_back(hash);
    if (row.size() % 2 != 0) return;  // Its sibling is still to come.
    hash = compute_node_hash(row[row.size() - 2], row.back());
  }
}

NodeReader MerkleTree::make_reader() const {
  return [this](int level, std::uint64_t position) -> core::Result<Digest> {
    return levels_[static_cast<std::size_t>(level)][position];
  };
}

Digest MerkleTree::compute_root(std::uint64_t size) const {
  assert(size <= this->size());
  return read_root(size, make_reader()).value();
}

MerkleProof MerkleTree::prove_inclusion(std::uint64_t index, std::uint64_t size) const {
  assert(size <= this->size());
  return read_inclusion_proof(index, size, make_reader()).value();
}

MerkleProof MerkleTree::prove_consistency(std::uint64_t old_size, std::uint64_t new_size) const {
  assert(new_size <= size());
  return read_consistency_proof(old_size, new_size, make_reader()).value();
}

void MerkleFrontier::append_leaf_hash(const Digest& leaf_hash) {
  Digest hash = leaf_hash;
  for (std::uint64_t rest = size_; rest % 2 == 1; rest /= 2) {
    hash = compute_node_hash(subtrees_.back(), hash);
    subtrees_.pop_back();
  }
  subtrees_.push_back(hash);
  ++size_;
}

std::vector<MerkleNode> MerkleFrontier::find_new_nodes(const Digest& leaf_hash) const {
  std::vector<MerkleNode> nodes = {{0, size_, leaf_hash}};
  std::size_t left = subtrees_.size();
  for (std::uint64_t rest = size_; rest % 2 == 1; rest /= 2) {
    const MerkleNode& below = nodes.back();
    nodes.push_back(
        {below.level + 1, below.position / 2, compute_node_hash(subtrees_[--left], below.digest)});
  }
  return nodes;
}

Digest MerkleFrontier::compute_root() const {
  if (subtrees_.empty()) return compute_sha256(ByteView{});
  Digest root = subtrees_.back();
  for (std::size_t i = subtrees_.size() - 1; i > 0; --i) {
    root = compute_node_hash(subtrees_[i - 1], root);
  }
  return root;
}

MerkleFrontier MerkleFrontier::restore(std::uint64_t size, std::vector<Digest> subtrees) {
  assert(static_cast<int>(subtrees.size()) == std::popcount(size));
  MerkleFrontier frontier;
  frontier.size_ = size;
  frontier.subtrees_ = std::move(subtrees);
  return frontier;
}

bool verify_inclusion(const Digest& leaf_hash, std::uint64_t index, std::uint64_t size,
                      std::span<const Digest> proof, const Digest& root) {
  if (index >= size) return false;
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Digest hash = leaf_hash;
  for (const Digest& sibling : proof) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      hash = compute_node_hash(sibling, hash);
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      hash = compute_node_hash(hash, sibling);
    }
    node /= 2;
    last /= 2;
  }
  return last == 0 && hash == root;
}

bool verify_consistency(const TreeHead& older, const TreeHead& newer,
                        std::span<const Digest> proof) {
  if (older.size > newer.size) return false;
  if (older.size == newer.size) return proof.empty() && older.root == newer.root;
  if (older.size == 0) return proof.empty() && older.root == compute_sha256(ByteView{});
  MerkleProof path;
  // A complete old tree is itself the first subtree.
  if (std::has_single_bit(older.size)) path.push_back(older.root);
  path.insert(path.end(), proof.begin(), proof.end());
  if (path.empty()) return false;

  std::uint64_t node = older.size - 1;
  std::uint64_t last = newer.size - 1;
  while (node % 2 == 1) {
    node /= 2;
    last /= 2;
  }
  Digest old_root = path.front();
  Digest new_root = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (last == 0) return false;
    if (node % 2 == 1 || node == last) {
      old_root = compute_node_hash(path[i], old_root);
      new_root = compute_node_hash(path[i], new_root);
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      new_root = compute_node_hash(new_root, path[i]);
    }
    node /= 2;
    last /= 2;
  }
  return last == 0 && old_root == older.root && new_root == newer.root;
}

}  // namespace intertie::crypto
