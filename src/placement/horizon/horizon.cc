// The segment tree over the slots, as a ring that moves with time.
#include "intertie/placement/horizon/horizon.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

namespace intertie::placement::horizon {

Horizon::Horizon(std::int64_t capacity, Slot first, std::int64_t slots)
    : begin_(first),
      slots_(slots),
      leaves_(std::int64_t(std::bit_ceil(static_cast<std::uint64_t>(slots)))),
      capacity_(capacity),
      tree_(static_cast<std::size_t>(2 * leaves_), Vertex{capacity, 0}),
      level_beyond_(capacity) {
  assert(capacity >= 0 && first >= 0 && slots > 0);
}

/// Calls `visit(low, high)` with the one or two runs of leaves that hold the interval.
template <class Visit>
void Horizon::visit_places(Slot from, Slot to, const Visit& visit) const {
  const std::int64_t low = from % slots_;
  const std::int64_t length = to - from;
  visit(low, std::min(slots_, low + length));
  if (low + length > slots_) visit(0, low + length - slots_);
}

void Horizon::add_below(std::size_t vertex, std::int64_t low, std::int64_t high, std::int64_t from,
                        std::int64_t to, std::int64_t change) {
  Vertex& here = tree_[vertex];
  if (from <= low && high <= to) {
    here.least += change;
    here.added += change;
    return;
  }
  const std::int64_t middle = low + (high - low) / 2;
  if (from < middle) add_below(2 * vertex, low, middle, from, to, change);
  if (to > middle) add_below(2 * vertex + 1, middle, high, from, to, change);
  here.least = std::min(tree_[2 * vertex].least, tree_[2 * vertex + 1].least) + here.added;
}

std::int64_t Horizon::find_least_below(std::size_t vertex, std::int64_t low, std::int64_t high,
                                       std::int64_t from, std::int64_t to) const {
  const Vertex& here = tree_[vertex];
  if (from <= low && high <= to) return here.least;
  const std::int64_t middle = low + (high - low) / 2;
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  if (from < middle) least = find_least_below(2 * vertex, low, middle, from, to);
  if (to > middle) {
    least = std::min(least, find_least_below(2 * vertex + 1, middle, high, from, to));
  }
  return least + here.added;
}

/// The last leaf of [from, to) with less than `amount`. Only one path goes below a vertex that lies
/// inside the interval, since there `least` tells whether to go at all: O(log slots).
std::optional<std::int64_t> Horizon::find_last_short(std::size_t vertex, std::int64_t low,
                                                     std::int64_t high, std::int64_t from,
                                                     std::int64_t to, std::int64_t amount) const {
  const Vertex& here = tree_[vertex];
  if (to <= low || high <= from || here.least >= amount) return std::nullopt;
  if (high - low == 1) return low;
  const std::int64_t middle = low + (high - low) / 2;
  const std::int64_t left = amount - here.added;
  if (const auto last = find_last_short(2 * vertex + 1, middle, high, from, to, left)) return last;
  return find_last_short(2 * vertex, low, middle, from, to, left);
}

void Horizon::add(Slot from, Slot to, std::int64_t change) {
  from = std::max(from, begin_);
  if (from >= to) return;
  if (from < end()) {
    visit_places(from, std::min(to, end()), [&](std::int64_t low, std::int64_t high) {
      add_below(1, 0, leaves_, low, high, change);
    });
  }
  if (to <= end()) return;
  const auto note = [&](Slot slot, std::int64_t amount) {
    if ((changes_beyond_[slot] += amount) == 0) changes_beyond_.erase(slot);
  };
  note(std::max(from, end()), change);
  note(to, -change);
}

std::int64_t Horizon::find_least(Slot from, Slot to) const {
  assert(begin_ <= from && from < to && to <= end());
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  visit_places(from, to, [&](std::int64_t low, std::int64_t high) {
    least = std::min(least, find_least_below(1, 0, leaves_, low, high));
  });
  return least;
}

std::optional<Slot> Horizon::find_earliest(std::int64_t amount, std::int64_t duration,
                                           Slot from) const {
  assert(duration > 0);
  Slot start = std::max(from, begin_);
  while (duration <= end() - start) {
    // No start up to the last slot that is short can work, so the next try is behind it.
    std::optional<Slot> last_short;
    visit_places(start, start + duration, [&](std::int64_t low, std::int64_t high) {
      const auto leaf = find_last_short(1, 0, leaves_, low, high, amount);
      if (leaf) last_short = begin_ + (*leaf - begin_ % slots_ + slots_) % slots_;
    });
    if (!last_short) return start;
    start = *last_short + 1;
  }
  return std::nullopt;
}

void Horizon::change_capacity(std::int64_t change, Slot from) {
  capacity_ += change;
  from = std::max(from, begin_);
  if (from < end()) {
    add(from, end(), change);
    from = end();
  }
  if ((changes_beyond_[from] += change) == 0) changes_beyond_.erase(from);
}

void Horizon::advance(Slot now) {
  while (begin_ < now) {
    const Slot entering = end();
    if (const auto change = changes_beyond_.find(entering); change != changes_beyond_.end()) {
      level_beyond_ += change->second;
      changes_beyond_.erase(change);
    }
    const std::int64_t leaf = begin_ % slots_;
    add_below(1, 0, leaves_, leaf, leaf + 1,
              level_beyond_ - find_least_below(1, 0, leaves_, leaf, leaf + 1));
    ++begin_;
  }
}

}  // namespace intertie::placement::horizon
