// What a hub tells a site to do and what a site reports back (docs/formats/site-channel.md).
//
// Rows of the two outboxes between a hub and a site's agent. Every message names job and attempt;
// the attempt number is the epoch: reports of older attempts are refused (ARCHITECTURE.md, idea 7).
// Fields may only be appended. Unknown fields are ignored (ARCHITECTURE.md, idea 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/reason.h"
#include "intertie/core/time.h"

namespace intertie::execution {

/// One rank of an attempt and what was reserved for it on one node of the pool.
struct TaskSlot {
  std::uint32_t rank = 0;
  std::uint32_t node = 0;
  core::MilliCpus cpus;
  core::Bytes memory;
  std::vector<std::uint32_t> devices;  // Indices of the node's devices.
  core::Bytes scratch{};               // Disk space.

  friend bool operator==(const TaskSlot&, const TaskSlot&) = default;
};
BOOST_DESCRIBE_STRUCT(TaskSlot, (), (rank, node, cpus, memory, devices, scratch))

/// Commit: run this attempt now. The job document travels as the row's attachment.
struct StartAttempt {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t pool = 0;  // Position of the pool in the site's offer.
  std::vector<TaskSlot> slots;
  core::Duration time_limit;
  std::optional<core::Duration> lease;  // Set for on_loss: restart; the meter enforces it.
  std::string owner;                    // Two owners never share a sandbox uid at one time.
};
BOOST_DESCRIBE_STRUCT(StartAttempt, (), (job, attempt, pool, slots, time_limit, lease, owner))

/// Stop the attempt wherever it is; the site answers with AttemptEnded.
struct StopAttempt {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Reason reason = core::Reason::cancelled_by_user;
};
BOOST_DESCRIBE_STRUCT(StopAttempt, (), (job, attempt, reason))

/// The attempt is settled: the site may forget it and delete its folder after the keep time.
struct ForgetAttempt {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
};
BOOST_DESCRIBE_STRUCT(ForgetAttempt, (), (job, attempt))

using HubMessage = std::variant<StartAttempt, StopAttempt, ForgetAttempt>;

/// The user's command runs (every rank of it).
struct AttemptStarted {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Time at;
};
BOOST_DESCRIBE_STRUCT(AttemptStarted, (), (job, attempt, at))

/// How one rank ended.
struct RankOutcome {
  std::uint32_t rank = 0;
  std::int32_t exit_code = 0;  // 128 + signal when killed by a signal, as shells say it.
  std::int32_t signal = 0;
};
BOOST_DESCRIBE_STRUCT(RankOutcome, (), (rank, exit_code, signal))

/// A file the job promised and wrote; the bytes stay at the site until asked for.
struct OutputFile {
  std::string name;
  std::string digest;  // "sha256:<hex>".
  core::Bytes size;
};
BOOST_DESCRIBE_STRUCT(OutputFile, (), (name, digest, size))

/// The attempt is over at the site. Sent after the last usage record of the attempt.
struct AttemptEnded {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Time at;
  std::optional<core::Reason> failure;  // Absent: every rank ended with exit code 0.
  std::string detail;
  std::vector<RankOutcome> ranks;
  std::vector<OutputFile> outputs;
};
BOOST_DESCRIBE_STRUCT(AttemptEnded, (), (job, attempt, at, failure, detail, ranks, outputs))

/// The attempt never started here and never will (staging failed, start refused, unknown).
struct AttemptNotStarted {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Reason reason = core::Reason::start_failed;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(AttemptNotStarted, (), (job, attempt, reason, detail))

/// A signed usage record (identity envelope around execution::UsageRecord).
struct UsageReport {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(UsageReport, (), (job, attempt, envelope))

/// A signed measurement statement about one pool of the site.
struct StatementReport {
  std::uint32_t pool = 0;
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(StatementReport, (), (pool, envelope))

/// An input of the attempt has arrived at the site: a signed receipt (transfer/receipt.h).
struct InputArrived {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::string envelope;
};
BOOST_DESCRIBE_STRUCT(InputArrived, (), (job, attempt, envelope))

using SiteMessage = std::variant<AttemptStarted, AttemptEnded, AttemptNotStarted, UsageReport,
                                 StatementReport, InputArrived>;

/// Soft state, never logged (ARCHITECTURE.md, idea 4): the site lives, and runs these attempts.
struct Heartbeat {
  std::uint64_t sequence = 0;
  std::vector<ForgetAttempt> running;  // Job and attempt of everything that may run here.
  std::string data_address = {};       // HOST:PORT where it gives out datasets; empty: nowhere.
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (), (sequence, running, data_address))

/// Answer to a heartbeat. A lease counts from the moment the agent SENT the heartbeat, on its own
/// boot-time clock, so neither clock offset nor network delay can lengthen it.
struct LeaseGrant {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  core::Duration lease;
};
BOOST_DESCRIBE_STRUCT(LeaseGrant, (), (job, attempt, lease))

/// `rows` is the last row that the hub has for the site: until the site has taken it in, the answer
/// allows no start, for that row may say that an attempt has been given up.
struct HeartbeatAnswer {
  std::uint64_t sequence = 0;
  std::vector<LeaseGrant> leases;
  std::uint64_t rows = 0;
  bool is_record_due = false;  // The site is to sign a new version of its record.
};
BOOST_DESCRIBE_STRUCT(HeartbeatAnswer, (), (sequence, leases, rows, is_record_due))

}  // namespace intertie::execution
