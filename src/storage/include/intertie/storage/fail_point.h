// The named places in which a store can be made to fail, so that tests can stop it there.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>

#include "intertie/core/result.h"

namespace intertie::storage {

/// Every durable step has one. `*_begin`: nothing was written. `*_before_*`: written, not yet
/// durable. `*_after_*`: durable, but the caller does not know it yet.
enum class FailPoint : std::uint8_t {
  append_begin,
  append_before_commit,
  append_after_commit,
  erase_before_commit,
  erase_after_commit,
  index_before_commit,
  index_after_commit,
  snapshot_begin,
  snapshot_before_rename,
  snapshot_after_rename,
  backup_begin,
  backup_before_rename,
};

struct FailPointName {
  FailPoint point;
  std::string_view name;
};

/// The one table of all fail points.
inline constexpr std::array kFailPoints = {
    FailPointName{FailPoint::append_begin, "append_begin"},
    FailPointName{FailPoint::append_before_commit, "append_before_commit"},
    FailPointName{FailPoint::append_after_commit, "append_after_commit"},
    FailPointName{FailPoint::erase_before_commit, "erase_before_commit"},
    FailPointName{FailPoint::erase_after_commit, "erase_after_commit"},
    FailPointName{FailPoint::index_before_commit, "index_before_commit"},
    FailPointName{FailPoint::index_after_commit, "index_after_commit"},
    FailPointName{FailPoint::snapshot_begin, "snapshot_begin"},
    FailPointName{FailPoint::snapshot_before_rename, "snapshot_before_rename"},
    FailPointName{FailPoint::snapshot_after_rename, "snapshot_after_rename"},
    FailPointName{FailPoint::backup_begin, "backup_begin"},
    FailPointName{FailPoint::backup_before_rename, "backup_before_rename"},
};

/// Called at each fail point, on the thread of the call. An error makes the call fail there as if
/// the disk had refused: before a commit nothing is kept; after it the outcome is unknown to the
/// caller, who repeats the call. It may also kill the process or wait. Empty: no fail points.
using FailHook = std::function<core::Result<void>(FailPoint)>;

}  // namespace intertie::storage
