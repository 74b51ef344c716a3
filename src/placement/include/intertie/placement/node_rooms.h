// What is free in a pool node by node, as somebody else has counted it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/placement/pool_capacity.h"

namespace intertie::placement {

/// The nodes of a pool of another region. A value; every member O(rows + tasks log rows), and rows
/// are few: what a beacon says and one more a change.
///
/// Sums of free cores say too much: sixteen free cores on sixteen nodes have no room for a task of
/// sixteen. What is taken is taken as PoolCapacity::find_allocation would; what is given back, to
/// the fullest node that can have lost it, for nobody here knows which one it was.
class NodeRooms {
 public:
  /// Nothing is known: everything has room.
  NodeRooms() = default;
  explicit NodeRooms(std::vector<NodeRoom> rows) : rows_(std::move(rows)), is_known_(true) {}

  bool is_known() const { return is_known_; }
  const std::vector<NodeRoom>& rows() const { return rows_; }

  /// Whether so many tasks of this shape find a place, each on one node. tasks >= 1.
  bool can_take(const TaskShape& shape, std::int64_t tasks) const;
  /// Takes places for the tasks, for as many as there are.
  void take(const TaskShape& shape, std::int64_t tasks);
  /// Gives them back; no node gets more than `most`, that which an empty one has.
  void give(const TaskShape& shape, std::int64_t tasks, const NodeRoom& most);

  friend bool operator==(const NodeRooms&, const NodeRooms&) = default;

 private:
  std::vector<NodeRoom>::iterator split(std::vector<NodeRoom>::iterator row);

  std::vector<NodeRoom> rows_;
  bool is_known_ = false;
};

/// The nodes of a pool that are up, emptiest first, in at most `rows_max` (2 or more) rows. If they
/// are in more different states, the emptiest stand by themselves, and of the others so many as are
/// next to each other in a row, which says what each of them has at least: it may hide room, and
/// never promises any that is not there. O(states).
std::vector<NodeRoom> list_rooms(const PoolCapacity& capacity, std::size_t rows_max);

}  // namespace intertie::placement
