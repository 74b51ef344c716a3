// A site's agent as a state machine for the engine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/agent/commands.h"
#include "intertie/agent/events.h"
#include "intertie/agent/state.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"
#include "intertie/engine/state_machine.h"

namespace intertie::agent {

/// What the outside world has to do for an attempt. Derived from the durable state, so after a
/// restart the same work is asked for again; doing it twice is harmless.
struct Action {
  enum class Kind : std::uint8_t {
    stage,    // Make the folder and bring the inputs, then ReportStaged or ReportNotStarted.
    start,    // Ask the runner for every rank, then ReportRankStarted, ReportRankEnded.
    stop,     // Cancel every rank.
    collect,  // Store the outputs, then ReportCollected.
  };
  Kind kind = Kind::stage;
  AttemptId attempt;
};

/// Owns state and soft state. One thread. `key` signs usage records (Ed25519 is deterministic, so a
/// decision with the same key gives the same event).
class AgentMachine {
 public:
  using Command = agent::Command;
  using Event = agent::Event;
  using Reply = agent::Reply;

  explicit AgentMachine(const crypto::KeyPair& key) : key_(&key) {}

  core::Result<Reply> decide(const Command& command, core::Time now,
                             engine::EventSink<Event>& sink);
  /// Everything here follows from a command; nothing comes due by itself.
  bool has_work(core::Time) const { return false; }
  void work(core::Time, engine::EventSink<Event>&) {}
  void apply(const Event& event, engine::RecordPlace place);
  void index(const Event&, engine::RecordPlace, std::vector<storage::IndexWrite>&) const {}
  static engine::EncodedEvent encode(const Event& event);
  static core::Result<Event> decode(std::uint16_t kind, std::uint16_t version,
                                    std::string_view head);
  static std::optional<std::uint64_t> subject(const Event&) { return std::nullopt; }
  std::string encode_state() const;
  core::Result<void> decode_state(std::string_view bytes);

  const State& state() const { return state_; }

  /// What is to be done now, in the order of job and attempt. Starts are left out unless the hub
  /// has answered a heartbeat of the last site_lost_after: after a longer silence the hub may have
  /// given the job to another site (ARCHITECTURE.md, idea 7). `boot_now` is on the clock of
  /// NoteHubAnswer, the boot-time clock, so that a step of the wall clock can neither allow nor
  /// forbid a start. O(attempts).
  std::vector<Action> find_actions(core::Time boot_now) const;

  /// For the heartbeat: everything that may run here.
  std::vector<execution::ForgetAttempt> find_running() const;

  struct Context;

 private:
  const crypto::KeyPair* key_;
  State state_;
  // Soft.
  std::optional<core::Time> hub_answered_;  // Boot time; empty: not since this start.
  std::uint64_t hub_rows_ = 0;              // What the hub had sent when it answered.
  std::map<execution::TaskKey, core::Time> started_;
  std::map<execution::TaskKey, execution::Measured> measured_;
  std::map<AttemptId, core::Time> cut_at_;  // Boot time up to which use was put into records.
};

}  // namespace intertie::agent
