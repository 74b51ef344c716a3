#include "peers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"
#include "intertie/placement/pool_cards.h"

#include "channel_checks.h"
#include "clearing.h"
#include "contests.h"
#include "decisions.h"
#include "guests.h"
#include "home_leases.h"
#include "lines.h"
#include "offers.h"
#include "parked.h"

namespace intertie::hub {
namespace {

core::Result<const PeerState*> get_peer(const State& state, std::uint32_t peer) {
  if (peer >= state.peers.size()) return {core::Reason::not_found, "peer " + std::to_string(peer)};
  return &state.peers[peer];
}

engine::ChannelHello make_hello(const PeerState& peer) {
  return {"", peer.outbox.last_number(), crypto::to_text(peer.outbox.last_hash()),
          peer.inbox.received, crypto::to_text(peer.inbox.hash)};
}

// One row, whichever of the two roles it speaks to.
struct RowHandler {
  Context& context;
  std::uint32_t peer;
  std::uint64_t number;
  const std::string& attachment;

  void operator()(const ReserveRequest& message) const { take_request(context, peer, message); }
  void operator()(const Commit& message) const { take_request(context, peer, message, attachment); }
  void operator()(const Withdraw& message) const { take_request(context, peer, message); }
  void operator()(const ChargeDisputed& message) const { take_request(context, peer, message); }
  void operator()(const ChargeResolved& message) const { take_request(context, peer, message); }
  void operator()(const ClearingPaid& message) const { take_request(context, peer, message); }
  void operator()(const AdjustmentProposed& message) const { take_request(context, peer, message); }
  void operator()(const ClearingAnswered& message) const { take_answer(context, peer, message); }
  void operator()(const ReserveGranted& message) const { take_answer(context, peer, message); }
  void operator()(const ReserveRefused& message) const { take_answer(context, peer, message); }
  void operator()(const OfferBegan& message) const { take_answer(context, peer, message); }
  void operator()(const OfferCharged& message) const {
    take_answer(context, peer, message, attachment);
  }
  void operator()(const OfferOver& message) const {
    take_answer(context, {peer, number}, message, attachment);
  }
  void operator()(const OfferMoved& message) const {
    take_answer(context, peer, message, attachment);
  }
};

core::Result<void> check_peer(const State& state, const AddPeer& command) {
  if (command.peer.id.empty() || command.peer.id == state.facts.id) {
    return {core::Reason::bad_field, "peer: this hub itself, or none"};
  }
  if (state.peer_handles.contains(command.peer.id)) {
    return {core::Reason::already_exists, "peer " + command.peer.id};
  }
  if (state.peers.size() >= core::limits::peers_max) {
    return {core::Reason::too_large, "peers_max"};
  }
  if (command.credit_max.count < 0) return {core::Reason::out_of_range, "credit_max"};
  return {};
}

std::vector<std::int64_t> list_devices(const auto& counts, std::size_t groups) {
  const auto end = static_cast<std::ptrdiff_t>(std::min(groups, counts.size()));
  return {counts.begin(), counts.begin() + end};
}

// Sums say how much is free, and not whether any node has room for a task.
std::vector<BeaconNodes> make_beacon_nodes(const placement::PoolCapacity& capacity,
                                           std::size_t groups) {
  std::vector<BeaconNodes> rows;
  for (const placement::NodeRoom& room : placement::list_rooms(capacity, kBeaconNodeRowsMax)) {
    rows.push_back({room.nodes, room.cpus, room.memory, list_devices(room.devices, groups)});
  }
  return rows;
}

BeaconQueue make_beacon_queue(const placement::PoolLoad& load, core::Duration queued,
                              core::Time now) {
  const auto until = [now](core::Time end) { return std::max(end - now, core::Duration{}); };
  return {load.running, until(load.next_end), until(load.last_end), queued};
}

BeaconPool make_beacon_pool(const State& state, std::uint32_t handle) {
  BeaconPool row;
  row.pool = *state.topology->find_pool({handle});
  if (row.pool.status == topology::PoolStatus::expired) {  // A word that older hubs do not know.
    row.pool.status = topology::PoolStatus::drained;
  }
  row.nodes =
      static_cast<std::uint32_t>(std::ranges::count(row.pool.nodes, true, &topology::Node::is_up));
  row.pool.nodes.clear();
  const SiteState& site = state.sites[row.pool.site.index];
  row.site = site.site.name;
  row.site_identifier = site.site.identifier;
  row.site_sign_key = site.sign_key;
  const placement::FreeCounts& free = state.capacities[handle].free();
  row.free_cpus = free.cpus;
  row.free_memory = free.memory;
  row.free_scratch = free.scratch;
  const std::size_t groups = row.pool.devices_per_node.size();
  row.free_devices = list_devices(free.devices, groups);
  if (groups > 0) row.cards = placement::summarise_cards(state.capacities[handle]);
  if (row.nodes > 1) row.free_nodes = make_beacon_nodes(state.capacities[handle], groups);
  return row;
}

// Grows with every change of a site's signing key.
std::size_t count_former_keys(const State& state) {
  std::size_t count = 0;
  for (const SiteState& site : state.sites) count += site.former_sign_keys.size();
  return count;
}

}  // namespace

core::Result<Reply> decide(Context& context, const AddPeer& command) {
  const State& state = context.state;
  if (const auto checked = check_peer(state, command); !checked) return checked.error();
  AccountOpened account;
  account.terms = {"peer " + command.peer.id, "", ledger::AccountKind::clearing,
                   engine::is_fault_planted(engine::Fault::credit_unlimited), command.credit_max};
  if (const auto checked = ledger::check_open_account(state.ledger, account.terms); !checked) {
    return checked.error();
  }
  PeerAdded added = command.peer;
  added.account = static_cast<std::uint32_t>(state.ledger.account_count());
  const auto handle = static_cast<std::uint32_t>(state.peers.size());

  context.emit(std::move(account));
  context.emit(std::move(added), command.card);
  return Reply{Created{handle}};
}

core::Result<Reply> decide(Context& context, const ChangePeer& command) {
  const auto peer = get_peer(context.state, command.peer);
  if (!peer) return peer.error();
  const PeerAdded& terms = (*peer)->terms;
  if (terms.name == command.name && terms.address == command.address) return Reply{Done{}};
  context.emit(PeerChanged{command.peer, command.name, command.address});
  return Reply{Done{}};
}

namespace {

core::Result<Reply> open_channel(Context& context, const OpenPeerChannel& command) {
  const auto found = get_peer(context.state, command.peer);
  if (!found) return found.error();
  const PeerState& peer = **found;
  const ChannelMemory memory{peer.outbox, peer.inbox, peer.incarnation};
  if (const auto checked = check_channel(memory, command.hello); !checked) return checked.error();
  if (peer.incarnation.empty()) {
    context.emit(PeerChannelOpened{command.peer, command.hello.incarnation});
  }
  return Reply{make_hello(context.state.peers[command.peer])};
}

}  // namespace

core::Result<Reply> decide(Context& context, const OpenPeerChannel& command) {
  auto reply = open_channel(context, command);
  if (command.peer < context.state.peers.size()) note_peer_spoke(context, command.peer);
  if (command.peer < context.state.peers.size() && check_hello(command.hello)) {
    SiteGreeting& greeting = context.soft.peer_greetings[command.peer];
    greeting = {command.hello, std::nullopt};
    if (!reply) greeting.refusal = reply.error();
  }
  return reply;
}

core::Result<Reply> decide(Context& context, const ReconcilePeer& command) {
  const auto found = get_peer(context.state, command.peer);
  if (!found) return found.error();
  if (const auto checked = check_hello(command.hello); !checked) return checked.error();
  context.emit(PeerChannelReconciled{command.peer, command.hello.incarnation, command.hello.sent,
                                     command.hello.sent_hash, command.hello.received,
                                     command.hello.received_hash});
  context.soft.peer_greetings.erase(command.peer);
  forget_peer_word(context, command.peer);
  stop_guests(context, command.peer);
  close_unanswered(context, command.peer);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const AcceptPeerRows& command) {
  const auto found = get_peer(context.state, command.peer);
  if (!found) return found.error();
  if ((*found)->incarnation != command.incarnation) {
    return {core::Reason::channel_diverged, "another incarnation of the peer's log"};
  }
  if (command.payloads.size() != command.attachments.size()) {
    return {core::Reason::bad_field, "attachments"};
  }
  note_peer_spoke(context, command.peer);
  engine::Inbox inbox = (*found)->inbox;
  const std::uint64_t before = inbox.received;
  std::uint64_t number = command.first;
  for (std::size_t row = 0; row < command.payloads.size(); ++row) {
    const std::string& payload = command.payloads[row];
    const auto arrival = inbox.classify(number++);
    if (arrival == engine::Inbox::Arrival::repeated) continue;
    if (arrival == engine::Inbox::Arrival::gap) break;
    inbox.accept(number - 1, payload);
    if (const auto message = codec::from_cbor<PeerMessage>(payload)) {
      std::visit(RowHandler{context, command.peer, number - 1, command.attachments[row]}, *message);
    }
  }
  if (inbox.received != before &&
      !engine::is_fault_planted(engine::Fault::peer_position_not_logged)) {
    context.emit(PeerRowsAccepted{command.peer, inbox.received, crypto::to_text(inbox.hash),
                                  context.state.peers[command.peer].outbox.acknowledged()});
  }
  note_peer_rows(context, command.peer);
  return Reply{RowsAccepted{inbox.received}};
}

core::Result<Reply> decide(Context& context, const AcknowledgePeerRows& command) {
  const auto found = get_peer(context.state, command.peer);
  if (!found) return found.error();
  const PeerState& peer = **found;
  if (command.acknowledged > peer.outbox.last_number()) {
    return {core::Reason::channel_diverged, "rows acknowledged that were never sent"};
  }
  if (command.acknowledged > peer.outbox.acknowledged()) {
    context.emit(PeerRowsAccepted{command.peer, peer.inbox.received,
                                  crypto::to_text(peer.inbox.hash), command.acknowledged});
  }
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const MakeBeacon& command) {
  const auto found = get_peer(context.state, command.peer);
  if (!found) return found.error();
  const State& state = context.state;
  if (context.soft.beacons.size() <= command.peer) context.soft.beacons.resize(command.peer + 1);
  BeaconsSent& sent = context.soft.beacons[command.peer];
  const bool is_full = command.is_full || sent.number == 0;
  sent.pools.resize(state.capacities.size());
  sent.capacities.resize(state.capacities.size(), UINT64_MAX);
  Beacon beacon;
  beacon.is_full = is_full;
  beacon.lifetime = core::limits::beacon_lifetime;
  beacon.received = (*found)->inbox.received;
  beacon.sent = (*found)->outbox.last_number();
  // Nearly all beacons of a grid say that nothing is new.
  if (!is_full && sent.applied == context.soft.applied &&
      sent.lines_noted == context.soft.lines_noted) {
    if (command.is_due) beacon.number = ++sent.number;
    return Reply{std::move(beacon)};
  }
  const std::size_t former_keys = count_former_keys(state);
  const bool has_same_terms =
      !is_full && sent.topology == state.topology->version() && sent.former_keys == former_keys;
  sent.applied = context.soft.applied;
  sent.topology = state.topology->version();
  sent.lines_noted = context.soft.lines_noted;
  add_lines(context, sent, beacon);
  sent.former_keys = former_keys;
  const std::size_t pools = std::min(state.capacities.size(), core::limits::beacon_pools_max);
  std::optional<core::Duration> queued;
  for (std::uint32_t handle = 0; handle < pools; ++handle) {
    const std::uint64_t version = state.capacities[handle].version();
    const bool is_as_free = sent.capacities[handle] == version;
    if (has_same_terms && is_as_free) continue;
    const topology::Pool& pool = *state.topology->find_pool({handle});
    if (pool.identifier.empty()) continue;
    BeaconsSent::Told& told = sent.pools[handle];
    const std::size_t keys = state.sites[pool.site.index].former_sign_keys.size();
    const bool is_told = !is_full && told.former_keys == keys && told.terms == pool;
    if (is_as_free && is_told) continue;
    if (!is_told) told = {pool, keys};
    sent.capacities[handle] = version;
    beacon.pools.push_back(make_beacon_pool(state, handle));
    const placement::PoolLoad& load = context.soft.loads.get(handle);
    if (load.running == 0) continue;
    if (!queued) queued = compute_queued(state);
    beacon.pools.back().queue = make_beacon_queue(load, *queued, context.now);
  }
  const bool has_news = !beacon.pools.empty() || !beacon.lines.empty() || !beacon.measured.empty();
  if (is_full || command.is_due || has_news) beacon.number = ++sent.number;
  return Reply{std::move(beacon)};
}

core::Result<Reply> decide(Context& context, const AcceptBeacon& command) {
  const auto found = get_peer(context.state, command.peer);
  if (!found) return found.error();
  if (command.beacon.pools.size() > core::limits::beacon_pools_max) {
    return {core::Reason::too_large, "beacon_pools_max"};
  }
  if (command.beacon.lines.size() > core::limits::peers_max ||
      command.beacon.measured.size() > core::limits::peers_max) {
    return {core::Reason::too_large, "lines: at most peers_max"};
  }
  note_peer_spoke(context, command.peer);
  BeaconAnswer answer;
  answer.rows = (*found)->outbox.last_number();
  answer.is_full_wanted = !context.soft.grid.accept(command.peer, command.beacon, context.now);
  if (answer.is_full_wanted) return Reply{answer};
  if (!command.beacon.pools.empty()) context.soft.is_grid_woken = true;
  take_lines(context, (*found)->terms, command.beacon);
  return Reply{answer};
}

void check_beacons(Context& context) {
  if (context.soft.grid.expire(context.now)) context.soft.is_grid_woken = true;
  drop_silent_lines(context);
}

}  // namespace intertie::hub
