// A site: the agent's process, its disk and clock, its side of the channel, its runner.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "intertie/engine/engine.h"

#include "disk.h"
#include "hub_node.h"
#include "network.h"
#include "runner.h"
#include "site_machine.h"
#include "world.h"

namespace intertie::simulation {

/// site_node.cc holds the process, site_channel.cc the calls of docs/formats/site-channel.md,
/// site_actions.cc what the agent asks of the world outside.
class SiteNode {
 public:
  using Engine = engine::Engine<SiteMachine>;

  SiteNode(World& world, Network& network, HubNode& hub, ProcessTable& processes,
           std::size_t number);

  void start();
  /// Kills the agent; what it started runs on.
  void crash();
  /// Switches everything off; `boot` switches the machine on again, then start() the agent.
  void lose_power();
  void boot() { runner_.boot(); }
  bool is_up() const { return engine_ != nullptr; }

  /// Fills in what the hub is told when the site joins.
  hub::JoinSite make_join() const;
  /// Queues the first record of the journal and a signed measurement of the pool.
  void create();

  /// Compares what a start would find with what the whole log gives.
  void check_log();

  const std::string& identifier() const { return identifier_; }
  const SiteSpec& spec() const { return spec_; }
  const Lies& lies() const { return lies_; }
  Disk& disk() { return disk_; }
  Runner& runner() { return runner_; }
  const agent::AgentMachine& agent() const { return machine_->agent(); }
  bool is_idle() const { return is_up() && engine_->is_idle(); }

  core::Duration offset_;  // Of the wall clock.

 private:
  // The process.
  void wake();
  void tick(std::uint64_t life);
  void poll();
  /// Tells the machine something that must arrive: repeated until the store takes it.
  void report(agent::Command command);
  /// Runs `action` after `delay`, unless the agent has crashed by then.
  void later(core::Duration delay, std::function<void()> action);

  // The channel.
  void beat();
  void note_use();
  void open();
  void take_hello(const core::Result<hub::Reply>& reply);
  void ask_rows();
  void take_rows(const std::vector<agent::HubRow>& rows);
  void post_rows();
  void take_posted(const core::Result<hub::Reply>& reply);
  /// One call: `answer` runs with the hub's answer, or with a refusal after the time-out.
  void call(hub::Command command, core::Duration timeout, HubNode::Answer answer);

  // What the agent asks for.
  void look_for_actions();
  void act(const std::vector<agent::Action>& actions);
  void stage(const agent::AttemptId& id);
  void start_attempt(const agent::AttemptId& id);
  void stop_attempt(const agent::AttemptId& id);
  void collect(const agent::AttemptId& id);
  void tell_task(const execution::TaskKey& key);
  void forget_finished();

  World& world_;
  Network& network_;
  HubNode& hub_;
  std::size_t number_;
  std::uint32_t handle_;  // At its hub.
  const SiteSpec& spec_;
  std::string region_;
  std::string name_;
  std::string identifier_;
  crypto::KeyPair key_;
  Lies lies_;
  Disk disk_;
  Runner runner_;
  std::unique_ptr<SiteMachine> machine_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t life_ = 0;
  bool is_awake_ = false;

  // Soft, of this life.
  bool is_open_ = false;
  bool is_opening_ = false;
  bool is_posting_ = false;
  bool is_looking_ = false;
  std::uint64_t beats_ = 0;
  std::uint64_t received_ = 0;      // Rows of the hub that are durable here.
  std::uint64_t acknowledged_ = 0;  // What the hub knows of that.
  std::uint64_t taken_ = 0;         // Rows of the hub that have been handed to the engine.
  std::uint64_t stream_ = 0;        // Number of the current stream.
  core::Duration stream_heard_;
  std::set<agent::AttemptId> staging_;
  std::set<agent::AttemptId> collecting_;
};

}  // namespace intertie::simulation
