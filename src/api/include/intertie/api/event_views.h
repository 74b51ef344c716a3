// The data of the events of GET /v1/events (docs/formats/events.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <boost/describe.hpp>

#include "intertie/api/views.h"

namespace intertie::api {

/// A job's phase changed: data of the events "job".
struct JobEventView {
  std::uint64_t job = 0;
  Phase phase = Phase::waiting;
  std::optional<hub::JobOutcome> outcome;
  core::Time at;
  std::uint64_t index = 0;
};
BOOST_DESCRIBE_STRUCT(JobEventView, (), (job, phase, outcome, at, index))

/// A site's status changed: data of the events "site", for operators of the hub.
struct SiteEventView {
  std::string site;
  topology::PoolStatus status = topology::PoolStatus::active;
  bool is_drained = false;
  std::string why;
  core::Time at;
  std::uint64_t index = 0;
};
BOOST_DESCRIBE_STRUCT(SiteEventView, (), (site, status, is_drained, why, at, index))

/// Data of the event "gap": what happened at these places of the log is not told.
struct EventGapView {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};
BOOST_DESCRIBE_STRUCT(EventGapView, (), (from, to))

}  // namespace intertie::api
