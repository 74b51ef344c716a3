#include "intertie/hub/machine.h"

#include <algorithm>
#include <utility>

#include "intertie/engine/event_codec.h"

#include "apply.h"
#include "context.h"
#include "decisions.h"
#include "home_leases.h"
#include "index_rows.h"
#include "lines.h"
#include "liveness.h"
#include "placing.h"
#include "receipts.h"
#include "site_names.h"
#include "site_status.h"
#include "state_codec.h"

namespace intertie::hub {
namespace {

// A turn's share of placements: other commands wait no longer than these take.
constexpr std::size_t kStartsPerTurn = 256;
constexpr std::uint16_t kHeadVersion = 1;

}  // namespace

HubMachine::HubMachine() : soft_(std::make_unique<Soft>()) {}
HubMachine::~HubMachine() = default;

void HubMachine::note_clock(const HubClock& clock) { soft_->clock = clock; }

void HubMachine::start(core::Time now) {
  restart_deadlines(state_, *soft_, now);
  soft_->started = soft_->clock.boot;
  wake_all(*soft_, state_);
  soft_->loads.rebuild(state_);
  soft_->places.clear();
  for (const LineRegistered& registered : state_.lines) {
    put_line(soft_->grid.lines(), registered.line, registered.is_retired);
  }
}

core::Result<Reply> HubMachine::decide(const Command& command, core::Time now,
                                       engine::EventSink<Event>& sink) {
  Context context{state_, *soft_, now, sink};
  return std::visit([&](const auto& one) { return hub::decide(context, one); }, command);
}

bool HubMachine::has_work(core::Time now) const {
  return has_woken(*soft_) || is_liveness_due(state_, *soft_, now);
}

void HubMachine::work(core::Time now, engine::EventSink<Event>& sink) {
  Context context{state_, *soft_, now, sink};
  if (is_liveness_due(state_, *soft_, now)) check_liveness(context);
  if (has_woken(*soft_)) place_woken(context, kStartsPerTurn);
}

void HubMachine::apply(const Event& event, engine::RecordPlace place) {
  note_wake(*soft_, state_, event);
  soft_->loads.note(state_, event);
  ++soft_->applied;
  hub::apply(state_, event, place);
  soft_->loads.refresh(state_);
  if (const auto* line = std::get_if<LineRegistered>(&event)) {
    put_line(soft_->grid.lines(), line->line, line->is_retired);
  }
  if (soft_->heard.size() < state_.sites.size()) {
    soft_->heard.resize(state_.sites.size(), place.time);
  }
}

void HubMachine::index(const Event& event, engine::RecordPlace place,
                       std::vector<storage::IndexWrite>& writes) const {
  write_index_rows(state_, event, place, writes);
}

engine::EncodedEvent HubMachine::encode(const Event& event) {
  return engine::encode_event(event, kHeadVersion);
}

core::Result<Event> HubMachine::decode(std::uint16_t kind, std::uint16_t version,
                                       std::string_view head) {
  if (version != kHeadVersion) return {core::Reason::version_too_new, "version of an event"};
  return engine::decode_event<Event>(kind, head);
}

std::optional<std::uint64_t> HubMachine::subject(const Event& event) {
  return std::visit(
      [](const auto& one) -> std::optional<std::uint64_t> {
        if constexpr (requires { one.job; }) {
          return one.job == 0 ? std::nullopt : std::optional<std::uint64_t>(one.job);
        } else {
          return std::nullopt;
        }
      },
      event);
}

std::string HubMachine::encode_state() const { return encode_hub_state(state_); }

core::Result<void> HubMachine::decode_state(std::string_view bytes) {
  return decode_hub_state(bytes, state_);
}

std::vector<DataCopy> HubMachine::find_copies(std::uint64_t job,
                                              const crypto::Digest& dataset) const {
  return hub::find_copies(state_, *soft_, job, dataset);
}

core::Time HubMachine::next_deadline() const {
  core::Time next = soft_->next_check;
  if (!state_.timers.empty()) next = std::min(next, state_.timers.begin()->first);
  return next;
}

std::vector<placement::PoolVerdict> HubMachine::explain_pools(const JobShape& shape,
                                                              core::Time deadline,
                                                              core::Time now) const {
  refresh_views(state_, *soft_);
  const placement::PlacementInput input{*state_.topology, soft_->views, now, &soft_->grid.lines()};
  auto verdicts = placement::explain_pools(shape.requirements,
                                           make_preferences(state_, shape, deadline), input);
  for (placement::PoolVerdict& verdict : soft_->grid.explain(state_, shape, deadline, now)) {
    verdict.pool.index |= kRemotePools;
    if (verdict.candidate) verdict.candidate->pool = verdict.pool;
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

std::vector<AnnouncedPool> HubMachine::list_announced_pools() const {
  const Grid& grid = soft_->grid;
  std::vector<AnnouncedPool> pools;
  for (std::uint32_t handle = 0; handle < grid.pool_count(); ++handle) {
    const RemotePool& remote = grid.get_remote(handle);
    AnnouncedPool pool;
    pool.handle = handle | kRemotePools;
    pool.peer = remote.peer;
    pool.site = remote.site;
    pool.site_identifier = grid.get_site(handle).identifier;
    pool.site_sign_key = remote.site_sign_key;
    pool.topology = grid.topology();
    pool.terms = &grid.get_pool(handle);
    pool.free = grid.get_free(handle);
    pool.total = remote.total;
    pool.heard = grid.find_news(remote.peer).value_or(core::Time{});
    pool.is_heard = grid.is_heard(remote.peer);
    pool.cards = remote.cards;
    pools.push_back(std::move(pool));
  }
  return pools;
}

core::Result<JobShape> HubMachine::resolve_shape(const Submission& submission) const {
  return hub::resolve_shape(state_, soft_->grid, submission);
}

const SiteGreeting* HubMachine::find_greeting(std::uint32_t site) const {
  const auto found = soft_->greetings.find(site);
  return found == soft_->greetings.end() ? nullptr : &found->second;
}

const SiteGreeting* HubMachine::find_peer_greeting(std::uint32_t peer) const {
  const auto found = soft_->peer_greetings.find(peer);
  return found == soft_->peer_greetings.end() ? nullptr : &found->second;
}

std::optional<HubMachine::RemoteBound> HubMachine::find_remote_bound(std::uint64_t number) const {
  const Job* const job = state_.find_job(number);
  const Offer* const offer = job == nullptr ? nullptr : state_.find_offer(job->offer);
  if (offer == nullptr) return std::nullopt;
  const auto end = find_certain_end(state_, *soft_, *offer);
  if (!end) return std::nullopt;
  const std::uint32_t peer = offer->terms.peer;
  return RemoteBound{soft_->peer_words[peer].heard, *end, soft_->grid.is_heard(peer)};
}

core::Time HubMachine::get_heard(std::uint32_t site) const { return soft_->heard[site]; }

std::optional<identity::RecordStatus> HubMachine::find_status_to_sign(std::uint32_t site,
                                                                      core::Time now) const {
  return hub::find_status_to_sign(state_, state_.sites[site], now);
}

std::vector<std::uint32_t> HubMachine::list_stale_records(core::Time now) const {
  std::vector<std::uint32_t> sites;
  for (const SiteState& site : state_.sites) {
    if (is_record_stale(state_, *soft_, site, now)) sites.push_back(site.site.handle.index);
  }
  return sites;
}

const topology::RegionLines& HubMachine::lines() const { return soft_->grid.lines(); }

bool HubMachine::is_peer_heard(std::uint32_t peer) const { return soft_->grid.is_heard(peer); }

std::uint32_t HubMachine::count_announced_pools(std::uint32_t peer) const {
  std::uint32_t count = 0;
  for (std::uint32_t pool = 0; pool < soft_->grid.pool_count(); ++pool) {
    count += soft_->grid.get_remote(pool).peer == peer ? 1 : 0;
  }
  return count;
}

std::string HubMachine::find_announced_key(const std::string& pool) const {
  return soft_->grid.find_sign_key(pool);
}

}  // namespace intertie::hub
