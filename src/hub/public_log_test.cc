// The public log of a hub that is played by hand: rebuilt, restarted, and rewritten.
#include "intertie/hub/public_log.h"

#include <map>

#include "intertie/hub/index_tables.h"
#include "intertie/hub/public_mirror.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

struct Played {
  TestWorld world;
  explicit Played(const std::string& site_name = "alpha", int jobs = 3) {
    world.create_hub();
    auto site = world.join(site_name, TestWorld::make_pool(4));
    world.measure(*site);
    for (int i = 0; i < jobs; ++i) {
      EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());
      world.settle();
      for (const auto& message : world.read_rows(*site)) {
        const auto* start = std::get_if<execution::StartAttempt>(&message);
        if (start != nullptr) world.run(*site, *start, core::minutes(1));
      }
    }
  }
  PublicHead head() { return make_public_head(world.machine().state()); }

  // Number to leaf, and level and position to digest, as the index has them.
  std::map<std::string, std::string> rows(Table table) {
    auto reader = world.store().open_reader().value();
    storage::Scan scan;
    scan.table = static_cast<storage::TableId>(table);
    scan.limit = 1000;
    std::map<std::string, std::string> found;
    const auto page = reader->scan_index(scan).value();
    for (const storage::IndexRow& row : page) found.emplace(row.key, row.value);
    return found;
  }
  std::vector<std::string> leaves() {
    std::vector<std::string> texts;
    for (const auto& [key, value] : rows(Table::public_leaves)) {
      texts.push_back(codec::from_cbor<IndexedLeaf>(value, codec::Source::own)->leaf);
    }
    return texts;
  }
};

// The naive root, from all leaves at once.
std::string compute_root(const std::vector<std::string>& leaves, std::size_t size) {
  crypto::MerkleTree tree;
  for (std::size_t i = 0; i < size; ++i) tree.append(crypto::as_bytes(leaves[i]));
  return crypto::to_text(tree.compute_root());
}

TEST(PublicLog, TheHeadIsTheRootOfTheLeaves) {
  Played played;
  const auto leaves = played.leaves();
  EXPECT_EQ(leaves.size(), 5u);  // Hub, one statement, three settlements; no record in this world.
  EXPECT_EQ(played.head().size, leaves.size());
  EXPECT_EQ(played.head().root, compute_root(leaves, leaves.size()));
}

TEST(PublicLog, ARestartGivesTheSameHeadAndAnIndexFromTheLogTheSameRows) {
  Played played;
  const PublicHead before = played.head();
  const auto nodes = played.rows(Table::public_nodes);
  const auto leaves = played.rows(Table::public_leaves);
  // A snapshot in between changes nothing either.
  HubMachine restored;
  ASSERT_TRUE(restored.decode_state(played.world.machine().encode_state()).has_value());
  EXPECT_EQ(make_public_head(restored.state()), before);
  played.world.restart();
  EXPECT_EQ(played.head(), before);
  // The index again, from heads alone.
  HubMachine machine;
  std::vector<storage::IndexWrite> writes;
  auto reader = played.world.store().open_reader().value();
  const auto visit = [&](const storage::HeadView& head) {
    const auto event = HubMachine::decode(head.kind, head.version, head.head).value();
    machine.index(event, {head.index, head.time}, writes);
    machine.apply(event, {head.index, head.time});
    return true;
  };
  ASSERT_TRUE(reader->read_heads(1, 100'000, visit).has_value());
  std::map<std::string, std::string> rebuilt_nodes;
  std::map<std::string, std::string> rebuilt_leaves;
  for (const storage::IndexWrite& write : writes) {
    if (write.table == static_cast<storage::TableId>(Table::public_nodes)) {
      rebuilt_nodes.emplace(write.key, *write.value);
    }
    if (write.table == static_cast<storage::TableId>(Table::public_leaves)) {
      rebuilt_leaves.emplace(write.key, *write.value);
    }
  }
  EXPECT_EQ(rebuilt_nodes, nodes);
  EXPECT_EQ(rebuilt_leaves, leaves);
  EXPECT_EQ(make_public_head(machine.state()), before);
}

core::Result<void> mirror(const std::vector<std::string>& leaves, const PublicHead& head,
                          const std::optional<PublicHead>& earlier, const crypto::PublicKey& key) {
  PublicMirror mirror(key, earlier);
  crypto::MerkleTree tree;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (auto added = mirror.add(i, leaves[i], ""); !added) return added;
    tree.append(crypto::as_bytes(leaves[i]));
  }
  crypto::MerkleProof proof;
  if (earlier && earlier->size <= tree.size()) {
    proof = tree.prove_consistency(earlier->size, tree.size());
  }
  return mirror.finish(head, proof);
}

TEST(PublicMirror, CatchesAChangedLeafAndAnotherHistory) {
  const crypto::KeyPair key = crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, 5));
  const auto make_leaves = [&](int count, char mark) {
    std::vector<std::string> leaves = {encode_leaf(
        {LeafKind::hub, TestWorld::kStart, "hub", "", crypto::to_text(key.public_key()), 0})};
    for (int i = 1; i < count; ++i) {
      leaves.push_back(
          encode_leaf({LeafKind::settlement, TestWorld::kStart, "", std::string(1, mark), "", i}));
    }
    return leaves;
  };
  const auto make_head = [&](const std::vector<std::string>& leaves) {
    return PublicHead{"hub", std::string(kTreeAlg), leaves.size(),
                      compute_root(leaves, leaves.size()), TestWorld::kStart};
  };
  const auto honest = make_leaves(13, 'a');
  const auto longer = make_leaves(29, 'a');
  const PublicHead earlier = make_head(honest);
  EXPECT_TRUE(mirror(longer, make_head(longer), earlier, key.public_key()).has_value());
  EXPECT_TRUE(mirror(honest, earlier, earlier, key.public_key()).has_value());

  auto flipped = longer;
  flipped[7].replace(flipped[7].find("\"a\""), 3, "\"b\"");
  EXPECT_EQ(mirror(flipped, make_head(longer), {}, key.public_key()).error().reason,
            core::Reason::record_forked);
  // The hub signs the changed history too: only the earlier head shows it.
  EXPECT_TRUE(mirror(flipped, make_head(flipped), {}, key.public_key()).has_value());
  EXPECT_EQ(mirror(flipped, make_head(flipped), earlier, key.public_key()).error().reason,
            core::Reason::record_forked);
  const auto shorter = make_leaves(9, 'a');
  EXPECT_EQ(mirror(shorter, make_head(shorter), earlier, key.public_key()).error().reason,
            core::Reason::record_forked);
  const crypto::KeyPair other = crypto::KeyPair::from_seed(std::vector<std::uint8_t>(32, 6));
  EXPECT_EQ(mirror(honest, earlier, {}, other.public_key()).error().reason, core::Reason::bad_key);
}

}  // namespace
}  // namespace intertie::hub
