// A job as its events tell it: the rows of index table job_events, folded.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/result.h"
#include "intertie/hub/events.h"
#include "intertie/hub/index_tables.h"
#include "intertie/storage/store.h"

#include "router_core.h"

namespace intertie::api {

/// One event of a job with its place in the log.
struct JobEvent {
  storage::LogIndex index = 0;
  core::Time time;
  hub::Event event;
};

/// What is known of one attempt.
struct AttemptFacts {
  std::uint32_t number = 0;
  hub::CapacityReserved reserved;
  std::optional<hub::OfferAsked> offer;  // It is in another region; `reserved` says nothing.
  storage::LogIndex chosen = 0;          // Its body is the explanation.
  core::Time chosen_at;
  core::Money held;
  std::optional<core::Time> began;
  std::optional<core::Time> over;
  storage::LogIndex over_index = 0;  // Its body is the site's AttemptEnded message.
};

struct JobFacts {
  hub::JobSubmitted submitted;
  storage::LogIndex document = 0;  // The submission; its body is the job document.
  core::Time submitted_at;
  Phase phase = Phase::waiting;
  std::optional<hub::JobOutcome> outcome;
  std::optional<core::Reason> reason;
  std::optional<std::int32_t> exit_code;
  std::optional<core::Time> ended;
  core::Money charged;
  bool is_cancel_requested = false;
  std::uint32_t resolver_max = 0;  // One above the handles of those who resolved disputes.
  std::optional<hub::CapacityReserved> pending;  // Reserved, not yet chosen.
  std::optional<hub::OfferAsked> asked;          // Asked for, not yet chosen.
  storage::LogIndex asked_index = 0;
  std::vector<AttemptFacts> attempts;  // Oldest first.
  storage::LogIndex index = 0;         // Of the last event.

  const AttemptFacts* current() const { return attempts.empty() ? nullptr : &attempts.back(); }
  /// How many pools and principals a directory must know to name everything here.
  DirectoryNeed need() const;
};

/// Folds the events of one job in their order. The first one is its submission (asserted). Pure.
JobFacts fold_job(std::span<const JobEvent> events);

/// The public view, with names from a directory that covers facts.need().
JobView make_job_view(const JobFacts& facts, const Directory& directory);

/// A site of another region: "42/name". The directory knows the peer.
std::string name_remote_site(const hub::OfferAsked& offer, const Directory& directory);

/// The events of a job, oldest first; empty: there is no such job.
core::Result<std::vector<JobEvent>> read_job_events(storage::Reader& reader, std::uint64_t job);

/// Both steps; nothing if there is no such job.
core::Result<std::optional<JobFacts>> read_job(storage::Reader& reader, std::uint64_t job);

/// Decodes one row's event. store_damaged.
core::Result<hub::Event> decode_event(const std::string& value, core::Time& time);

}  // namespace intertie::api
