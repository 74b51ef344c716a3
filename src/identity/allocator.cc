// Allocation of participant and serial numbers.
#include "intertie/identity/allocator.h"

#include <cassert>
#include <string>

namespace intertie::identity {
namespace {

constexpr std::uint32_t kRegistrySerial = 1;
constexpr std::uint32_t kParticipantSerial = 0;
constexpr std::uint32_t kBlockMax = 1'000'000;

core::Error refuse_exhausted(std::string detail) {
  return {core::Reason::identifiers_exhausted, std::move(detail)};
}

/// The registry code and all numbers were checked before: creation cannot fail.
Identifier get_identifier(const IdentifierParts& parts) {
  const auto id = create_identifier(parts);
  assert(id.has_value());
  return *id;
}

core::Result<void> check_participant(const AllocatorState& state, std::uint32_t participant) {
  if (participant < state.next_serials.size()) return {};
  return {core::Reason::unknown_identifier, "registry " + to_text(state.registry) +
                                                " has allocated no participant " +
                                                std::to_string(participant)};
}

bool is_for_things(EntityType type) {
  return type != EntityType::registry && type != EntityType::participant;
}

}  // namespace

AllocatorState make_allocator(RegistryCode registry) {
  assert(is_known_registry(registry));
  return {registry, {kRegistrySerial + 1}};
}

Identifier get_registry_identifier(const AllocatorState& state) {
  return get_identifier({state.registry, EntityType::registry, 0, kRegistrySerial});
}

core::Result<Identifier> find_next_participant(const AllocatorState& state) {
  assert(!state.next_serials.empty());
  if (state.next_serials.size() > participant_max) {
    return refuse_exhausted("participants of registry " + to_text(state.registry));
  }
  return get_identifier({state.registry, EntityType::participant,
                         static_cast<std::uint32_t>(state.next_serials.size()),
                         kParticipantSerial});
}

core::Result<Identifier> find_next(const AllocatorState& state, EntityType type,
                                   std::uint32_t participant) {
  if (!is_for_things(type)) {
    return {core::Reason::bad_field, "type: registries and participants are not things of one"};
  }
  if (auto known = check_participant(state, participant); !known) return known.error();
  const std::uint32_t serial = state.next_serials[participant];
  if (serial > serial_max) {
    return refuse_exhausted("serials of participant " + std::to_string(participant));
  }
  return get_identifier({state.registry, type, participant, serial});
}

core::Result<SerialBlock> find_next_block(const AllocatorState& state, std::uint32_t participant,
                                          std::uint32_t count) {
  if (count == 0 || count > kBlockMax) {
    return {core::Reason::out_of_range, "count: expected 1 to 1000000"};
  }
  if (auto known = check_participant(state, participant); !known) return known.error();
  const std::uint32_t next = state.next_serials[participant];
  if (serial_max + 1 - next < count) {
    return refuse_exhausted("serials of participant " + std::to_string(participant));
  }
  return SerialBlock{state.registry, participant, next, next + count};
}

void apply_allocation(AllocatorState& state, const Identifier& id) {
  const IdentifierParts parts = id.parts();
  assert(parts.registry == state.registry && parts.type != EntityType::registry);
  if (parts.type == EntityType::participant) {
    assert(parts.participant == state.next_serials.size());
    state.next_serials.push_back(kParticipantSerial + 1);
    return;
  }
  assert(parts.participant < state.next_serials.size());
  assert(parts.serial == state.next_serials[parts.participant]);
  ++state.next_serials[parts.participant];
}

void apply_block(AllocatorState& state, const SerialBlock& block) {
  assert(block.registry == state.registry && block.participant < state.next_serials.size());
  assert(block.next == state.next_serials[block.participant] && block.next < block.end);
  state.next_serials[block.participant] = block.end;
}

std::optional<Identifier> mint(SerialBlock& block, EntityType type) {
  assert(is_for_things(type));
  if (block.next >= block.end) return std::nullopt;
  return get_identifier({block.registry, type, block.participant, block.next++});
}

}  // namespace intertie::identity
