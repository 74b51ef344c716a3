// The index built anew from the log is the one that was written with it; damage is named.
#include "intertie/engine/index_rebuild.h"

#include "intertie/hub/index_tables.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

void play(TestWorld& world) {
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(2));
  world.measure(*site);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(world.submit(TestWorld::make_document(), "key-" + std::to_string(i)).has_value());
  }
  for (const execution::HubMessage& message : world.read_rows(*site)) {
    const auto* start = std::get_if<execution::StartAttempt>(&message);
    if (start != nullptr) world.run(*site, *start, core::seconds(5));
  }
}

std::vector<std::string> find_damage(TestWorld& world) {
  HubMachine machine;
  const auto reader = world.store().open_reader().value();
  const auto damage = engine::find_index_damage(machine, *reader);
  EXPECT_TRUE(damage.has_value()) << core::to_text(damage.error());
  return damage ? *damage : std::vector<std::string>{"unreadable"};
}

TEST(IndexRebuild, AgreesWithTheIndexThatWasWrittenWithTheLog) {
  TestWorld world;
  play(world);
  EXPECT_EQ(find_damage(world), std::vector<std::string>());
  HubMachine machine;
  ASSERT_TRUE(engine::rebuild_index(machine, world.store()).has_value());
  EXPECT_EQ(find_damage(world), std::vector<std::string>());
  const auto reader = world.store().open_reader().value();
  EXPECT_EQ(reader->read_indexed_up_to().value(), world.store().last().index);
  EXPECT_TRUE(world.submit(TestWorld::make_document()).has_value());  // And it goes on.
  EXPECT_EQ(find_damage(world), std::vector<std::string>());
}

TEST(IndexRebuild, ChangedMissingAndAddedRowsAreFoundAndMended) {
  TestWorld world;
  play(world);
  const auto table = static_cast<storage::TableId>(Table::job_events);
  const auto rows = world.store().open_reader().value()->scan_index({table, "", {}, 10});
  ASSERT_GE(rows.value().size(), 3u);
  std::string flipped = (*rows)[0].value;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  const std::vector<storage::IndexWrite> damage = {storage::put(table, (*rows)[0].key, flipped),
                                                   storage::erase(table, (*rows)[1].key),
                                                   storage::put(table, "not a key of ours", "x")};
  for (const storage::IndexWrite& write : damage) {
    ASSERT_TRUE(world.store().extend_index({write}, world.store().last().index).has_value());
    EXPECT_EQ(find_damage(world).size(), 1u) << write.key;
    HubMachine machine;
    ASSERT_TRUE(engine::rebuild_index(machine, world.store()).has_value());
    EXPECT_EQ(find_damage(world), std::vector<std::string>());
  }
}

}  // namespace
}  // namespace intertie::hub
