// The jobs that wait for capacity: one queue per shape, ordered by priority, fair share and age.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "intertie/core/quantity.h"
#include "intertie/core/time.h"
#include "intertie/hub/job_document.h"

namespace intertie::hub {

/// What an account has consumed of late: charges halve in weight every `kShareHalfLife`. Integer
/// arithmetic only, so every replay gives the same order.
class FairShare {
 public:
  static constexpr core::Duration kShareHalfLife = core::hours(24);

  void add(std::uint32_t account, core::Money charge, core::Time now);
  /// The account's decayed sum as of the last half-life boundary; 0 if it has used nothing.
  std::int64_t compute(std::uint32_t account, core::Time now) const;

  struct Row {
    std::int64_t micros = 0;
    std::int64_t epoch = 0;  // Number of the half-life period of the last change.
  };
  const std::map<std::uint32_t, Row>& rows() const { return rows_; }
  void restore(std::uint32_t account, Row row) { rows_[account] = row; }

 private:
  std::map<std::uint32_t, Row> rows_;
};

/// Where a waiting job stands.
struct WaitingJob {
  std::uint64_t job = 0;
  std::uint32_t shape = 0;
  std::uint32_t account = 0;
  PriorityClass priority = PriorityClass::normal;
};

/// Order among the first jobs of different shapes: smaller is served first.
struct QueueRank {
  std::int32_t priority = 0;  // Negated class.
  std::int64_t share = 0;
  std::uint64_t job = 0;
  friend constexpr auto operator<=>(const QueueRank&, const QueueRank&) = default;
};

/// All waiting jobs. Derived state: rebuilt by inserting the waiting jobs in any order. 8 bytes a
/// job and one small row per (shape, priority, account) in use.
class WaitingQueue {
 public:
  /// O(1) for a new job (numbers grow); O(n) in its row for one that returns.
  void insert(const WaitingJob& waiting);
  /// O(log n) to find; removal from the middle of a row is O(row).
  void erase(const WaitingJob& waiting);

  /// The job of this shape to be served first, and its rank among all shapes.
  struct Front {
    std::uint64_t job = 0;
    QueueRank rank;
  };
  std::optional<Front> find_front(std::uint32_t shape, const FairShare& shares,
                                  core::Time now) const;

  std::size_t size() const { return size_; }
  /// Jobs of the shape that would be served before this one (estimate for `explain`).
  std::size_t count_shape(std::uint32_t shape) const;
  bool is_empty(std::uint32_t shape) const;

 private:
  using Jobs = std::deque<std::uint64_t>;  // Ascending numbers: the oldest job first.
  struct ShapeQueue {
    // By negated priority class, then by account.
    std::map<std::int32_t, std::map<std::uint32_t, Jobs>> rows;
    std::size_t jobs = 0;
  };

  std::vector<ShapeQueue> shapes_;
  std::size_t size_ = 0;
};

}  // namespace intertie::hub
