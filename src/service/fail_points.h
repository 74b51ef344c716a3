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

/// Which process passes a point.
/// `peer`: a hub that has peers.
enum class Side : std::uint8_t { hub, site, both, peer };

/// The service's own, beside storage::kFailPoints. `before_*`: the other side knows nothing yet;
/// `after_*`: it may know, we have not heard.
enum class ServicePoint : std::uint8_t {
  start_before_create,       // Keys exist, the log is empty.
  answer_before_send,        // A command is durable, nobody was told.
  answer_after_send,         // Its answer was given to the network.
  rows_before_send,          // Rows for the other side are durable and unsent.
  rows_after_send,           // They were given to the network.
  content_before_rename,     // A file's bytes are durable under a temporary name.
  content_after_rename,      // Under its final one.
  keys_after_write,          // A site's keys are durable, nobody has seen them.
  measurement_before_write,  // The machine is measured, the statement is not kept.
  measurement_after_write,   // It is kept.
  join_before_send,          // The token was not used.
  join_after_send,           // The hub may have registered the site; the site knows nothing.
  identity_after_write,      // The site knows who it is; its journal is empty.
  open_before_send,          // A channel is to be opened.
  open_after_send,           // The hub has answered, nothing of it is noted.
  beat_before_send,          // A heartbeat is to be sent.
  beat_after_send,           // It was answered; leases and allowances are not noted.
  file_before_send,          // A piece of a log or an output was read for the hub.
  file_after_send,           // It was sent.
  inputs_after_copy,         // An attempt's inputs are in place, nobody was told.
  task_start_before_send,    // The journal says running, the launcher knows nothing.
  task_start_after_send,     // The launcher was asked.
  task_cancel_before_send,   // The hub's order to stop is durable, the launcher runs on.
  task_cancel_after_send,    // The launcher was told.
  task_forget_before_send,   // A task's end is durable here, the launcher keeps it too.
  task_forget_after_send,    // The launcher may forget it.
  lease_before_send,         // A longer lease is known, the meter has the older one.
  lease_after_send,          // The launcher was told.
  outputs_before_write,      // Outputs are in the content store, their list is not written.
  outputs_after_write,       // It is, and nobody was told.
  chunk_before_push,         // A chunk of an output is to go to its owner's dataset.
  name_before_push,          // All of them are there; the dataset has no name yet.
  name_after_push,           // It has, and the attempt is not reported.
  peer_rows_before_send,     // Rows for another region's hub are durable and unsent.
  peer_rows_after_send,      // It has them, we have not noted that.
  receipt_before_report,     // An input is whole, and its receipt a draft.
};

struct ServicePointName {
  ServicePoint point;
  std::string_view name;
  Side side;
};

inline constexpr std::array kServicePoints = {
    ServicePointName{ServicePoint::start_before_create, "start_before_create", Side::hub},
    ServicePointName{ServicePoint::answer_before_send, "answer_before_send", Side::hub},
    ServicePointName{ServicePoint::answer_after_send, "answer_after_send", Side::hub},
    ServicePointName{ServicePoint::rows_before_send, "rows_before_send", Side::both},
    ServicePointName{ServicePoint::rows_after_send, "rows_after_send", Side::both},
    ServicePointName{ServicePoint::content_before_rename, "content_before_rename", Side::both},
    ServicePointName{ServicePoint::content_after_rename, "content_after_rename", Side::both},
    ServicePointName{ServicePoint::keys_after_write, "keys_after_write", Side::site},
    ServicePointName{ServicePoint::measurement_before_write, "measurement_before_write",
                     Side::site},
    ServicePointName{ServicePoint::measurement_after_write, "measurement_after_write", Side::site},
    ServicePointName{ServicePoint::join_before_send, "join_before_send", Side::site},
    ServicePointName{ServicePoint::join_after_send, "join_after_send", Side::site},
    ServicePointName{ServicePoint::identity_after_write, "identity_after_write", Side::site},
    ServicePointName{ServicePoint::open_before_send, "open_before_send", Side::site},
    ServicePointName{ServicePoint::open_after_send, "open_after_send", Side::site},
    ServicePointName{ServicePoint::beat_before_send, "beat_before_send", Side::site},
    ServicePointName{ServicePoint::beat_after_send, "beat_after_send", Side::site},
    ServicePointName{ServicePoint::file_before_send, "file_before_send", Side::site},
    ServicePointName{ServicePoint::file_after_send, "file_after_send", Side::site},
    ServicePointName{ServicePoint::inputs_after_copy, "inputs_after_copy", Side::site},
    ServicePointName{ServicePoint::task_start_before_send, "task_start_before_send", Side::site},
    ServicePointName{ServicePoint::task_start_after_send, "task_start_after_send", Side::site},
    ServicePointName{ServicePoint::task_cancel_before_send, "task_cancel_before_send", Side::site},
    ServicePointName{ServicePoint::task_cancel_after_send, "task_cancel_after_send", Side::site},
    ServicePointName{ServicePoint::task_forget_before_send, "task_forget_before_send", Side::site},
    ServicePointName{ServicePoint::task_forget_after_send, "task_forget_after_send", Side::site},
    ServicePointName{ServicePoint::lease_before_send, "lease_before_send", Side::site},
    ServicePointName{ServicePoint::lease_after_send, "lease_after_send", Side::site},
    ServicePointName{ServicePoint::outputs_before_write, "outputs_before_write", Side::site},
    ServicePointName{ServicePoint::outputs_after_write, "outputs_after_write", Side::site},
    ServicePointName{ServicePoint::chunk_before_push, "chunk_before_push", Side::site},
    ServicePointName{ServicePoint::name_before_push, "name_before_push", Side::site},
    ServicePointName{ServicePoint::name_after_push, "name_after_push", Side::site},
    ServicePointName{ServicePoint::peer_rows_before_send, "peer_rows_before_send", Side::peer},
    ServicePointName{ServicePoint::peer_rows_after_send, "peer_rows_after_send", Side::peer},
    ServicePointName{ServicePoint::receipt_before_report, "receipt_before_report", Side::site},
};

/// The names of all fail points that a process of this side can pass, the store's first.
std::vector<std::string_view> get_fail_point_names(Side side);

/// One armed fail point, or none. Any thread; an unarmed passing costs one comparison.
class FailPoints {
 public:
  FailPoints() = default;
  FailPoints(const FailPoints&) = delete;
  FailPoints& operator=(const FailPoints&) = delete;

  /// "NAME" or "NAME:COUNT" (1: the first passing). Empty: the environment in test builds, else
  /// none. Refuses with bad_argument, which lists the names of `side`. To be called before any
  /// passing.
  core::Result<void> arm(std::string_view text, Side side);

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

/// What a store calls at its points: the armed one first, then `fault` if there is one.
storage::FailHook make_fail_hook(FailPoints& fail_points, storage::FailHook fault);

}  // namespace intertie::service
