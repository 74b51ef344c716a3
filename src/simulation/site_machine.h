// The agent's state machine, and the liar that may stand between it and its log.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/agent/machine.h"

#include "world.h"

namespace intertie::simulation {

/// What a lying site does to usage records, and which envelopes must never be charged: those whose
/// signature does not verify.
struct Lies {
  World& world;
  std::int64_t permille = 0;
  std::set<std::string> unsigned_envelopes = {};
  std::uint64_t told = 0;
};

/// Hands everything to the real AgentMachine. Usage records on their way into the log are
/// falsified now and then: padded, about another attempt, sent twice, or with a broken signature.
class SiteMachine {
 public:
  using Command = agent::Command;
  using Event = agent::Event;
  using Reply = agent::Reply;

  SiteMachine(const crypto::KeyPair& key, Lies& lies) : agent_(key), key_(key), lies_(lies) {}

  core::Result<Reply> decide(const Command& command, core::Time now,
                             engine::EventSink<Event>& sink);
  bool has_work(core::Time now) const { return agent_.has_work(now); }
  void work(core::Time now, engine::EventSink<Event>& sink);
  void apply(const Event& event, engine::RecordPlace place) { agent_.apply(event, place); }
  void index(const Event& event, engine::RecordPlace place,
             std::vector<storage::IndexWrite>& writes) const {
    agent_.index(event, place, writes);
  }
  static engine::EncodedEvent encode(const Event& event) {
    return agent::AgentMachine::encode(event);
  }
  static core::Result<Event> decode(std::uint16_t kind, std::uint16_t version,
                                    std::string_view head) {
    return agent::AgentMachine::decode(kind, version, head);
  }
  static std::optional<std::uint64_t> subject(const Event& event) {
    return agent::AgentMachine::subject(event);
  }
  std::string encode_state() const { return agent_.encode_state(); }
  core::Result<void> decode_state(std::string_view bytes) { return agent_.decode_state(bytes); }

  const agent::AgentMachine& agent() const { return agent_; }

 private:
  agent::AgentMachine agent_;
  const crypto::KeyPair& key_;
  Lies& lies_;
};

}  // namespace intertie::simulation
