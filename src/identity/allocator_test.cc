// Numbers are dense, distinct and never handed out twice.
#include "intertie/identity/allocator.h"

#include <set>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/core/random.h"

namespace intertie::identity {
namespace {

AllocatorState make_state() { return make_allocator(*parse_registry_code("44")); }

TEST(Allocator, BeginsWithTheRegistryItself) {
  const AllocatorState state = make_allocator(*parse_registry_code("11"));
  EXPECT_EQ(to_text(get_registry_identifier(state)), "11R000000000012H");
  EXPECT_EQ(find_next(state, EntityType::line, 0)->serial(), 2u);
}

TEST(Allocator, FindingChangesNothing) {
  AllocatorState state = make_state();
  const Identifier first = *find_next_participant(state);
  EXPECT_EQ(*find_next_participant(state), first);
  EXPECT_EQ(first.type(), EntityType::participant);
  EXPECT_EQ(first.participant(), 1u);
  apply_allocation(state, first);
  EXPECT_EQ(find_next_participant(state)->participant(), 2u);
  EXPECT_EQ(find_next(state, EntityType::site, 1)->serial(), 1u);
}

TEST(Allocator, NeverRepeatsAnIdentifier) {
  core::Random random(6);
  AllocatorState state = make_state();
  std::set<Identifier> seen = {get_registry_identifier(state)};
  std::set<std::pair<std::uint32_t, std::uint32_t>> numbers;
  const auto take = [&](const Identifier& id) {
    EXPECT_TRUE(seen.insert(id).second);
    EXPECT_TRUE(numbers.emplace(id.participant(), id.serial()).second) << to_text(id);
  };
  for (int round = 0; round < 3'000; ++round) {
    const auto participant = static_cast<std::uint32_t>(random.below(state.next_serials.size()));
    const auto type = static_cast<EntityType>(random.between(2, kEntityTypeCount - 1));
    if (random.chance(1, 10)) {
      const Identifier id = *find_next_participant(state);
      take(id);
      apply_allocation(state, id);
    } else if (random.chance(1, 10)) {
      SerialBlock block = *find_next_block(state, participant, 5);
      apply_block(state, block);
      for (int i = 0; i < 5; ++i) take(*mint(block, type));
      EXPECT_FALSE(mint(block, type).has_value());
    } else {
      const Identifier id = *find_next(state, type, participant);
      take(id);
      apply_allocation(state, id);
    }
  }
  const auto copy =
      codec::from_json<AllocatorState>(codec::to_json(state), codec::Boundary::strict);
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(*copy, state);
}

TEST(Allocator, RefusesTheUnknownAndTheExhausted) {
  AllocatorState state = make_state();
  EXPECT_EQ(find_next(state, EntityType::site, 1).error().reason, core::Reason::unknown_identifier);
  EXPECT_EQ(find_next(state, EntityType::participant, 0).error().reason, core::Reason::bad_field);
  EXPECT_EQ(find_next(state, EntityType::registry, 0).error().reason, core::Reason::bad_field);
  EXPECT_EQ(find_next_block(state, 0, 0).error().reason, core::Reason::out_of_range);
  state.next_serials[0] = serial_max;
  EXPECT_EQ(find_next_block(state, 0, 2).error().reason, core::Reason::identifiers_exhausted);
  EXPECT_EQ(find_next_block(state, 0, 1)->end, serial_max + 1);
  const Identifier last = *find_next(state, EntityType::site, 0);
  EXPECT_EQ(last.serial(), serial_max);
  apply_allocation(state, last);
  EXPECT_EQ(find_next(state, EntityType::site, 0).error().reason,
            core::Reason::identifiers_exhausted);
  EXPECT_EQ(find_next_block(state, 0, 1).error().reason, core::Reason::identifiers_exhausted);
  state.next_serials.resize(participant_max + std::size_t{1}, 1);
  EXPECT_EQ(find_next_participant(state).error().reason, core::Reason::identifiers_exhausted);
  state.next_serials.pop_back();
  EXPECT_EQ(find_next_participant(state)->participant(), participant_max);
}

}  // namespace
}  // namespace intertie::identity
