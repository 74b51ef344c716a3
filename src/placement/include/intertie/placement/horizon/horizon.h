// How much of a capacity is free from now until a week ahead, in slots of a few minutes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "intertie/core/quantity.h"

namespace intertie::placement::horizon {

inline constexpr core::Duration slot_length = core::minutes(5);
/// A week.
inline constexpr std::int64_t slots_default = 7 * 24 * 12;

/// Slots are numbered through time: slot n begins n * slot_length after some fixed moment. An
/// interval is [from, to).
using Slot = std::int64_t;

/// One amount (cards of a cell, cores of a class) over a window of slots that moves with time.
/// A segment tree with lazy sums and minima: changing an interval and the least of an interval cost
/// O(log slots) (Bentley, 1977; the lazy sums stay at the inner vertices and are never pushed).
/// What reaches beyond the window is kept as changes by slot and enters as the window moves.
/// Exact integers. A value; one thread at a time.
class Horizon {
 public:
  /// `capacity` >= 0 is free in every slot of [first, first + slots); slots > 0 (asserted).
  explicit Horizon(std::int64_t capacity, Slot first = 0, std::int64_t slots = slots_default);

  Slot begin() const { return begin_; }
  Slot end() const { return begin_ + slots_; }
  std::int64_t capacity() const { return capacity_; }

  /// Changes what is free in every slot of the interval by `change`: negative to reserve, positive
  /// to give back. The part before begin() is ignored, the part after end() counts once it is
  /// inside. Nothing is checked: free may become negative, for example when capacity was lost.
  /// O(log slots + log changes beyond).
  void add(Slot from, Slot to, std::int64_t change);

  /// Least that is free in the interval; begin() <= from < to <= end() (asserted). O(log slots).
  std::int64_t find_least(Slot from, Slot to) const;

  /// The earliest start >= from at which `amount` is free for `duration` > 0 slots, all of them
  /// before end(); or nothing. O((1 + gaps passed over that are too short) * log slots).
  std::optional<Slot> find_earliest(std::int64_t amount, std::int64_t duration, Slot from) const;

  /// The capacity itself grows or shrinks, in every slot from `from` on and for good.
  void change_capacity(std::int64_t change, Slot from);

  /// Time has come to `now`: earlier slots are forgotten, as many new ones appear at the end.
  /// O(new slots * log slots).
  void advance(Slot now);

 private:
  struct Vertex {
    std::int64_t least = 0;  // Below this vertex, its own `added` included.
    std::int64_t added = 0;  // To all slots below.
  };

  void add_below(std::size_t vertex, std::int64_t low, std::int64_t high, std::int64_t from,
                 std::int64_t to, std::int64_t change);
  std::int64_t find_least_below(std::size_t vertex, std::int64_t low, std::int64_t high,
                                std::int64_t from, std::int64_t to) const;
  std::optional<std::int64_t> find_last_short(std::size_t vertex, std::int64_t low,
                                              std::int64_t high, std::int64_t from, std::int64_t to,
                                              std::int64_t amount) const;
  template <class Visit>
  void visit_places(Slot from, Slot to, const Visit& visit) const;

  Slot begin_;
  std::int64_t slots_;
  std::int64_t leaves_;  // A power of two; slot s lies in leaf s mod slots_.
  std::int64_t capacity_;
  std::vector<Vertex> tree_;
  std::int64_t level_beyond_;                    // Free in the first slot beyond the window ...
  std::map<Slot, std::int64_t> changes_beyond_;  // ... after these changes up to it.
};

}  // namespace intertie::placement::horizon
