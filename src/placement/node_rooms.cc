// Rooms of nodes that others have counted.
#include "intertie/placement/node_rooms.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace intertie::placement {
namespace {

std::int64_t count_fitting(const NodeRoom& room, const TaskShape& shape) {
  std::int64_t fits = INT64_MAX;
  if (shape.cpus.count > 0) fits = std::min(fits, room.cpus.count / shape.cpus.count);
  if (shape.memory.count > 0) fits = std::min(fits, room.memory.count / shape.memory.count);
  for (std::size_t group = 0; group < shape.devices.size(); ++group) {
    const std::int64_t needed = shape.devices[group];
    if (needed > 0) fits = std::min(fits, room.devices[group] / needed);
  }
  return std::max<std::int64_t>(fits, 0);
}

void add_tasks(NodeRoom& room, const TaskShape& shape, std::int64_t tasks) {
  room.cpus.count += shape.cpus.count * tasks;
  room.memory.count += shape.memory.count * tasks;
  for (std::size_t group = 0; group < shape.devices.size(); ++group) {
    room.devices[group] =
        static_cast<std::uint8_t>(room.devices[group] + shape.devices[group] * tasks);
  }
}

bool is_within(const NodeRoom& room, const TaskShape& more, const NodeRoom& most) {
  for (std::size_t group = 0; group < most.devices.size(); ++group) {
    if (room.devices[group] + more.devices[group] > most.devices[group]) return false;
  }
  return room.cpus + more.cpus <= most.cpus && room.memory + more.memory <= most.memory;
}

// As PoolCapacity orders its nodes: the fullest first.
auto rank(const NodeRoom& room) {
  std::int64_t devices = 0;
  for (const std::uint8_t count : room.devices) devices += count;
  return std::tuple(devices, room.cpus, room.memory, room.devices);
}

// What each of both has at least.
void merge(NodeRoom& row, const NodeRoom& other) {
  row.cpus = std::min(row.cpus, other.cpus);
  row.memory = std::min(row.memory, other.memory);
  for (std::size_t group = 0; group < row.devices.size(); ++group) {
    row.devices[group] = std::min(row.devices[group], other.devices[group]);
  }
  row.nodes += other.nodes;
}

}  // namespace

bool NodeRooms::can_take(const TaskShape& shape, std::int64_t tasks) const {
  if (!is_known_) return true;
  for (const NodeRoom& row : rows_) {
    const std::int64_t fits = count_fitting(row, shape);
    if (fits >= tasks && row.nodes > 0) return true;
    tasks -= fits * row.nodes;
    if (tasks <= 0) return true;
  }
  return false;
}

// One node of the row, as a row of its own; the last one of `rows_`.
std::vector<NodeRoom>::iterator NodeRooms::split(std::vector<NodeRoom>::iterator row) {
  NodeRoom one = *row;
  one.nodes = 1;
  if (--row->nodes == 0) rows_.erase(row);
  rows_.push_back(one);
  return std::prev(rows_.end());
}

void NodeRooms::take(const TaskShape& shape, std::int64_t tasks) {
  while (is_known_ && tasks > 0) {
    auto best = rows_.end();
    std::int64_t best_fits = 0;
    for (auto row = rows_.begin(); row != rows_.end(); ++row) {
      const std::int64_t fits = std::min(count_fitting(*row, shape), tasks);
      const bool is_better =
          fits > best_fits || (fits > 0 && fits == best_fits && rank(*row) < rank(*best));
      if (!is_better) continue;
      best = row;
      best_fits = fits;
    }
    if (best == rows_.end()) return;
    add_tasks(*split(best), shape, -best_fits);
    tasks -= best_fits;
  }
}

void NodeRooms::give(const TaskShape& shape, std::int64_t tasks, const NodeRoom& most) {
  for (; is_known_ && tasks > 0; --tasks) {
    auto best = rows_.end();
    for (auto row = rows_.begin(); row != rows_.end(); ++row) {
      if (!is_within(*row, shape, most)) continue;
      if (best == rows_.end() || rank(*row) < rank(*best)) best = row;
    }
    if (best == rows_.end()) return;
    add_tasks(*split(best), shape, 1);
  }
}

std::vector<NodeRoom> list_rooms(const PoolCapacity& capacity, std::size_t rows_max) {
  std::vector<NodeRoom> rows;
  capacity.visit_rooms([&](const NodeRoom& room) { rows.push_back(room); });
  if (rows.size() <= rows_max) return rows;
  const std::size_t alone = rows_max / 2;
  const std::size_t runs = rows_max - alone;
  const std::size_t rest = rows.size() - alone;
  std::vector<NodeRoom> short_rows(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(alone));
  for (std::size_t run = 0; run < runs; ++run) {
    const std::size_t first = alone + rest * run / runs;
    const std::size_t end = alone + rest * (run + 1) / runs;
    NodeRoom row = rows[first];
    for (std::size_t at = first + 1; at < end; ++at) merge(row, rows[at]);
    short_rows.push_back(row);
  }
  return short_rows;
}

}  // namespace intertie::placement
