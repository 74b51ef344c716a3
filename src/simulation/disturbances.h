// What goes wrong, and when it is right again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hub_node.h"
#include "network.h"
#include "site_node.h"
#include "users.h"
#include "world.h"

namespace intertie::simulation {

class Disturbances {
 public:
  using Sites = std::vector<std::unique_ptr<SiteNode>>;

  Disturbances(World& world, Network& network, HubNode& hub, Sites& sites, Users& operators)
      : world_(world), network_(network), hub_(hub), sites_(sites), operators_(operators) {}

  /// Until the world is quiet. Each disturbance ends by itself within two minutes.
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

  std::size_t draw_site() { return world_.random.below(sites_.size()); }

  World& world_;
  Network& network_;
  HubNode& hub_;
  Sites& sites_;
  Users& operators_;
};

}  // namespace intertie::simulation
