// A hub's side of its channels to the other hubs: what it sends, and the beacons it makes.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "intertie/simulation/simulation.h"

#include "hub_node.h"
#include "network.h"
#include "world.h"

namespace intertie::simulation {

/// Plays what a hub's process does around its state machine (docs/formats/hub-channel.md): opens
/// each channel with a hello, posts the rows that are durable and passes acknowledgements on, and
/// looks every beacon_interval whether a beacon is to be sent. All it knows but the traffic is soft
/// and starts anew with the hub.
class PeerPort {
 public:
  PeerPort(World& world, Network& network, HubNode& self, std::vector<HubNode*> hubs);

  /// A new life of the hub.
  void start();

  /// Sends what has become durable.
  void poll();

  /// What this hub would say about its channel with the peer; its state must be durable.
  engine::ChannelHello make_hello(std::uint32_t peer) const;

  /// Rows have other numbers since a reconciliation: the next beat says hello first.
  void reopen(std::uint32_t peer);

  const BeaconTraffic& traffic() const { return traffic_; }

  /// A beacon of that hub has arrived here; and when the last one did (virtual time).
  void note_beacon(std::size_t from);
  core::Duration find_beacon(std::size_t from) const;

  /// Someone has to reconcile the channel with this peer: `who`(this hub, peer).
  void set_operator(std::function<void(std::size_t, std::size_t)> who) {
    operator_ = std::move(who);
  }

 private:
  struct Link {
    bool is_open = false;
    bool is_opening = false;
    bool is_posting = false;
    bool is_full_wanted = true;
    std::uint64_t sent = 0;     // Last row that is on its way.
    int refusals = 0;           // In a row: the other remembers another history.
    core::Duration beacon_due;  // Without news one is sent then.
  };

  HubNode& get_peer(std::uint32_t peer) const;
  void beat();
  void open(std::uint32_t peer);
  void take_hello(std::uint32_t peer, const core::Result<hub::Reply>& reply);
  void post(std::uint32_t peer);
  void take_posted(std::uint32_t peer, const core::Result<hub::Reply>& reply);
  void make_beacon(std::uint32_t peer);
  void send_beacon(std::uint32_t peer, hub::Beacon beacon);
  void count(const hub::Beacon& beacon);
  /// The hello as the peer hears it.
  engine::ChannelHello translate(std::uint32_t peer, engine::ChannelHello hello);
  void note_diverged(std::uint32_t peer, const std::string& detail);
  void acknowledge(std::uint32_t peer, std::uint64_t received);
  /// One call: `answer` runs with the peer's answer, or with a refusal after the time-out.
  void call(std::uint32_t peer, hub::Command command, HubNode::Answer answer);
  void later(core::Duration delay, std::function<void()> action);

  World& world_;
  Network& network_;
  HubNode& self_;
  std::vector<HubNode*> hubs_;
  std::vector<Link> links_;  // By handle.
  /// All rows that are durable up to here have been sent, or wait for something that posts itself.
  storage::LogIndex polled_at_ = 0;
  BeaconTraffic traffic_;
  std::vector<core::Duration> beacons_heard_;  // By the sender's number.
  std::function<void(std::size_t, std::size_t)> operator_;
};

}  // namespace intertie::simulation
