// A usage record with any byte changed costs nothing, and the whole one is charged afterwards.
#include "test_world.h"

namespace intertie::hub {
namespace {

TEST(UsageDamage, EveryFlippedByteIsDisputed) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1));
  world.measure(*site);
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  execution::StartAttempt start;
  for (const execution::HubMessage& message : world.read_rows(*site)) {
    if (const auto* found = std::get_if<execution::StartAttempt>(&message)) start = *found;
  }
  const core::Time began = world.now;
  world.advance(core::seconds(10));
  const std::string envelope = world.make_usage(*site, start, began, world.now);
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    std::string flipped = envelope;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    world.say(*site, execution::UsageReport{start.job, start.attempt, flipped});
    ASSERT_EQ(world.machine().state().counters.disputes, i + 1) << "byte " << i;
  }
  EXPECT_EQ(world.balance("plant").count, 0);
  world.say(*site, execution::UsageReport{start.job, start.attempt, envelope});
  EXPECT_EQ(world.balance("plant").count, 9'900);
}

}  // namespace
}  // namespace intertie::hub
