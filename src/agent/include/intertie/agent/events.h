// The facts of a site agent's journal. Fields may only be appended; the variant may only grow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/reason.h"
#include "intertie/core/time.h"
#include "intertie/core/wide_variant.h"
#include "intertie/execution/site_messages.h"
#include "intertie/execution/task.h"

namespace intertie::agent {

/// The journal's first record: who this agent speaks for.
struct SiteCreated {
  std::string site;                // Registered identifier.
  std::vector<std::string> pools;  // Identifiers or names, by position.
};
BOOST_DESCRIBE_STRUCT(SiteCreated, (), (site, pools))

/// The hub ordered an attempt. Body: the job document (JSON).
struct AttemptOrdered {
  execution::StartAttempt order;
};
BOOST_DESCRIBE_STRUCT(AttemptOrdered, (), (order))

/// Rows of the hub's outbox were taken in, up to this number.
struct HubRowsAccepted {
  std::uint64_t number = 0;
  std::string hash;
};
BOOST_DESCRIBE_STRUCT(HubRowsAccepted, (), (number, hash))

/// Inputs are in place; the runner may be asked.
struct AttemptStaged {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
};
BOOST_DESCRIBE_STRUCT(AttemptStaged, (), (job, attempt))

/// Every rank's command has been started.
struct AttemptBegan {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Time at;
};
BOOST_DESCRIBE_STRUCT(AttemptBegan, (), (job, attempt, at))

/// It is to be stopped: by the hub's order, or because a rank of the gang failed.
struct StopOrdered {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Reason reason = core::Reason::cancelled_by_user;
};
BOOST_DESCRIBE_STRUCT(StopOrdered, (), (job, attempt, reason))

/// One rank runs no more.
struct RankEnded {
  execution::TaskKey key;
  execution::TaskEnd end = execution::TaskEnd::exited;
  std::int32_t exit_code = 0;
  std::int32_t signal = 0;
  core::Time started;
  core::Time ended;
  execution::Measured measured;
  std::string detail;
  // The same moments since the machine's start, which no change of its clock disturbs; 0: unknown.
  core::Duration started_boot;
  core::Duration ended_boot;
};
BOOST_DESCRIBE_STRUCT(RankEnded, (),
                      (key, end, exit_code, signal, started, ended, measured, detail, started_boot,
                       ended_boot))

/// A usage record was signed; it goes to the hub.
struct UsageSigned {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t number = 0;
  core::Time to;
  execution::Measured measured;  // Cumulative at `to`.
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(UsageSigned, (), (job, attempt, number, to, measured, envelope))

/// Outputs are stored, the attempt is reported to the hub.
struct AttemptFinished {
  execution::AttemptEnded report;
};
BOOST_DESCRIBE_STRUCT(AttemptFinished, (), (report))

/// It never started here; the hub is told.
struct AttemptRefused {
  execution::AttemptNotStarted report;
};
BOOST_DESCRIBE_STRUCT(AttemptRefused, (), (report))

/// The hub has settled it; its folder may be deleted.
struct AttemptForgotten {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
};
BOOST_DESCRIBE_STRUCT(AttemptForgotten, (), (job, attempt))

/// A signed measurement goes to the hub.
struct StatementAdded {
  execution::StatementReport report;
};
BOOST_DESCRIBE_STRUCT(StatementAdded, (), (report))

/// The hub has accepted our rows up to this number.
struct RowsAcknowledged {
  std::uint64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(RowsAcknowledged, (), (number))

/// An input has arrived; its receipt goes to the hub.
struct ReceiptSigned {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(ReceiptSigned, (), (job, attempt, envelope))

using EventKinds =
    std::variant<SiteCreated, AttemptOrdered, HubRowsAccepted, AttemptStaged, AttemptBegan,
                 StopOrdered, RankEnded, UsageSigned, AttemptFinished, AttemptRefused,
                 AttemptForgotten, StatementAdded, RowsAcknowledged, ReceiptSigned>;

}  // namespace intertie::agent

extern template class intertie::core::WideVariant<intertie::agent::EventKinds>;

namespace intertie::agent {

struct Event : core::WideVariant<EventKinds> {
  using WideVariant::WideVariant;
};

}  // namespace intertie::agent
