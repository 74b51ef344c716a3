// What a site's agent is told: by its hub, by its runner, by its stagers.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "intertie/agent/events.h"
#include "intertie/core/result.h"
#include "intertie/core/wide_variant.h"
#include "intertie/execution/task.h"
#include "intertie/transfer/receipt.h"

namespace intertie::agent {

struct CreateSite {
  SiteCreated facts;
};

/// One row of the hub as it came over the channel.
struct HubRow {
  std::uint64_t number = 0;
  std::string payload;     // CBOR of execution::HubMessage.
  std::string attachment;  // The job document, for StartAttempt.
};

/// Answered with HubRowsTaken. A row that makes no sense is refused and acknowledged.
struct AcceptHubRows {
  std::vector<HubRow> rows;
};

/// The hub has accepted our rows up to `number`.
struct AcknowledgeRows {
  std::uint64_t number = 0;
};

/// Soft: a heartbeat sent at `sent` was answered. Starts are allowed for a while after it, but wait
/// until the hub's rows up to `rows` (execution::HeartbeatAnswer) have been taken in. `sent` is on
/// the boot-time clock (microseconds since the machine started), like the argument of
/// AgentMachine::find_actions; the log's time plays no part.
struct NoteHubAnswer {
  core::Time sent;
  std::uint64_t rows = 0;
};

/// Staging is done, or cannot be.
struct ReportStaged {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
};
struct ReportNotStarted {
  execution::AttemptNotStarted report;
};

/// The runner has started a rank, or it has ended.
struct ReportRankStarted {
  execution::TaskKey key;
  core::Time at;
};
struct ReportRankEnded {
  execution::TaskResult result;
};

/// Soft: what a running rank has used so far, and when that was read on the boot-time clock (0:
/// unknown). Usage records for an interval are cut here, so that a step of the clock bills nothing.
struct NoteMeasured {
  execution::TaskKey key;
  execution::Measured measured;
  core::Time boot;
};

/// The outputs are in the content store (or some are missing, named in `failure_detail`).
struct ReportCollected {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::vector<execution::OutputFile> outputs;
  std::string missing;  // Names of promised outputs that are not there; empty: none.
};

struct AddStatement {
  execution::StatementReport report;
};

/// An input of an attempt that is being staged was brought here. The machine fills in the
/// destination and signs.
struct ReportArrived {
  transfer::Receipt receipt;
};

using CommandKinds =
    std::variant<CreateSite, AcceptHubRows, AcknowledgeRows, NoteHubAnswer, ReportStaged,
                 ReportNotStarted, ReportRankStarted, ReportRankEnded, NoteMeasured,
                 ReportCollected, AddStatement, ReportArrived>;

}  // namespace intertie::agent

extern template class intertie::core::WideVariant<intertie::agent::CommandKinds>;

namespace intertie::agent {

struct Command : core::WideVariant<CommandKinds> {
  using WideVariant::WideVariant;
};

struct Done {};
struct HubRowsTaken {
  std::uint64_t received = 0;
};
using Reply = std::variant<Done, HubRowsTaken>;

}  // namespace intertie::agent
