// Where a process can be told to kill itself, so that tests can restart it from every such place.
//
// Fail points are always compiled in; they act only if HubOptions::fail_point (or the site's) names
// one, or, in builds with -DINTERTIE_FAULTS, if the environment has INTERTIE_FAIL_POINT=NAME:COUNT.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/storage/fail_point.h"

namespace intertie::service {

/// The service's own, beside storage::kFailPoints. `before_*`: the other side knows nothing yet;
/// `after_*`: it may know, we have not heard.
enum class ServicePoint : std::uint8_t {
  start_before_create,    // Keys exist, the log is empty.
  answer_before_send,     // A command is durable, nobody was told.
  answer_after_send,      // Its answer was given to the network.
  rows_before_send,       // Rows for the other side are durable and unsent.
  rows_after_send,        // They were given to the network.
  content_before_rename,  // A file's bytes are durable under a temporary name.
  content_after_rename,   // Under its final one.
};

struct ServicePointName {
  ServicePoint point;
  std::string_view name;
};

inline constexpr std::array kServicePoints = {
    ServicePointName{ServicePoint::start_before_create, "start_before_create"},
    ServicePointName{ServicePoint::answer_before_send, "answer_before_send"},
    ServicePointName{ServicePoint::answer_after_send, "answer_after_send"},
    ServicePointName{ServicePoint::rows_before_send, "rows_before_send"},
    ServicePointName{ServicePoint::rows_after_send, "rows_after_send"},
    ServicePointName{ServicePoint::content_before_rename, "content_before_rename"},
    ServicePointName{ServicePoint::content_after_rename, "content_after_rename"},
};

/// The names of all fail points, the store's first.
std::vector<std::string_view> get_fail_point_names();

/// One armed fail point, or none. Any thread; an unarmed passing costs one comparison.
class FailPoints {
 public:
  FailPoints() = default;
  FailPoints(const FailPoints&) = delete;
  FailPoints& operator=(const FailPoints&) = delete;

  /// "NAME" or "NAME:COUNT" (1: the first passing). Empty: the environment in test builds, else
  /// none. Refuses with bad_argument. To be called before any passing.
  core::Result<void> arm(std::string_view text);

  /// Kills the process (SIGKILL) at the chosen passing.
  void pass(ServicePoint point) { pass(get_name(point)); }
  void pass(storage::FailPoint point) { pass(get_name(point)); }

  static std::string_view get_name(ServicePoint point);
  static std::string_view get_name(storage::FailPoint point);

 private:
  void pass(std::string_view name);

  std::string armed_;
  std::atomic<std::int64_t> left_{0};
};

}  // namespace intertie::service
