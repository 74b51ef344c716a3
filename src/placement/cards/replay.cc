// The replay loop and its bins.
#include "intertie/placement/cards/replay.h"

#include <algorithm>
#include <numeric>

#include "intertie/placement/cards/fragmentation.h"
#include "intertie/placement/cards/make_room.h"

namespace intertie::placement::cards {
namespace {

/// Means by arrived percent.
class Bins {
 public:
  void add(std::size_t bin, double value) {
    if (bin >= sums_.size()) {
      sums_.resize(bin + 1, 0);
      counts_.resize(bin + 1, 0);
    }
    sums_[bin] += value;
    ++counts_[bin];
  }

  std::vector<std::optional<double>> means() const {
    std::vector<std::optional<double>> result(sums_.size());
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (counts_[i] > 0) result[i] = sums_[i] / static_cast<double>(counts_[i]);
    }
    return result;
  }

 private:
  std::vector<double> sums_;
  std::vector<std::int64_t> counts_;
};

Workload count_arrived(std::span<const TraceRequest> requests,
                       std::span<const std::uint32_t> arrived) {
  std::vector<Shape> shapes;
  shapes.reserve(arrived.size());
  for (const std::uint32_t i : arrived) shapes.push_back(requests[i].shape);
  return count_shapes(shapes);
}

bool is_learning_time(std::int64_t arrived, std::int64_t every) {
  if (arrived >= every) return arrived % every == 0;
  return arrived >= 64 && (arrived & (arrived - 1)) == 0;
}

/// What one run has counted so far.
class Recorder {
 public:
  Recorder(const Cluster& cluster, const Workload& workload)
      : cluster_(cluster), fragmentation_(workload), measured_(cluster.nodes().size()) {
    capacity_ = static_cast<double>(std::max<std::int64_t>(cluster.capacity_milli(), 1));
    for (std::uint32_t node = 0; node < measured_.size(); ++node) measure(node);
  }

  void note_arrival(const Shape& shape) {
    arrived_ += compute_card_milli(shape);
    ++result_.decisions;
  }

  void note_rejection(const Shape& shape) {
    ++result_.rejected;
    note_digest(0xffffffffU);
    if (shape.cards > 0 && !result_.first_rejection) result_.first_rejection = arrived_percent();
  }

  void note_place(const Pick& pick) { note_digest((std::uint64_t{pick.node} << 8U) | pick.cards); }

  void note_move() { ++result_.moves; }

  /// After each arrival: one row of the paper's table.
  void write_row() {
    const std::vector<std::uint32_t>& changes = cluster_.changes();
    for (; changes_seen_ < changes.size(); ++changes_seen_) measure(changes[changes_seen_]);
    result_.allocated_last =
        100.0 * (capacity_ - static_cast<double>(cluster_.free_milli())) / capacity_;
    const auto bin = static_cast<std::size_t>(arrived_percent() + 0.5);
    if (bin > arrived_percent_max) return;
    allocated_.add(bin, result_.allocated_last);
    fragmented_.add(bin, 100.0 * static_cast<double>(fragments_) /
                             (static_cast<double>(fragmentation_.weight()) * capacity_));
  }

  std::int64_t arrivals() const { return result_.decisions; }

  RunResult finish() {
    result_.allocated = allocated_.means();
    result_.fragmented = fragmented_.means();
    return result_;
  }

 private:
  double arrived_percent() const { return 100.0 * static_cast<double>(arrived_) / capacity_; }

  void measure(std::uint32_t node) {
    fragments_ -= measured_[node];
    measured_[node] = fragmentation_.measure(cluster_.nodes()[node]);
    fragments_ += measured_[node];
  }

  void note_digest(std::uint64_t value) {  // FNV-1a, by 64 bits.
    result_.digest = (result_.digest ^ value) * 0x100000001b3U;
  }

  const Cluster& cluster_;
  Fragmentation fragmentation_;
  std::vector<std::int64_t> measured_;  // By node.
  std::size_t changes_seen_ = 0;
  std::int64_t fragments_ = 0;
  double capacity_ = 1;
  std::int64_t arrived_ = 0;
  Bins allocated_;
  Bins fragmented_;
  RunResult result_;
};

std::vector<NodeState> order_nodes(std::span<const NodeState> nodes,
                                   std::span<const std::uint32_t> order) {
  std::vector<NodeState> ordered;
  ordered.reserve(order.size());
  for (const std::uint32_t i : order) ordered.push_back(nodes[i]);
  return ordered;
}

}  // namespace

RunResult replay(std::span<const NodeState> nodes, std::span<const TraceRequest> requests,
                 const Arrivals& arrivals, const PolicyFactory& make,
                 const ReplayOptions& options) {
  Cluster cluster(order_nodes(nodes, arrivals.nodes));
  std::vector<std::uint32_t> all(requests.size());
  std::iota(all.begin(), all.end(), 0U);
  Knowledge knowledge{
      count_arrived(requests, all), {cluster.nodes().begin(), cluster.nodes().end()}, 0};
  Recorder recorder(cluster, knowledge.workload);
  if (options.learn) knowledge.workload.clear();
  std::unique_ptr<Policy> policy = make(knowledge);
  std::vector<Running> running;
  for (const std::uint32_t request : arrivals.requests) {
    if (options.learn && is_learning_time(recorder.arrivals(), options.learn_every)) {
      knowledge.workload = count_arrived(
          requests,
          std::span(arrivals.requests).first(static_cast<std::size_t>(recorder.arrivals())));
      policy = make(knowledge);
    }
    const Shape& shape = requests[request].shape;
    recorder.note_arrival(shape);
    if (const std::optional<Pick> pick = policy->choose(cluster, shape)) {
      cluster.place(shape, *pick);
      recorder.note_place(*pick);
      if (options.migrate) running.push_back({shape, *pick});
    } else if (const std::optional<Room> room = options.migrate && shape.cards > 0
                                                    ? make_room(cluster, running, shape, *policy)
                                                    : std::nullopt) {
      recorder.note_move();
      recorder.note_place(room->pick);
      running.push_back({shape, room->pick});
    } else {
      recorder.note_rejection(shape);
    }
    recorder.write_row();
  }
  return recorder.finish();
}

}  // namespace intertie::placement::cards
