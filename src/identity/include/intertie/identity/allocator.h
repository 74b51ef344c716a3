// Handing out identifiers: a registry's participant and serial numbers. Numbers are never reused.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/identity/identifier.h"

namespace intertie::identity {

/// What a registry must remember. Participant numbers are dense from 1; number 0 is the registry.
/// The serials of one participant are shared by all types, so no two of its things look alike.
struct AllocatorState {
  RegistryCode registry;
  /// The next free serial of each participant; the index is the participant number.
  std::vector<std::uint32_t> next_serials;

  friend bool operator==(const AllocatorState&, const AllocatorState&) = default;
};
BOOST_DESCRIBE_STRUCT(AllocatorState, (), (registry, next_serials))

/// Serials [next, end) of one participant, which it may mint offline.
struct SerialBlock {
  RegistryCode registry;
  std::uint32_t participant = 0;
  std::uint32_t next = 0;
  std::uint32_t end = 0;

  friend bool operator==(const SerialBlock&, const SerialBlock&) = default;
};
BOOST_DESCRIBE_STRUCT(SerialBlock, (), (registry, participant, next, end))

/// A registry that has allocated nothing but itself (type R, participant 0, serial 1).
AllocatorState make_allocator(RegistryCode registry);

/// The registry's own identifier.
Identifier get_registry_identifier(const AllocatorState& state);

/// The identifier (type X, serial 0) the next participant will get. Changes nothing: log it, then
/// apply_allocation. identifiers_exhausted after 33.5 million.
core::Result<Identifier> find_next_participant(const AllocatorState& state);

/// The identifier the next thing of this participant will get; `type` is neither registry nor
/// participant (bad_field). unknown_identifier for a participant never allocated here;
/// identifiers_exhausted after 1.07 billion.
core::Result<Identifier> find_next(const AllocatorState& state, EntityType type,
                                   std::uint32_t participant);

/// The next `count` (1 to 1,000,000) serials of a participant as a block; then apply_block.
core::Result<SerialBlock> find_next_block(const AllocatorState& state, std::uint32_t participant,
                                          std::uint32_t count);

/// Takes the number out of the free ones. Asserts that it was the next one.
void apply_allocation(AllocatorState& state, const Identifier& id);
void apply_block(AllocatorState& state, const SerialBlock& block);

/// The next identifier of a delegated block, which it moves on; nothing when it is used up.
std::optional<Identifier> mint(SerialBlock& block, EntityType type);

}  // namespace intertie::identity
