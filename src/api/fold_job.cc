#include "fold_job.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/hub/machine.h"

namespace intertie::api {
namespace {

constexpr std::uint16_t kHeadVersion = 1;

// One overload an event that a job's history has; the others say nothing about its phase.
struct Folder {
  JobFacts& facts;
  storage::LogIndex index;
  core::Time time;

  void operator()(const hub::JobSubmitted& event) const {
    facts.submitted = event;
    facts.document = index;
    facts.submitted_at = time;
  }
  void operator()(const hub::CapacityReserved& event) const { facts.pending = event; }
  void operator()(const hub::AttemptChosen& event) const {
    AttemptFacts attempt;
    attempt.number = event.attempt;
    if (facts.pending) attempt.reserved = std::move(*facts.pending);
    facts.pending.reset();
    attempt.chosen = index;
    attempt.chosen_at = time;
    attempt.held = event.hold.amount;
    facts.attempts.push_back(std::move(attempt));
    facts.phase = Phase::placed;
    facts.reason.reset();
    facts.exit_code.reset();
  }
  void operator()(const hub::OfferAsked& event) const {
    facts.asked = event;
    facts.asked_index = index;
    facts.phase = Phase::placed;
  }
  void operator()(const hub::OfferClosed& event) const {
    facts.asked.reset();
    facts.reason = event.reason;
  }
  void operator()(const hub::RemoteAttemptChosen& event) const {
    AttemptFacts attempt;
    attempt.number = event.attempt;
    attempt.offer = std::exchange(facts.asked, std::nullopt);
    attempt.chosen = facts.asked_index;
    attempt.chosen_at = time;
    if (attempt.offer) attempt.held = attempt.offer->hold.amount;
    facts.attempts.push_back(std::move(attempt));
    facts.phase = Phase::placed;
    facts.reason.reset();
    facts.exit_code.reset();
  }
  void operator()(const hub::RemoteAttemptBegan& event) const {
    facts.phase = Phase::running;
    if (!facts.attempts.empty()) facts.attempts.back().began = event.at;
  }
  void operator()(const hub::RemoteUsageSettled& event) const {
    for (const ledger::Posting& credit : event.post.credits) facts.charged += credit.amount;
  }
  void operator()(const hub::RemoteAttemptOver& event) const {
    note_over(event.failure, event.exit_code, event.at);
  }
  void operator()(const hub::AttemptBegan& event) const {
    facts.phase = Phase::running;
    if (!facts.attempts.empty()) facts.attempts.back().began = event.at;
  }
  void operator()(const hub::UsageSettled& event) const {
    for (const ledger::Posting& credit : event.post.credits) facts.charged += credit.amount;
  }
  void operator()(const hub::DisputeResolved& event) const {
    facts.charged += event.paid;
    facts.resolver_max = std::max(facts.resolver_max, event.by + 1);
  }
  void operator()(const hub::AttemptOver& event) const {
    note_over(event.failure, event.exit_code, event.at);
  }
  void note_over(std::optional<core::Reason> failure, int exit_code, core::Time at) const {
    facts.reason = failure;
    note_exit_code(failure, exit_code);
    if (facts.attempts.empty()) return;
    facts.attempts.back().over = at;
    facts.attempts.back().over_index = index;
  }
  void operator()(const hub::JobRequeued&) const { facts.phase = Phase::waiting; }
  void operator()(const hub::DemandUnmet& event) const { facts.reason = event.reason; }
  void operator()(const hub::JobCancelRequested&) const { facts.is_cancel_requested = true; }
  void operator()(const hub::JobEnded& event) const {
    facts.phase = Phase::ended;
    facts.outcome = event.outcome;
    facts.reason = event.reason;
    facts.ended = time;
    facts.charged = event.charged;
    if (!facts.attempts.empty()) note_exit_code(event.reason, event.exit_code);
  }
  /// What never ran, or was lost, has no exit code.
  void note_exit_code(std::optional<core::Reason> failure, int exit_code) const {
    facts.exit_code.reset();
    if (!failure || exit_code != 0) facts.exit_code = exit_code;
  }
  template <class Other>
  void operator()(const Other&) const {}
};

}  // namespace

DirectoryNeed JobFacts::need() const {
  DirectoryNeed need;
  for (const AttemptFacts& attempt : attempts) {
    if (attempt.offer) {
      need.peers = std::max(need.peers, std::size_t{attempt.offer->peer} + 1);
    } else {
      need.pools = std::max(need.pools, std::size_t{attempt.reserved.pool} + 1);
    }
  }
  need.principals = std::size_t{std::max(submitted.owner + 1, resolver_max)};
  need.accounts = std::size_t{submitted.account} + 1;
  return need;
}

JobFacts fold_job(std::span<const JobEvent> events) {
  assert(!events.empty() && std::holds_alternative<hub::JobSubmitted>(events.front().event));
  JobFacts facts;
  for (const JobEvent& one : events) {
    std::visit(Folder{facts, one.index, one.time}, one.event);
    facts.index = one.index;
  }
  return facts;
}

JobView make_job_view(const JobFacts& facts, const Directory& directory) {
  JobView view;
  view.number = facts.submitted.job;
  view.name = facts.submitted.name;
  view.owner = directory.principals[facts.submitted.owner];
  view.phase = facts.phase;
  view.outcome = facts.outcome;
  if (facts.reason) view.reason = make_reason_view(*facts.reason);
  view.submitted = facts.submitted_at;
  view.ended = facts.ended;
  view.deadline = facts.submitted.deadline;
  view.exit_code = facts.exit_code;
  view.charged_micros = facts.charged;
  view.is_cancel_requested = facts.is_cancel_requested;
  view.priority = facts.submitted.priority;
  view.tags = facts.submitted.tags;
  view.index = facts.index;
  const AttemptFacts* attempt = facts.current();
  if (attempt == nullptr) return view;
  view.attempt = attempt->number;
  view.started = attempt->began;
  if (attempt->offer) {
    view.pool = attempt->offer->pool_name;
    view.site = name_remote_site(*attempt->offer, directory);
    view.region = directory.peers[attempt->offer->peer].region;
  } else if (const auto* pool = directory.topology->find_pool({attempt->reserved.pool})) {
    view.pool = pool->name;
    view.site = directory.topology->find_site(pool->site)->name;
    view.region = pool->region;
  }
  return view;
}

std::string name_remote_site(const hub::OfferAsked& offer, const Directory& directory) {
  return directory.peers[offer.peer].region + "/" + offer.site;
}

core::Result<hub::Event> decode_event(const std::string& value, core::Time& time) {
  const auto row = codec::from_cbor<hub::IndexedEvent>(value, codec::Source::own);
  if (!row) return core::Error{core::Reason::store_damaged, row.error().detail};
  time = row->time;
  const std::string_view head(reinterpret_cast<const char*>(row->head.data()), row->head.size());
  return hub::HubMachine::decode(row->kind, kHeadVersion, head);
}

core::Result<std::vector<JobEvent>> read_job_events(storage::Reader& reader, std::uint64_t job) {
  std::vector<JobEvent> events;
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::job_events);
  scan.prefix = hub::encode_number(job);
  scan.limit = core::limits::index_scan_rows_max;
  while (true) {
    const auto rows = reader.scan_index(scan);
    if (!rows) return rows.error();
    for (const storage::IndexRow& row : *rows) {
      JobEvent one;
      one.index = hub::decode_number(row.key, 8);
      auto event = decode_event(row.value, one.time);
      if (!event) return event.error();
      one.event = std::move(*event);
      events.push_back(std::move(one));
    }
    if (rows->size() < scan.limit) return events;
    scan.after_key = rows->back().key;
  }
}

core::Result<std::optional<JobFacts>> read_job(storage::Reader& reader, std::uint64_t job) {
  const auto events = read_job_events(reader, job);
  if (!events) return events.error();
  // A job of another region that ran here has its owner there, and is nobody's here.
  const bool is_guest =
      !events->empty() && std::holds_alternative<hub::GuestReserved>(events->front().event);
  if (events->empty() || is_guest) return std::optional<JobFacts>();
  if (!std::holds_alternative<hub::JobSubmitted>(events->front().event)) {
    return core::Error{core::Reason::store_damaged, "job " + std::to_string(job) + ": no start"};
  }
  return std::optional(fold_job(*events));
}

}  // namespace intertie::api
