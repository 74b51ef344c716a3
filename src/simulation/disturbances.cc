#include "disturbances.h"

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
}

void Disturbances::crash_hub() {
  if (!hub_.is_up()) return;
  hub_.crash();
  world_.queue.after(world_.between(core::milliseconds(100), core::seconds(30)),
                     [this] { hub_.start(); });
}

void Disturbances::crash_agent() {
  SiteNode& site = *sites_[draw_site()];
  if (!site.is_up()) return;
  site.crash();
  world_.queue.after(world_.between(core::milliseconds(100), core::minutes(1)),
                     [&site] { site.start(); });
}

void Disturbances::lose_power() {
  SiteNode& site = *sites_[draw_site()];
  if (!site.is_up()) return;
  site.lose_power();
  world_.queue.after(world_.between(core::seconds(2), core::seconds(100)), [&site] {
    site.boot();
    site.start();
  });
}

void Disturbances::lose_node() {
  const std::size_t number = draw_site();
  const auto nodes = static_cast<std::uint64_t>(list_sites(world_.scenario)[number]->nodes);
  sites_[number]->runner().lose_node(static_cast<std::uint32_t>(world_.random.below(nodes)));
}

void Disturbances::cut_link(bool to_hub, bool to_site) {
  const std::size_t site = draw_site();
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
  Disk& disk = world_.random.chance(1, 4) ? hub_.disk() : sites_[draw_site()]->disk();
  disk.set_mood(mood);
  world_.queue.after(world_.between(core::seconds(1), longest),
                     [&disk] { disk.set_mood(DiskMood::sound); });
}

void Disturbances::step_clock() {
  const core::Duration size = kSteps[world_.random.below(kSteps.size())];
  const core::Duration step = world_.random.chance(1, 2) ? size : -size;
  const core::Duration length = world_.between(core::seconds(5), core::seconds(100));
  if (world_.random.chance(1, 2)) {
    world_.trace.note(world_.now(), "clock steps by s", -1,
                      static_cast<std::uint64_t>(step.count / 1'000'000));
    hub_.offset_ = step;
    world_.queue.after(length, [this] { hub_.offset_ = {}; });
    return;
  }
  SiteNode& site = *sites_[draw_site()];
  site.offset_ = step;
  world_.queue.after(length, [&site] { site.offset_ = {}; });
}

void Disturbances::drain() {
  const auto site = static_cast<std::uint32_t>(draw_site());
  operators_.insist(hub::SetSiteDrained{site, true}, [](const auto&) {});
  world_.queue.after(world_.between(core::seconds(5), core::minutes(1)), [this, site] {
    operators_.insist(hub::SetSiteDrained{site, false}, [](const auto&) {});
  });
}

void Disturbances::change_price() {
  const auto site = static_cast<std::uint32_t>(draw_site());
  hub::OfferPools offer{site, sites_[site]->make_join().pools};
  for (topology::Pool& pool : offer.pools) {
    pool.price.per_cpu_hour = pool.price.per_cpu_hour * world_.random.between(50, 200);
    pool.price.per_cpu_hour.count /= 100;
  }
  operators_.insist(std::move(offer), [](const auto&) {});
}

}  // namespace intertie::simulation
