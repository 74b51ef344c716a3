// The network: messages take time, get lost, come twice, overtake each other; links are cut.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

#include "dialect.h"
#include "world.h"

namespace intertie::simulation {

enum class Direction : std::uint8_t { to_hub, to_site };

class Network {
 public:
  Network(World& world, std::size_t sites)
      : world_(world),
        links_(sites),
        hubs_(static_cast<std::size_t>(world.scenario.hubs)),
        is_peer_cut_(hubs_ * hubs_, false),
        dialects_(world.scenario.older_hubs.empty() ? 0 : hubs_ * hubs_) {
    if (world.scenario.padded_hubs.empty() && world.scenario.lying_hubs.empty()) return;
    for (std::size_t way = 0; way < hubs_ * hubs_; ++way) {
      if (is_lying(way / hubs_)) {
        dialects_.push_back(Dialect::make_liar());
      } else {
        dialects_.emplace_back(is_padded(way % hubs_) ? &pad_payload : &keep_payload);
      }
    }
  }

  /// Delivers a message over a site's link, perhaps. Messages overtake each other.
  void send(std::size_t site, Direction direction, EventQueue::Action deliver) {
    if (is_cut(site, direction)) return;
    toss(std::move(deliver));
  }

  /// The same from hub to hub.
  void send_peer(std::size_t from, std::size_t to, EventQueue::Action deliver) {
    if (!is_peer_cut_[from * hubs_ + to]) toss(std::move(deliver));
  }

  void cut_peer(std::size_t from, std::size_t to, bool is_cut) {
    is_peer_cut_[from * hubs_ + to] = is_cut;
  }

  /// How one hub's words reach the other; nullptr: as they are.
  Dialect* find_dialect(std::size_t from, std::size_t to) {
    const bool is_meant = speaks_older(from, to) || is_padded(from) || is_padded(to) ||
                          is_lying(from) || is_lying(to);
    return is_meant ? &dialects_[from * hubs_ + to] : nullptr;
  }

  /// Whether one of the two is of the version before.
  bool speaks_older(std::size_t from, std::size_t to) const {
    return is_older(from) || is_older(to);
  }

  bool is_lying(std::size_t hub) const { return is_among(world_.scenario.lying_hubs, hub); }

  /// The same between a user and the hub; never cut.
  void send_user(EventQueue::Action deliver) { toss(std::move(deliver)); }

  /// Part of a stream to a site: a part never overtakes an earlier one. False: the stream is
  /// broken, and the site hears no more of it.
  bool stream(std::size_t site, EventQueue::Action deliver) {
    if (is_cut(site, Direction::to_site) || is_lost()) return false;
    Link& link = links_[site];
    link.stream_at = std::max(link.stream_at, world_.now() + draw_delay());
    world_.queue.after(link.stream_at - world_.now(), std::move(deliver));
    return true;
  }

  void cut(std::size_t site, Direction direction, bool is_cut) {
    links_[site].cut[static_cast<std::size_t>(direction)] = is_cut;
  }

 private:
  struct Link {
    bool cut[2] = {false, false};
    core::Duration stream_at;  // When the last part of the stream arrives.
  };

  bool is_cut(std::size_t site, Direction direction) const {
    return links_[site].cut[static_cast<std::size_t>(direction)];
  }
  static bool is_among(const std::vector<std::int64_t>& hubs, std::size_t hub) {
    return std::ranges::find(hubs, static_cast<std::int64_t>(hub)) != hubs.end();
  }
  bool is_older(std::size_t hub) const { return is_among(world_.scenario.older_hubs, hub); }
  bool is_padded(std::size_t hub) const { return is_among(world_.scenario.padded_hubs, hub); }
  bool is_lost() { return world_.permille(world_.scenario.network.lost_permille); }

  core::Duration draw_delay() {
    const NetworkSpec& spec = world_.scenario.network;
    if (world_.permille(spec.slow_permille)) {
      return world_.between(spec.delay_max, core::seconds(5));
    }
    return world_.between(spec.delay_min, spec.delay_max);
  }

  void toss(EventQueue::Action deliver) {
    if (is_lost()) return;
    if (world_.permille(world_.scenario.network.doubled_permille)) {
      world_.queue.after(draw_delay(), deliver);
    }
    world_.queue.after(draw_delay(), std::move(deliver));
  }

  World& world_;
  std::vector<Link> links_;
  std::size_t hubs_;
  std::vector<bool> is_peer_cut_;  // By sender and receiver.
  std::vector<Dialect> dialects_;  // Likewise.
};

}  // namespace intertie::simulation
