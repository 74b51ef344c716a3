// The users of one hub: they submit, cancel and pay, and ask again until they get an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "facts.h"
#include "hub_node.h"
#include "network.h"
#include "world.h"

namespace intertie::simulation {

class Users {
 public:
  Users(World& world, Network& network, HubNode& hub, Facts& facts)
      : world_(world),
        network_(network),
        hub_(hub),
        facts_(facts),
        random_(world.seed + (hub.number() + 1) * 1'000'003),
        who_(-1 - static_cast<std::int64_t>(hub.number())) {}

  /// The names of the users' accounts; principals are created in this order.
  static std::string make_name(std::int64_t user) { return "user-" + std::to_string(user); }

  /// Arrivals go on until the world is quiet.
  void begin();

  /// Gives every user and peer enough for whatever still waits, and gives up what can never run.
  void rescue();

  /// Cancels what waits and is not asked for or placed anywhere.
  void give_up_waiting();

  /// Asks until there is an answer that is not about the moment; then calls `done`.
  void insist(hub::Command command, HubNode::Answer done);

  /// When each job was first submitted, by serial.
  const std::map<std::uint64_t, core::Duration>& submitted() const { return submitted_; }
  /// The hub no longer knows this job; its number may be given out again.
  void forget(std::uint64_t job) { jobs_.erase(job); }
  bool has_all_answers() const { return open_ == 0; }
  std::uint64_t acknowledged() const { return jobs_.size(); }
  std::uint64_t refused() const { return refused_; }
  /// What users were told exists.
  const std::map<std::uint64_t, std::uint32_t>& jobs() const { return jobs_; }

 private:
  void arrive();
  void submit();
  void take_submitted(const hub::SubmitJobs& asked, const core::Result<hub::Reply>& reply);
  void cancel_unheard();
  void cancel(std::uint64_t job, std::uint32_t owner);
  void deposit(std::int64_t user, core::Money amount);
  void pay_in();

  World& world_;
  Network& network_;
  HubNode& hub_;
  Facts& facts_;
  core::Random random_;  // Of arrivals: whatever happens, the same jobs come.
  std::int64_t who_;     // For the trace.
  std::map<std::uint64_t, std::uint32_t> jobs_;  // Acknowledged ones and their owners.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> dear_;  // Of no use to anybody; job, owner.
  std::map<std::uint64_t, core::Duration> submitted_;
  std::uint64_t submissions_ = 0;
  std::uint64_t deposits_ = 0;
  std::uint64_t refused_ = 0;
  std::int64_t open_ = 0;
};

}  // namespace intertie::simulation
