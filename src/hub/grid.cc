#include "grid.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"

#include "line_legs.h"
#include "placing.h"
#include "site_names.h"

namespace intertie::hub {
namespace {

placement::FreeCounts count_total(const BeaconPool& news) {
  placement::FreeCounts total;
  total.cpus = news.pool.cpus_per_node * news.nodes;
  total.memory = news.pool.memory_per_node * news.nodes;
  total.scratch = news.pool.scratch;
  const auto& groups = news.pool.devices_per_node;
  for (std::size_t group = 0; group < groups.size() && group < total.devices.size(); ++group) {
    total.devices[group] = groups[group].count * news.nodes;
  }
  return total;
}

placement::FreeCounts count_free(const BeaconPool& news) {
  placement::FreeCounts free;
  free.cpus = news.free_cpus;
  free.memory = news.free_memory;
  free.scratch = news.free_scratch;
  const std::size_t groups = std::min(news.free_devices.size(), free.devices.size());
  std::copy_n(news.free_devices.begin(), groups, free.devices.begin());
  return free;
}

placement::NodeRoom make_room(const BeaconNodes& row) {
  placement::NodeRoom room{row.cpus, row.memory, {}, row.nodes};
  const std::size_t groups = std::min(row.devices.size(), room.devices.size());
  for (std::size_t group = 0; group < groups; ++group) {
    room.devices[group] = static_cast<std::uint8_t>(
        std::clamp<std::int64_t>(row.devices[group], 0, std::numeric_limits<std::uint8_t>::max()));
  }
  return room;
}

// Of a single node the sums say it all; of several an older peer does not tell.
placement::NodeRooms make_rooms(const BeaconPool& news) {
  if (news.nodes == 1) {
    return placement::NodeRooms(
        {make_room({1, news.free_cpus, news.free_memory, news.free_devices})});
  }
  if (!news.free_nodes || news.free_nodes->size() > kBeaconNodeRowsMax) return {};
  std::vector<placement::NodeRoom> rooms;
  for (const BeaconNodes& row : *news.free_nodes) {
    if (row.nodes > 0) rooms.push_back(make_room(row));
  }
  return placement::NodeRooms(std::move(rooms));
}

placement::NodeRoom make_empty_node(const topology::Pool& pool) {
  BeaconNodes row{1, pool.cpus_per_node, pool.memory_per_node, {}};
  for (const topology::DeviceGroup& group : pool.devices_per_node) {
    row.devices.push_back(group.count);
  }
  return make_room(row);
}

bool is_only_status_lost(topology::Pool before, const topology::Pool& now) {
  if (before.status != topology::PoolStatus::lost) return false;
  before.status = now.status;
  return before == now;
}

bool has_grown(const placement::FreeCounts& before, const placement::FreeCounts& now) {
  for (std::size_t group = 0; group < now.devices.size(); ++group) {
    if (now.devices[group] > before.devices[group]) return true;
  }
  return now.cpus > before.cpus || now.memory > before.memory || now.scratch > before.scratch;
}

placement::PoolLoad make_load(const BeaconPool& news, const RemotePool& pool, core::Time heard) {
  placement::PoolLoad load;
  if (!news.queue || news.queue->running <= 0) return load;
  const auto after = [heard](core::Duration wait) {
    return heard + std::clamp(wait, core::Duration{}, core::limits::job_timeout_max);
  };
  load.running = news.queue->running;
  load.mean = placement::compute_mean(pool.total, pool.announced, load.running);
  load.next_end = after(news.queue->next_end);
  load.last_end = after(news.queue->last_end);
  load.queued = after(news.queue->queued) - heard;
  return load;
}

}  // namespace

// Handles of the home hub mean nothing here; names of sites become handles of the grid.
placement::Requirements Grid::make_foreign(const State& state,
                                           const placement::Requirements& asked) const {
  placement::Requirements requirements = asked;
  requirements.sites_excluded.clear();
  requirements.own_sites.clear();
  if (asked.site_names_excluded.empty()) return requirements;
  for (std::uint32_t site = 0; site < site_peers_.size(); ++site) {
    const std::string& region = state.peers[site_peers_[site]].terms.region;
    const std::string& name = topology_->find_site({site})->name;
    const bool is_excluded = std::ranges::any_of(
        asked.site_names_excluded,
        [&](const std::string& written) { return means_site(written, region, name); });
    if (is_excluded) requirements.sites_excluded.push_back({site});
  }
  return requirements;
}

bool Grid::find_site(const State& state, const std::string& written) const {
  for (std::uint32_t site = 0; site < site_peers_.size(); ++site) {
    const std::string& region = state.peers[site_peers_[site]].terms.region;
    if (means_site(written, region, topology_->find_site({site})->name)) return true;
  }
  return false;
}

std::optional<core::Time> Grid::find_news(std::uint32_t peer) const {
  const auto found = sources_.find(peer);
  if (found == sources_.end() || found->second.pools.empty()) return std::nullopt;
  return found->second.heard;
}

bool Grid::accept(std::uint32_t peer, const Beacon& beacon, core::Time now) {
  Source& source = sources_[peer];
  const bool continues = source.is_heard && beacon.number == source.number + 1;
  if (!beacon.is_full && !continues) return false;
  if (beacon.is_full) set_status(source, topology::PoolStatus::lost);
  source.number = beacon.number;
  source.heard = now;
  source.expires = now + std::min(beacon.lifetime, core::limits::beacon_lifetime);
  source.is_heard = true;
  for (const BeaconPool& news : beacon.pools) take_pool(peer, source, news);
  count_rows(source, beacon);
  return true;
}

void Grid::add_pool() {
  const auto handle = static_cast<std::uint32_t>(pools_.size());
  const bool is_moving = free_.size() == free_.capacity() || rooms_.size() == rooms_.capacity() ||
                         loads_.size() == loads_.capacity();
  pools_.emplace_back();
  free_.emplace_back();
  rooms_.emplace_back();
  loads_.emplace_back();
  views_.emplace_back().pool = {handle};
  for (std::uint32_t pool = is_moving ? 0 : handle; pool <= handle; ++pool) {
    views_[pool].reported = &free_[pool];
    views_[pool].rooms = &rooms_[pool];
    views_[pool].load = &loads_[pool];
  }
}

void Grid::take_pool(std::uint32_t peer, Source& source, const BeaconPool& news) {
  const auto new_site = static_cast<std::uint32_t>(site_peers_.size());
  const auto [site, is_new_site] = source.sites.try_emplace(news.site_identifier, new_site);
  if (is_new_site) {
    topology_ =
        topology_->with_site({{new_site}, news.site, news.site_identifier, news.pool.region, ""});
    site_peers_.push_back(peer);
  }
  const auto [known, is_new] =
      handles_.try_emplace(news.pool.identifier, static_cast<std::uint32_t>(pools_.size()));
  const std::uint32_t handle = known->second;
  if (is_new) {
    add_pool();
    source.pools.push_back(handle);
  } else if (pools_[handle].peer != peer) {
    return;  // Announced by two hubs: the first keeps it.
  }
  const RemotePool before = std::exchange(
      pools_[handle], {peer, news.site, news.site_sign_key, count_total(news), count_free(news),
                       make_rooms(news), make_empty_node(news.pool), news.cards});
  RemotePool& now = pools_[handle];
  reset_free(handle);
  loads_[handle] = make_load(news, now, source.heard);
  const bool is_roomier = has_grown(before.announced, now.announced);
  topology::Pool pool = news.pool;
  pool.handle = {handle};
  pool.site = {site->second};
  pool.nodes.assign(news.nodes, {});
  const topology::Pool* old = topology_->find_pool({handle});
  const bool is_same = old != nullptr && *old == pool;
  // A full beacon begins with all pools lost: that alone is no news of one. An older peer says too
  // little: only another question tells.
  const bool has_same_terms = is_same || (old != nullptr && is_only_status_lost(*old, pool));
  forget_refusals(handle, is_roomier || !has_same_terms || !now.announced_rooms.is_known());
  if (is_same) return;
  views_[handle].kind = kinds_.assign(pool);
  topology_ = topology_->with_pool(std::move(pool));
}

void Grid::reset_free(std::uint32_t pool) {
  free_[pool] = pools_[pool].announced;
  rooms_[pool] = pools_[pool].announced_rooms;
}

void Grid::set_status(const Source& source, topology::PoolStatus status) {
  for (const std::uint32_t pool : source.pools) {
    kinds_.clear({pool});
    views_[pool].kind = 0;
    topology_ = topology_->with_pool_status({pool}, status);
  }
}

bool Grid::expire(core::Time now) {
  for (auto& [peer, source] : sources_) {
    if (!source.is_heard || source.expires > now) continue;
    if (engine::is_fault_planted(engine::Fault::stale_beacon_trusted)) continue;
    source.is_heard = false;
    set_status(source, topology::PoolStatus::lost);
  }
  return drop_refusals(now);
}

bool Grid::drop_refusals(core::Time now) {
  std::size_t dropped = 0;
  for (auto pool = refused_.begin(); pool != refused_.end();) {
    dropped += std::erase_if(pool->second, [now](const auto& refusal) {
      return refusal.second.at + core::limits::beacon_lifetime <= now;
    });
    pool = pool->second.empty() ? refused_.erase(pool) : std::next(pool);
  }
  return dropped > 0;
}

// Where the nodes are known they say by themselves whether there is room now.
void Grid::forget_refusals(std::uint32_t pool, bool is_all) {
  const auto refused = refused_.find(pool);
  if (refused == refused_.end()) return;
  std::erase_if(refused->second,
                [is_all](const auto& refusal) { return is_all || refusal.second.is_of_room; });
  if (refused->second.empty()) refused_.erase(refused);
}

bool Grid::is_heard(std::uint32_t peer) const {
  const auto found = sources_.find(peer);
  return found != sources_.end() && found->second.is_heard;
}

placement::Placement Grid::find_placement(const State& state, std::uint32_t shape,
                                          core::Time deadline, core::Time now) {
  const placement::Requirements requirements =
      make_foreign(state, state.shapes[shape].requirements);
  const placement::JobPreferences preferences =
      make_preferences(state, state.shapes[shape], deadline);
  auto found = placement::place({shape}, requirements, preferences,
                                {*topology_, views_, now, &lines_}, cache_);
  const bool had_any = !found.candidates.empty();
  std::map<std::string, bool> full;  // By region.
  const std::size_t off_line = std::erase_if(found.candidates, [&](const auto& candidate) {
    const std::string& region = get_pool(candidate.pool.index).region;
    const auto [known, is_new] = full.try_emplace(region);
    if (is_new) known->second = plan_leg(state, lines_, preferences, region, now).is_full;
    return known->second;
  });
  if (off_line > 0) {
    found.refused.push_back({core::Reason::line_full, static_cast<std::int64_t>(off_line)});
    std::ranges::sort(found.refused, {}, &placement::ReasonCount::reason);
  }
  std::erase_if(found.candidates, [&](const placement::Candidate& candidate) {
    const auto refused = refused_.find(candidate.pool.index);
    return refused != refused_.end() && refused->second.contains(shape);
  });
  if (found.candidates.empty() && had_any) {
    found.chosen.reset();
    found.verdict = core::Reason::busy;
  }
  placement::choose_candidate(found);
  return found;
}

std::vector<placement::PoolVerdict> Grid::explain(const State& state, const JobShape& shape,
                                                  core::Time deadline, core::Time now) const {
  if (pools_.empty()) return {};
  const placement::JobPreferences preferences = make_preferences(state, shape, deadline);
  std::vector<placement::PoolVerdict> verdicts = placement::explain_pools(
      make_foreign(state, shape.requirements), preferences, {*topology_, views_, now, &lines_});
  for (placement::PoolVerdict& verdict : verdicts) {
    if (verdict.reason) continue;
    const std::string& region = get_pool(verdict.pool.index).region;
    if (plan_leg(state, lines_, preferences, region, now).is_full) {
      verdict.reason = core::Reason::line_full;
    }
  }
  const auto known = state.shape_handles.find(codec::to_cbor(shape));
  if (known == state.shape_handles.end()) return verdicts;
  for (placement::PoolVerdict& verdict : verdicts) {
    const auto refused = refused_.find(verdict.pool.index);
    const bool is_refused = refused != refused_.end() && refused->second.contains(known->second);
    if (!verdict.reason && is_refused) verdict.reason = core::Reason::busy;
  }
  return verdicts;
}

placement::Placement Grid::find_ideal(const placement::Requirements& requirements,
                                      const placement::JobPreferences& preferences,
                                      core::Time now) const {
  topology::Snapshot::Pointer open = topology_;
  std::vector<placement::PoolView> views;
  for (std::uint32_t handle = 0; handle < pools_.size(); ++handle) {
    placement::PoolView& view = views.emplace_back();
    view.pool = {handle};
    view.reported = &pools_[handle].total;
    if (open->find_pool({handle})->status != topology::PoolStatus::active) {
      open = open->with_pool_status({handle}, topology::PoolStatus::active);
    }
  }
  // As the simulation asks: without names, which mean nothing without a state.
  placement::Requirements foreign = requirements;
  foreign.sites_excluded.clear();
  foreign.own_sites.clear();
  return placement::place(foreign, preferences, {*open, views, now, &lines_});
}

Grid::Uncounted Grid::make_uncounted(std::uint32_t pool,
                                     const placement::Requirements& requirements) const {
  Uncounted change;
  change.pool = pool;
  change.tasks = requirements.tasks;
  change.shape = {requirements.cpus, requirements.memory, {}, requirements.scratch};
  if (const auto shape = placement::find_task_shape(get_pool(pool), requirements)) {
    change.shape = *shape;
  }
  placement::FreeCounts& needed = change.counts;
  needed.cpus = requirements.cpus * requirements.tasks;
  needed.memory = requirements.memory * requirements.tasks;
  needed.scratch = requirements.scratch * requirements.tasks;
  for (std::size_t group = 0; group < needed.devices.size(); ++group) {
    needed.devices[group] = std::int64_t{change.shape.devices[group]} * requirements.tasks;
  }
  return change;
}

// Given back is no more than there is: a beacon may have been made between the end of a job and
// the row that tells of it.
void Grid::apply_uncounted(const Uncounted& change) {
  const placement::FreeCounts& total = pools_[change.pool].total;
  const placement::FreeCounts& counts = change.counts;
  placement::FreeCounts& free = free_[change.pool];
  const auto add = [&change](auto& is_free, auto count, auto most) {
    is_free =
        change.is_asked ? is_free - count : std::max(is_free, std::min(is_free + count, most));
  };
  add(free.cpus, counts.cpus, total.cpus);
  add(free.memory, counts.memory, total.memory);
  add(free.scratch, counts.scratch, total.scratch);
  for (std::size_t group = 0; group < free.devices.size(); ++group) {
    add(free.devices[group], counts.devices[group], total.devices[group]);
  }
  if (change.is_asked) {
    rooms_[change.pool].take(change.shape, change.tasks);
  } else {
    rooms_[change.pool].give(change.shape, change.tasks, pools_[change.pool].empty_node);
  }
}

void Grid::count_rows(Source& source, const Beacon& beacon) {
  for (const Uncounted& change : source.uncounted) reset_free(change.pool);
  source.counted = beacon.sent;
  std::erase_if(source.uncounted, [&](const Uncounted& change) {
    return change.row <= (change.is_asked ? beacon.received : beacon.sent.value_or(UINT64_MAX));
  });
  for (const Uncounted& change : source.uncounted) apply_uncounted(change);
}

void Grid::note_asked(std::uint64_t offer, std::uint32_t pool, std::uint64_t row,
                      const placement::Requirements& requirements) {
  std::vector<Uncounted>& uncounted = sources_[pools_[pool].peer].uncounted;
  Uncounted& change = uncounted.emplace_back(make_uncounted(pool, requirements));
  change.row = row;
  change.offer = offer;
  change.is_asked = true;
  apply_uncounted(change);
}

bool Grid::drop_asked(Source& source, std::uint64_t offer) {
  const auto asked = std::ranges::find_if(source.uncounted, [offer](const Uncounted& change) {
    return change.is_asked && change.offer == offer;
  });
  if (asked == source.uncounted.end()) return false;
  const std::uint32_t pool = asked->pool;
  source.uncounted.erase(asked);
  reset_free(pool);
  for (const Uncounted& change : source.uncounted) {
    if (change.pool == pool) apply_uncounted(change);
  }
  return true;
}

void Grid::note_not_taken(std::uint32_t peer, std::uint64_t offer) {
  drop_asked(sources_[peer], offer);
}

bool Grid::note_over(const PeerRow& row, std::uint64_t offer, const std::string& pool,
                     const placement::Requirements& requirements) {
  Source& source = sources_[row.peer];
  if (drop_asked(source, offer)) return true;
  const auto found = handles_.find(pool);
  if (found == handles_.end() || pools_[found->second].peer != row.peer) return false;
  if (!source.counted || row.number <= *source.counted) return false;
  Uncounted& change = source.uncounted.emplace_back(make_uncounted(found->second, requirements));
  change.row = row.number;
  change.offer = offer;
  apply_uncounted(change);
  return true;
}

void Grid::note_refused(const std::string& pool, std::uint32_t shape, core::Reason reason,
                        core::Time now) {
  const auto found = handles_.find(pool);
  if (found == handles_.end()) return;
  refused_[found->second][shape] = {now, reason == core::Reason::busy};
}

std::string Grid::find_sign_key(const std::string& pool) const {
  const auto found = handles_.find(pool);
  return found == handles_.end() ? std::string() : pools_[found->second].site_sign_key;
}

}  // namespace intertie::hub
