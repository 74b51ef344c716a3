// Scores that were computed before, by the whole state and the shape: a cache that never decides.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "intertie/placement/cards/node_state.h"

namespace intertie::placement::cards {

/// A state whose cards are in descending order, as four words that are quick to compare: equal
/// exactly if the states are.
struct StateKey {
  std::uint64_t amounts = 0;     // Processors and memory.
  std::uint64_t first_four = 0;  // Cards.
  std::uint64_t last_four = 0;
  std::uint32_t kind = 0;  // Number of cards and model, 16 bits.
  std::uint32_t hash = 0;  // Of all of it.

  friend constexpr bool operator==(const StateKey&, const StateKey&) = default;
};

constexpr std::uint64_t mix_hash(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 32);
}

constexpr std::uint64_t join_halves(std::int32_t high, std::int32_t low) {
  return std::uint64_t{static_cast<std::uint32_t>(high)} << 32 | static_cast<std::uint32_t>(low);
}

constexpr StateKey make_key(const NodeState& sorted) {
  const auto join_four = [&sorted](std::size_t first) {
    std::uint64_t four = 0;
    for (std::size_t i = first; i < first + 4; ++i) four = four << 16 | sorted.card_milli[i];
    return four;
  };
  StateKey key{join_halves(sorted.cpu_milli, sorted.memory_mib), join_four(0), join_four(4),
               std::uint32_t{sorted.cards} | std::uint32_t{sorted.model} << 8, 0};
  std::uint64_t hash = mix_hash(mix_hash(key.kind, key.amounts), key.first_four);
  hash = mix_hash(hash, key.last_four);
  key.hash = static_cast<std::uint32_t>(hash >> 16);
  return key;
}

/// The state that the key was made of.
constexpr NodeState read_key(const StateKey& key) {
  NodeState state;
  state.cpu_milli = static_cast<std::int32_t>(key.amounts >> 32);
  state.memory_mib = static_cast<std::int32_t>(key.amounts & 0xFFFFFFFFU);
  for (std::size_t i = 0; i < 4; ++i) {
    state.card_milli[i] = static_cast<std::uint16_t>(key.first_four >> (48 - 16 * i));
    state.card_milli[i + 4] = static_cast<std::uint16_t>(key.last_four >> (48 - 16 * i));
  }
  state.cards = static_cast<std::uint8_t>(key.kind);
  state.model = static_cast<ModelId>(key.kind >> 8);
  return state;
}

/// Direct-mapped: a new entry takes the place of an old one. Keys are whole, so a hit is exact and
/// a miss only costs the scorer's time.
class ScoreMemo {
 public:
  /// At least 2 entries of 32 bytes; the next power of two.
  explicit ScoreMemo(std::size_t entries)
      : entries_(std::bit_ceil(std::max<std::size_t>(entries, 2))),
        shift_(64 - std::countr_zero(entries_.size())) {}

  /// `number` > 0 names the shape and is never given to another one.
  std::optional<std::uint16_t> find(const StateKey& key, std::uint16_t number) const {
    const Entry& entry = entries_[find_place(key.hash, number)];
    const std::uint64_t differences =
        (entry.amounts ^ key.amounts) | (entry.first_four ^ key.first_four) |
        (entry.last_four ^ key.last_four) | (entry.kind_and_number ^ join(key.kind, number));
    if (differences != 0) return std::nullopt;
    return entry.score;
  }

  /// Brings the entry near, for a find that follows soon.
  void prefetch(const StateKey& key, std::uint16_t number) const {
    __builtin_prefetch(&entries_[find_place(key.hash, number)]);
  }

  void put(const StateKey& key, std::uint16_t number, std::uint16_t score) {
    entries_[find_place(key.hash, number)] = {key.amounts, key.first_four, key.last_four,
                                              join(key.kind, number), score};
  }

  void clear() { entries_.assign(entries_.size(), Entry{}); }

 private:
  struct alignas(32) Entry {
    std::uint64_t amounts = 0;
    std::uint64_t first_four = 0;
    std::uint64_t last_four = 0;
    std::uint32_t kind_and_number = 0;  // 0: empty, since numbers are above 0.
    std::uint16_t score = 0;
  };
  static_assert(sizeof(Entry) == 32);

  static std::uint32_t join(std::uint32_t kind, std::uint16_t number) {
    return kind | std::uint32_t{number} << 16;
  }
  std::size_t find_place(std::uint32_t hash, std::uint16_t number) const {
    const std::uint64_t key = std::uint64_t{hash} << 16 | number;
    return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15ULL >> shift_);
  }

  std::vector<Entry> entries_;
  int shift_;
};

}  // namespace intertie::placement::cards
