// Sites: joining, terms, channels, messages and heartbeats.
#include <algorithm>
#include <string>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"
#include "intertie/hub/site_record.h"
#include "intertie/market/price.h"
#include "intertie/topology/pool.h"

#include "apply.h"
#include "attempts.h"
#include "channel_checks.h"
#include "decisions.h"
#include "home_leases.h"
#include "measurements.h"
#include "receipts.h"
#include "settlement.h"
#include "site_status.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kAddressBytesMax = 262;  // A name of 255, a colon, a port.
// A pool's description is one head of the log, with room for what the hub adds.
constexpr std::size_t kPoolBytesMax = core::limits::log_head_bytes_max - 4096;

core::Result<void> check_pools(const std::vector<topology::Pool>& pools) {
  if (pools.empty() || pools.size() > core::limits::pools_per_site_max) {
    return {core::Reason::out_of_range, "pools: 1 to pools_per_site_max"};
  }
  for (const topology::Pool& pool : pools) {
    if (const auto checked = topology::check_pool(pool); !checked) return checked.error();
    if (const auto checked = market::check_price_table(pool.price); !checked) {
      return checked.error();
    }
    if (codec::to_cbor(pool).size() > kPoolBytesMax) {
      return {core::Reason::too_large, "pools: the description of " + pool.name};
    }
  }
  return {};
}

// A pool may change its terms and grow; it keeps its name, and what runs there keeps its place.
core::Result<void> check_offer(const State& state, const SiteState& site,
                               const std::vector<topology::Pool>& pools) {
  if (pools.size() < site.pools.size()) {
    return {core::Reason::bad_field, "pools: a pool cannot be left out; drain it instead"};
  }
  for (std::size_t position = 0; position < site.pools.size(); ++position) {
    const std::uint32_t handle = site.pools[position];
    if (pools[position].name != state.topology->find_pool({handle})->name) {
      return {core::Reason::bad_field, "pools: names and their order stay as they were"};
    }
    topology::Pool offered = pools[position];
    for (topology::Node& node : offered.nodes) node.is_up = true;
    placement::PoolCapacity capacity(offered);
    for (const auto& [number, reservation] : state.reservations) {
      if (reservation.terms.pool != handle) continue;
      const auto allocations = make_allocations(reservation.terms.slots);
      if (!capacity.can_apply(allocations)) {
        return {core::Reason::busy, "pools: smaller than what runs there; mark nodes down instead"};
      }
      capacity.apply(allocations);
    }
  }
  return {};
}

void offer_pools(Context& context, topology::SiteHandle site,
                 const std::vector<topology::Pool>& pools) {
  const State& state = context.state;
  for (std::uint32_t position = 0; position < pools.size(); ++position) {
    const std::vector<std::uint32_t>& known = state.sites[site.index].pools;
    PoolOffered offered{pools[position], position};
    offered.pool.site = site;
    offered.pool.region = state.topology->find_site(site)->region;
    offered.pool.capability.reset();
    // Another region names the pool by its site's identifier and its name, which never change.
    if (offered.pool.identifier.empty()) {
      offered.pool.identifier =
          state.topology->find_site(site)->identifier + "/" + offered.pool.name;
    }
    offered.pool.takes_secrets = !state.sites[site.index].seal_key.empty();
    offered.pool.handle.index = position < known.size()
                                    ? known[position]
                                    : static_cast<std::uint32_t>(state.capacities.size());
    context.emit(std::move(offered));
  }
}

core::Result<void> check_incarnation(const SiteState& site, const std::string& incarnation) {
  if (site.incarnation == incarnation) return {};
  return {core::Reason::channel_diverged, "another incarnation of the site's log"};
}

// One overload a message. Messages about attempts that are not current are refused, which needs no
// event: they are acknowledged like all others.
struct MessageHandler {
  Context& context;
  std::uint32_t site;
  std::uint64_t row;  // Its number.

  void operator()(const execution::AttemptStarted& message) const {
    if (!is_current(context.state, message.job, message.attempt, site)) return;
    const Job& job = *context.state.find_job(message.job);
    if (job.phase != JobPhase::placed) return;
    context.emit(AttemptBegan{message.job, message.attempt, message.at});
  }

  void operator()(const execution::AttemptEnded& message) const {
    if (!is_current(context.state, message.job, message.attempt, site)) return;
    AttemptEnding ending;
    ending.job = message.job;
    ending.failure = message.failure;
    ending.at = message.at;
    for (const execution::RankOutcome& rank : message.ranks) {
      if (ending.exit_code == 0) ending.exit_code = rank.exit_code;
    }
    ending.is_site_fault = message.failure && is_site_fault(*message.failure);
    ending.message = codec::to_json(message);
    end_attempt(context, std::move(ending));
  }

  void operator()(const execution::AttemptNotStarted& message) const {
    if (!is_current(context.state, message.job, message.attempt, site)) return;
    AttemptEnding ending;
    ending.job = message.job;
    ending.failure = message.reason;
    ending.at = context.now;
    ending.is_site_fault = is_site_fault(message.reason);
    ending.message = codec::to_json(message);
    end_attempt(context, std::move(ending));
  }

  void operator()(const execution::UsageReport& message) const {
    if (!is_current(context.state, message.job, message.attempt, site)) return;
    settle_usage(context, {site, row}, message);
  }

  void operator()(const execution::StatementReport& message) const {
    accept_statement(context, {site, row}, message);
  }

  void operator()(const execution::InputArrived& message) const {
    if (!is_current(context.state, message.job, message.attempt, site)) return;
    take_receipt(context, {site, row}, message);
  }

 private:
  static bool is_site_fault(core::Reason reason) {
    switch (reason) {
      case core::Reason::start_failed:
      case core::Reason::staging_failed:
      case core::Reason::site_lost:
      case core::Reason::node_lost:
      case core::Reason::lease_lapsed:
      case core::Reason::not_supported:
      case core::Reason::secrets_refused:
      case core::Reason::stopping:
        return true;
      default:
        return false;
    }
  }
};

// The site that has joined already with this name and these keys. That it holds them, its
// certificate and its signature have shown.
const SiteState* find_repeated_join(const State& state, const JoinSite& command) {
  const auto found = state.site_handles.find(command.site.name);
  if (found == state.site_handles.end()) return nullptr;
  const SiteState& site = state.sites[found->second];
  const bool is_same = site.record && site.record->seq == 1 && site.sign_key == command.sign_key &&
                       site.tls_key == command.tls_key && site.seal_key == command.seal_key &&
                       site.site.operator_account == command.site.operator_account;
  return is_same ? &site : nullptr;
}

// Both signatures of a new site's record, and that it says what the command says.
core::Result<RecordFacts> check_registration(const State& state, const JoinSite& command) {
  const auto hub_key = crypto::parse_public_key(state.facts.sign_key);
  if (!hub_key) return hub_key.error();
  const auto record = open_site_record(command.record_envelope, *hub_key);
  if (!record) return record.error();
  if (identity::to_text(record->record.id) != command.site.identifier || record->record.seq != 1) {
    return {core::Reason::bad_field, "record: not version 1 of " + command.site.identifier};
  }
  const auto keys = read_site_keys(record->record);
  if (!keys) return keys.error();
  if (keys->sign != command.sign_key || keys->tls != command.tls_key ||
      keys->seal != command.seal_key) {
    return {core::Reason::bad_field, "record: other keys than the site's"};
  }
  return make_record_facts(*record);
}

engine::ChannelHello make_hello(const SiteState& site) {
  return {"", site.outbox.last_number(), crypto::to_text(site.outbox.last_hash()),
          site.inbox.received, crypto::to_text(site.inbox.hash)};
}

}  // namespace

core::Result<Reply> decide(Context& context, const JoinSite& command) {
  const State& state = context.state;
  if (state.used_nonces.contains(command.nonce)) {
    const SiteState* site = find_repeated_join(state, command);
    if (site == nullptr) return {core::Reason::bad_token, "the join token was used before"};
    return Reply{Joined{site->site.handle.index, site->pools, site->record_index}};
  }
  if (state.site_handles.contains(command.site.name)) {
    return {core::Reason::already_exists, "site " + command.site.name};
  }
  for (const SiteState& site : state.sites) {
    if (site.site.identifier == command.site.identifier) {
      return {core::Reason::already_exists, "identifier " + command.site.identifier};
    }
  }
  if (state.ledger.find_account(command.site.operator_account) == nullptr) {
    return {core::Reason::unknown_account, command.site.operator_account};
  }
  if (const auto checked = check_pools(command.pools); !checked) return checked.error();
  SiteRegistered registered{command.site, command.sign_key, command.tls_key, command.nonce,
                            command.seal_key};
  if (!command.record_envelope.empty()) {
    auto facts = check_registration(state, command);
    if (!facts) return facts.error();
    registered.record = std::move(*facts);
  }
  registered.site.handle.index = static_cast<std::uint32_t>(state.sites.size());
  const topology::SiteHandle handle = registered.site.handle;
  context.emit(std::move(registered), command.record_envelope);
  offer_pools(context, handle, command.pools);
  return Reply{Joined{handle.index, state.sites[handle.index].pools}};
}

core::Result<Reply> decide(Context& context, const OfferPools& command) {
  const auto site = get_site_state(context.state, command.site);
  if (!site) return site.error();
  if (const auto checked = check_pools(command.pools); !checked) return checked.error();
  if (const auto checked = check_offer(context.state, **site, command.pools); !checked) {
    return checked.error();
  }
  offer_pools(context, (*site)->site.handle, command.pools);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const SetSiteDrained& command) {
  const auto site = get_site_state(context.state, command.site);
  if (!site) return site.error();
  if ((*site)->is_revoked)
    return {core::Reason::already_final, "the site was revoked or has retired"};
  if ((*site)->is_drained == command.is_drained) return Reply{Done{}};
  context.emit(
      SiteStatusChanged{command.site, (*site)->status,
                        command.is_drained ? "drained by its operator" : "resumed by its operator",
                        command.is_drained});
  return Reply{Done{}};
}

static core::Result<Reply> open_channel(Context& context, const OpenSiteChannel& command) {
  const auto found = get_site_state(context.state, command.site);
  if (!found) return found.error();
  const SiteState& site = **found;
  const ChannelMemory memory{site.outbox, site.inbox, site.incarnation};
  if (const auto checked = check_channel(memory, command.hello); !checked) return checked.error();
  if (site.incarnation.empty()) {
    context.emit(SiteChannelOpened{command.site, command.hello.incarnation});
  }
  context.soft.heard[command.site] = context.now;
  return Reply{make_hello(site)};
}

core::Result<Reply> decide(Context& context, const OpenSiteChannel& command) {
  auto reply = open_channel(context, command);
  if (command.site < context.state.sites.size() && check_hello(command.hello)) {
    SiteGreeting& greeting = context.soft.greetings[command.site];
    greeting = {command.hello, std::nullopt};
    if (!reply) greeting.refusal = reply.error();
  }
  return reply;
}

core::Result<Reply> decide(Context& context, const ReconcileSite& command) {
  const auto found = get_site_state(context.state, command.site);
  if (!found) return found.error();
  if (const auto checked = check_hello(command.hello); !checked) return checked.error();
  context.emit(SiteChannelReconciled{command.site, command.hello.incarnation, command.hello.sent,
                                     command.hello.sent_hash, command.hello.received,
                                     command.hello.received_hash});
  context.soft.greetings.erase(command.site);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const AcceptSiteRows& command) {
  const auto found = get_site_state(context.state, command.site);
  if (!found) return found.error();
  const SiteState& site = **found;
  if (const auto same = check_incarnation(site, command.incarnation); !same) return same.error();
  if (command.acknowledged > site.outbox.last_number()) {
    return {core::Reason::channel_diverged, "rows acknowledged that were never sent"};
  }
  context.soft.heard[command.site] = context.now;
  context.soft.clock = command.clock;
  engine::Inbox inbox = site.inbox;
  std::uint64_t number = command.first;
  for (const std::string& payload : command.payloads) {
    const auto arrival = inbox.classify(number++);
    if (arrival == engine::Inbox::Arrival::repeated) continue;
    if (arrival == engine::Inbox::Arrival::gap) break;
    inbox.accept(number - 1, payload);
    if (const auto message = codec::from_cbor<execution::SiteMessage>(payload)) {
      std::visit(MessageHandler{context, command.site, number - 1}, *message);
    }
  }
  const std::uint64_t acknowledged = std::max(command.acknowledged, site.outbox.acknowledged());
  const bool is_forgotten =
      !command.payloads.empty() && engine::is_fault_planted(engine::Fault::position_not_logged);
  const bool is_news =
      inbox.received != site.inbox.received || acknowledged != site.outbox.acknowledged();
  if (is_news && !is_forgotten) {
    context.emit(
        SiteRowsAccepted{command.site, inbox.received, crypto::to_text(inbox.hash), acknowledged});
  }
  return Reply{RowsAccepted{inbox.received}};
}

static void note_data_address(Soft& soft, const BeatSite& command) {
  const std::string& address = command.heartbeat.data_address;
  if (address.empty() || address.size() > kAddressBytesMax) {
    soft.data_addresses.erase(command.site);
  } else {
    soft.data_addresses[command.site] = address;
  }
}

core::Result<Reply> decide(Context& context, const BeatSite& command) {
  const auto found = get_site_state(context.state, command.site);
  if (!found) return found.error();
  context.soft.heard[command.site] = context.now;
  context.soft.clock = command.clock;
  if ((*found)->status == topology::PoolStatus::lost) {
    context.emit(
        SiteStatusChanged{command.site, topology::PoolStatus::active, "the site answers again"});
  }
  note_data_address(context.soft, command);
  check_home_leases(context);
  execution::HeartbeatAnswer answer;
  answer.sequence = command.heartbeat.sequence;
  answer.rows = context.state.sites[command.site].outbox.last_number();
  if (is_site_held(context.soft, command.site)) answer.rows += core::limits::outbox_rows_max;
  answer.is_record_due = find_status_to_sign(context.state, **found, context.now).has_value();
  for (const execution::ForgetAttempt& running : command.heartbeat.running) {
    if (!is_current(context.state, running.job, running.attempt, command.site)) continue;
    if (context.state.find_job(running.job)->on_loss != OnLoss::restart) continue;
    if (!is_home_alive(context.state, context.soft, running.job)) continue;
    answer.leases.push_back({running.job, running.attempt, core::limits::restart_lease});
  }
  return Reply{std::move(answer)};
}

}  // namespace intertie::hub
