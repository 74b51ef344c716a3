// What an agent remembers: the attempts it was given and the channel to its hub.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/agent/events.h"
#include "intertie/core/time.h"
#include "intertie/engine/channel.h"

namespace intertie::agent {

/// staging: inputs are being brought. ready: the runner is to be asked. running: every rank was
/// started. collecting: no rank runs; outputs are being stored. reported: the hub is being told.
enum class AttemptPhase : std::uint8_t { staging, ready, running, collecting, reported };
BOOST_DESCRIBE_ENUM(AttemptPhase, staging, ready, running, collecting, reported)

using AttemptId = std::pair<std::uint64_t, std::uint32_t>;  // Job, attempt.

struct Attempt {
  execution::StartAttempt order;
  std::uint64_t document = 0;  // Log index whose body is the job document.
  AttemptPhase phase = AttemptPhase::staging;
  std::optional<core::Reason> stop;
  bool is_forgotten = false;  // The hub has given it up: stop it and say no more.
  core::Time began_at;
  std::map<std::uint32_t, RankEnded> ended;  // By rank.
  std::uint32_t usage_number = 0;
  core::Time usage_to;
  execution::Measured usage_measured;

  bool has_ended() const { return ended.size() == order.slots.size(); }
};

struct State {
  SiteCreated facts;
  std::map<AttemptId, Attempt> attempts;
  engine::Outbox outbox;
  engine::Inbox inbox;
};

}  // namespace intertie::agent
