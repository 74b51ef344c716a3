#include "operators.h"

#include <algorithm>
#include <utility>

namespace intertie::simulation {
namespace {

constexpr std::uint64_t kOwnDraws = 0x6f70657261746f72;  // So that arrivals stay as they are.

const hub::State& state_of(const Region& region) { return region.hub.machine().state(); }

// Another answer may have overtaken what this operator saw.
bool is_late(core::Reason reason) {
  return reason == core::Reason::already_final || reason == core::Reason::not_found ||
         reason == core::Reason::out_of_range || reason == core::Reason::denied ||
         reason == core::Reason::busy || reason == core::Reason::overloaded ||
         reason == core::Reason::usage_disputed || reason == core::Reason::insufficient_funds ||
         reason == core::Reason::store_unavailable;
}

bool is_older(const Scenario& scenario, std::size_t hub) {
  return std::ranges::find(scenario.older_hubs, static_cast<std::int64_t>(hub)) !=
         scenario.older_hubs.end();
}

bool is_lying(const Scenario& scenario, std::size_t hub) {
  return std::ranges::find(scenario.lying_hubs, static_cast<std::int64_t>(hub)) !=
         scenario.lying_hubs.end();
}

}  // namespace

Operators::Operators(World& world, Regions& regions)
    : world_(world), regions_(regions), random_(world.seed ^ kOwnDraws) {}

void Operators::begin() {
  if (regions_.size() < 2 || !world_.scenario.is_joined) return;
  world_.queue.after({random_.between(core::seconds(2).count, core::seconds(12).count)}, [this] {
    look();
    begin();
  });
}

void Operators::look() {
  for (const auto& region : regions_) {
    if (region->hub.is_dead() || !region->hub.is_idle()) continue;
    resolve_one(*region);
    settle(*region);
    decide_asked(*region);
  }
  if (!world_.is_quiet) return;
  for (std::size_t one = 0; one < regions_.size(); ++one) {
    for (std::size_t other = one + 1; other < regions_.size(); ++other) adjust(one, other);
  }
}

void Operators::order(Region& region, hub::Command command) {
  region.hub.ask(std::move(command), [this](const core::Result<hub::Reply>& reply) {
    if (!reply && !is_late(reply.error().reason)) {
      world_.fail("an operator is refused: " + core::to_text(reply.error()));
    }
  });
}

void Operators::resolve_one(Region& region) {
  for (const auto& [number, dispute] : state_of(region).disputes) {
    if (dispute.side != hub::DisputeSide::payer || random_.below(2) == 0) continue;
    const bool is_payable = dispute.is_over && hub::compute_payable(dispute).count > 0;
    if (!is_payable && dispute.job != 0 && !dispute.is_over) continue;
    order(region, hub::ResolveDispute{number, is_payable && random_.below(2) == 0, 0});
    return;
  }
}

void Operators::settle(Region& region) {
  const hub::State& state = state_of(region);
  for (std::uint32_t peer = 0; peer < state.peers.size(); ++peer) {
    if (world_.is_quiet || random_.below(8) != 0) continue;
    const std::size_t other = get_peer_hub(region.hub.number(), peer);
    if (is_older(world_.scenario, other) || is_older(world_.scenario, region.hub.number())) {
      continue;  // It would never answer.
    }
    const std::int64_t owed =
        -get_clearing(state, peer).balance.count - state.peers[peer].contested.count;
    if (owed <= 0) continue;
    order(region, hub::SettlePeer{
                      peer, {3, ++payments_}, core::Money{random_.between(1, owed)}, "paid", 0});
  }
}

void Operators::decide_asked(Region& region) {
  const hub::State& state = state_of(region);
  for (std::uint32_t peer = 0; peer < state.peers.size(); ++peer) {
    if (!state.peers[peer].asked) continue;
    order(region, hub::DecideAdjustment{peer, random_.below(4) != 0, 0});
  }
}

// What a liar's books say its peers never hear.
bool Operators::is_torn(std::size_t one, std::size_t other) const {
  if (is_lying(world_.scenario, one) || is_lying(world_.scenario, other)) return true;
  return regions_[one]->facts.is_restored() || regions_[other]->facts.is_restored();
}

bool Operators::is_one_dead(std::size_t one, std::size_t other) const {
  return regions_[one]->hub.is_dead() || regions_[other]->hub.is_dead();
}

// No row is on its way, and nothing is in dispute.
bool Operators::is_at_rest(std::size_t one, std::size_t other) const {
  for (const auto& [at, to] : {std::pair(one, other), std::pair(other, one)}) {
    if (!regions_[at]->hub.is_idle()) return false;
    const hub::State& state = state_of(*regions_[at]);
    const hub::PeerState& peer = state.peers[get_peer_handle(at, to)];
    if (peer.outbox.size() > 0 || peer.disputed.count != 0 || peer.contested.count != 0) {
      return false;
    }
    if (!peer.payments.empty() || peer.adjustment || peer.asked) return false;
  }
  return true;
}

core::Money Operators::compute_difference(std::size_t one, std::size_t other) const {
  return get_clearing(state_of(*regions_[one]), get_peer_handle(one, other)).balance +
         get_clearing(state_of(*regions_[other]), get_peer_handle(other, one)).balance;
}

void Operators::adjust(std::size_t one, std::size_t other) {
  if (is_one_dead(one, other) || !is_torn(one, other) || !is_at_rest(one, other)) return;
  if (!state_of(*regions_[one]).jobs.empty() || !state_of(*regions_[other]).jobs.empty()) return;
  const core::Money difference = compute_difference(one, other);
  if (difference.count == 0) return;
  const bool is_one = random_.below(2) == 0;
  const std::size_t at = is_one ? one : other;
  const std::size_t to = is_one ? other : one;
  order(*regions_[at],
        hub::AdjustPeer{get_peer_handle(at, to), -difference, "a backup was put back", "", 0});
}

bool Operators::is_done() const {
  if (!world_.scenario.is_joined) return true;
  for (std::size_t one = 0; one < regions_.size(); ++one) {
    for (std::size_t other = one + 1; other < regions_.size(); ++other) {
      if (is_one_dead(one, other)) continue;  // Nobody is there to agree with.
      if (!is_at_rest(one, other)) return false;
      if (is_torn(one, other) && compute_difference(one, other).count != 0) return false;
    }
    if (regions_[one]->hub.is_dead()) continue;
    for (const auto& [number, dispute] : state_of(*regions_[one]).disputes) {
      if (dispute.side == hub::DisputeSide::site) continue;
      if (!regions_[get_peer_hub(one, dispute.peer)]->hub.is_dead()) return false;
    }
  }
  return true;
}

std::string Operators::describe_left() const {
  std::string what;
  for (std::size_t at = 0; at < regions_.size() && world_.scenario.is_joined; ++at) {
    if (regions_[at]->hub.is_dead()) continue;
    const hub::State& state = state_of(*regions_[at]);
    for (std::uint32_t handle = 0; handle < state.peers.size(); ++handle) {
      const hub::PeerState& peer = state.peers[handle];
      what += " hub " + std::to_string(at) + " with " + std::to_string(get_peer_hub(at, handle)) +
              ": balance " + std::to_string(get_clearing(state, handle).balance.count) +
              " disputed " + std::to_string(peer.disputed.count) + " contested " +
              std::to_string(peer.contested.count) + " payments " +
              std::to_string(peer.payments.size()) + (peer.adjustment ? " adjusting" : "") +
              (peer.asked ? " asked" : "") + ";";
    }
    what += " disputes " + std::to_string(state.disputes.size()) + ";";
  }
  return what;
}

}  // namespace intertie::simulation
