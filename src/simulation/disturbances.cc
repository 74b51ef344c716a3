#include "disturbances.h"

#include <algorithm>
#include <array>
#include <utility>

namespace intertie::simulation {
namespace {

// Small ones, one that looks like a lost site, and some above limits::clock_step_max.
constexpr std::array kSteps = {core::seconds(2),   core::seconds(30), core::seconds(120),
                               core::seconds(240), core::minutes(20), core::hours(3)};

}  // namespace

void Disturbances::begin() {
  world_.queue.after(core::seconds(1), [this] {
    if (world_.is_quiet) return;
    toss();
    begin();
  });
}

void Disturbances::toss() {
  const DisturbanceRates& rates = world_.scenario.disturbances;
  const auto perhaps = [&](std::int64_t rate, const char* name, auto&& happen) {
    if (world_.random.below(60'000) >= static_cast<std::uint64_t>(rate)) return;
    ++world_.disturbances[name];
    happen();
  };
  perhaps(rates.hub_crash, "hub_crash", [&] { crash_hub(); });
  perhaps(rates.agent_crash, "agent_crash", [&] { crash_agent(); });
  perhaps(rates.power_loss, "power_loss", [&] { lose_power(); });
  perhaps(rates.node_loss, "node_loss", [&] { lose_node(); });
  perhaps(rates.partition, "partition", [&] { cut_link(true, true); });
  perhaps(rates.one_way_partition, "one_way_partition", [&] {
    const bool to_hub = world_.random.chance(1, 2);
    cut_link(to_hub, !to_hub);
  });
  perhaps(rates.slow_disk, "slow_disk", [&] { spoil_disk(DiskMood::slow, core::seconds(40)); });
  perhaps(rates.failing_disk, "failing_disk",
          [&] { spoil_disk(DiskMood::failing, core::seconds(30)); });
  perhaps(rates.full_disk, "full_disk", [&] { spoil_disk(DiskMood::full, core::minutes(1)); });
  perhaps(rates.clock_step, "clock_step", [&] { step_clock(); });
  perhaps(rates.drain, "drain", [&] { drain(); });
  perhaps(rates.price_change, "price_change", [&] { change_price(); });
  if (regions_.size() < 2 || !world_.scenario.is_joined) return;
  perhaps(rates.peer_partition, "peer_partition", [&] { cut_peers(true, core::seconds(120)); });
  perhaps(rates.peer_one_way_partition, "peer_one_way_partition",
          [&] { cut_peers(false, core::seconds(120)); });
  perhaps(rates.hub_restored, "hub_restored", [&] { restore_hub(); });
  perhaps(rates.peer_long_partition, "peer_long_partition",
          [&] { cut_peers(world_.random.chance(2, 3), core::minutes(8)); });
  perhaps(rates.hub_death, "hub_death", [&] { kill_hub(); });
}

void Disturbances::prepare() {
  for (const auto& region : regions_) {
    oldest_backups_.push_back(region->hub.disk().store().last().index);
    if (world_.scenario.disturbances.hub_restored == 0) continue;
    region->hub.peers().set_operator(
        [this](std::size_t one, std::size_t other) { reconcile(one, other); });
  }
}

// Agents cannot reconcile with a hub that has forgotten them, so only hubs without sites.
void Disturbances::restore_hub() {
  Region& region = draw_region();
  HubNode& hub = region.hub;
  if (!region.sites.empty() || !hub.is_up() || hub.backups().empty()) return;
  const storage::LogIndex last = hub.backups()[world_.random.below(hub.backups().size())];
  if (last < oldest_backups_[hub.number()]) return;
  world_.has_restored = true;
  world_.trace.note(world_.now(), "is lost and restored from its backup at",
                    -1 - static_cast<std::int64_t>(hub.number()), last);
  for (const std::uint64_t job : region.facts.lose_after(last, hub.disk().reader())) {
    region.users.forget(job);
  }
  hub.restore(last);
  world_.queue.after(world_.between(core::seconds(1), core::seconds(30)), [&hub] { hub.start(); });
}

// Not before everything that was on its way has arrived.
void Disturbances::reconcile(std::size_t one, std::size_t other) {
  const std::pair<std::size_t, std::size_t> pair = std::minmax(one, other);
  if (!reconciling_.insert(pair).second) return;
  world_.queue.after(world_.between(core::seconds(15), core::seconds(40)),
                     [this, pair] { tell_both(pair.first, pair.second); });
}

void Disturbances::tell_both(std::size_t one, std::size_t other) {
  reconciling_.erase({one, other});
  HubNode& left = regions_[one]->hub;
  HubNode& right = regions_[other]->hub;
  if (!left.is_idle() || !right.is_idle()) return;  // They will ask again.
  world_.trace.note(world_.now(), "is reconciled with hub", -1 - static_cast<std::int64_t>(one),
                    other);
  const std::uint32_t at_left = get_peer_handle(one, other);
  const std::uint32_t at_right = get_peer_handle(other, one);
  const auto left_hello = left.peers().make_hello(at_left);
  const auto right_hello = right.peers().make_hello(at_right);
  left.ask(hub::ReconcilePeer{at_left, right_hello},
           [&left, at_left](const auto&) { left.peers().reopen(at_left); });
  right.ask(hub::ReconcilePeer{at_right, left_hello},
            [&right, at_right](const auto&) { right.peers().reopen(at_right); });
}

Disturbances::Place Disturbances::draw_site() {
  std::size_t sites = 0;
  for (const auto& region : regions_) sites += region->sites.size();
  std::size_t number = world_.random.below(sites);
  for (const auto& region : regions_) {
    if (number < region->sites.size()) return {*region, number};
    number -= region->sites.size();
  }
  return {*regions_.front(), 0};
}

// Its machine and its disk are gone; its sites go on for as long as they may.
void Disturbances::kill_hub() {
  HubNode& hub = draw_region().hub;
  if (std::exchange(is_hub_dead_, is_hub_dead_ || hub.is_up()) || !hub.is_up()) return;
  world_.trace.note(world_.now(), "dies for good", -1 - static_cast<std::int64_t>(hub.number()));
  hub.die();
}

// Mostly of one pair; now and then one hub hears nobody, or nobody hears it.
void Disturbances::cut_peers(bool is_both, core::Duration longest) {
  const std::size_t from = world_.random.below(regions_.size());
  const bool is_alone = world_.random.chance(1, 4);
  const std::size_t to = (from + 1 + world_.random.below(regions_.size() - 1)) % regions_.size();
  const auto set = [this, from, to, is_both, is_alone](bool is_cut) {
    world_.trace.note(world_.now(), is_cut ? "cannot speak to hub" : "can speak to hub",
                      -1 - static_cast<std::int64_t>(from), to);
    for (std::size_t other = 0; other < regions_.size(); ++other) {
      if (other == from || (!is_alone && other != to)) continue;
      network_.cut_peer(from, other, is_cut);
      if (is_both) network_.cut_peer(other, from, is_cut);
    }
  };
  set(true);
  world_.queue.after(world_.between(core::seconds(1), longest), [set] { set(false); });
}

void Disturbances::crash_hub() {
  HubNode& hub = draw_region().hub;
  if (!hub.is_up()) return;
  hub.crash();
  world_.queue.after(world_.between(core::milliseconds(100), core::seconds(30)),
                     [&hub] { hub.start(); });
}

void Disturbances::crash_agent() {
  SiteNode& site = draw_site().site();
  if (!site.is_up()) return;
  site.crash();
  world_.queue.after(world_.between(core::milliseconds(100), core::minutes(1)),
                     [&site] { site.start(); });
}

void Disturbances::lose_power() {
  SiteNode& site = draw_site().site();
  if (!site.is_up()) return;
  site.lose_power();
  world_.queue.after(world_.between(core::seconds(2), core::seconds(100)), [&site] {
    site.boot();
    site.start();
  });
}

void Disturbances::lose_node() {
  SiteNode& site = draw_site().site();
  const auto nodes = static_cast<std::uint64_t>(site.spec().nodes);
  site.runner().lose_node(static_cast<std::uint32_t>(world_.random.below(nodes)));
}

void Disturbances::cut_link(bool to_hub, bool to_site) {
  const std::size_t site = draw_site().number();
  const auto set = [this, site, to_hub, to_site](bool is_cut) {
    world_.trace.note(world_.now(), is_cut ? "link is cut" : "link is whole",
                      static_cast<std::int64_t>(site));
    if (to_hub) network_.cut(site, Direction::to_hub, is_cut);
    if (to_site) network_.cut(site, Direction::to_site, is_cut);
  };
  set(true);
  world_.queue.after(world_.between(core::seconds(1), core::seconds(100)), [set] { set(false); });
}

void Disturbances::spoil_disk(DiskMood mood, core::Duration longest) {
  const bool is_hub = world_.random.chance(1, 4);
  Disk& disk = is_hub ? draw_region().hub.disk() : draw_site().site().disk();
  disk.set_mood(mood);
  world_.queue.after(world_.between(core::seconds(1), longest),
                     [&disk] { disk.set_mood(DiskMood::sound); });
}

void Disturbances::step_clock() {
  const core::Duration size = kSteps[world_.random.below(kSteps.size())];
  const core::Duration step = world_.random.chance(1, 2) ? size : -size;
  const core::Duration length = world_.between(core::seconds(5), core::seconds(100));
  if (world_.random.chance(1, 2)) {
    HubNode& hub = draw_region().hub;
    world_.trace.note(world_.now(), "clock steps by s",
                      -1 - static_cast<std::int64_t>(hub.number()),
                      static_cast<std::uint64_t>(step.count / 1'000'000));
    hub.offset_ = step;
    world_.queue.after(length, [&hub] { hub.offset_ = {}; });
    return;
  }
  SiteNode& site = draw_site().site();
  site.offset_ = step;
  world_.queue.after(length, [&site] { site.offset_ = {}; });
}

void Disturbances::drain() {
  const Place place = draw_site();
  const auto site = static_cast<std::uint32_t>(place.handle);
  Users& operators = place.region.users;
  operators.insist(hub::SetSiteDrained{site, true}, [](const auto&) {});
  world_.queue.after(world_.between(core::seconds(5), core::minutes(1)), [&operators, site] {
    operators.insist(hub::SetSiteDrained{site, false}, [](const auto&) {});
  });
}

void Disturbances::change_price() {
  const Place place = draw_site();
  hub::OfferPools offer{static_cast<std::uint32_t>(place.handle), place.site().make_join().pools};
  for (topology::Pool& pool : offer.pools) {
    pool.price.per_cpu_hour = pool.price.per_cpu_hour * world_.random.between(50, 200);
    pool.price.per_cpu_hour.count /= 100;
  }
  place.region.users.insist(std::move(offer), [](const auto&) {});
}

}  // namespace intertie::simulation
