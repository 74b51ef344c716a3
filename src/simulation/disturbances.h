// What goes wrong, and when it is right again.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "network.h"
#include "region.h"
#include "world.h"

namespace intertie::simulation {

class Disturbances {
 public:
  Disturbances(World& world, Network& network, Regions& regions)
      : world_(world), network_(network), regions_(regions) {}

  /// Before begin(): operators watch the channels between hubs.
  void prepare();
  /// Until the world is quiet. Each disturbance ends by itself within two minutes, but for long
  /// partitions (eight) and a hub's death.
  void begin();

 private:
  void toss();
  void crash_hub();
  void crash_agent();
  void lose_power();
  void lose_node();
  void cut_link(bool to_hub, bool to_site);
  void spoil_disk(DiskMood mood, core::Duration longest);
  void step_clock();
  void drain();
  void change_price();
  void cut_peers(bool is_both, core::Duration longest);
  void kill_hub();
  void restore_hub();
  /// Two operators have heard that their hubs remember different histories.
  void reconcile(std::size_t one, std::size_t other);
  void tell_both(std::size_t one, std::size_t other);

  Region& draw_region() { return *regions_[world_.random.below(regions_.size())]; }
  /// One of all sites, and its hub.
  struct Place {
    Region& region;
    std::size_t handle;
    SiteNode& site() const { return *region.sites[handle]; }
    std::size_t number() const { return region.hub.first_site() + handle; }
  };
  Place draw_site();

  World& world_;
  Network& network_;
  Regions& regions_;
  std::set<std::pair<std::size_t, std::size_t>> reconciling_;
  std::vector<storage::LogIndex> oldest_backups_;  // By hub: its set-up is in all backups.
  bool is_hub_dead_ = false;
};

}  // namespace intertie::simulation
