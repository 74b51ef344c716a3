#include "apply.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"
#include "intertie/hub/site_record.h"

#include "apply_peers.h"
#include "disputes.h"
#include "job_moves.h"

namespace intertie::hub {
namespace {

// What the site itself does comes first, then whether its record lets it sell.
topology::PoolStatus find_pool_status(const SiteState& site) {
  if (site.status != topology::PoolStatus::active) return site.status;
  if (site.is_lapsed) return topology::PoolStatus::expired;
  const bool is_suspended = site.record && site.record->status == identity::RecordStatus::suspended;
  return site.is_drained || is_suspended ? topology::PoolStatus::drained
                                         : topology::PoolStatus::active;
}

void set_pool_status(State& state, const SiteState& site) {
  const auto status = find_pool_status(site);
  for (const std::uint32_t pool : site.pools) {
    if (state.topology->find_pool({pool})->status == status) continue;
    state.topology = state.topology->with_pool_status({pool}, status);
  }
}

void remember_key(State& state, const Job& job) {
  const RememberedKey key{job.owner, job.idempotency};
  state.finished_keys.push_back({key, {job.number, job.request_digest}});
  if (state.finished_keys.size() <= core::limits::finished_keys_max) return;
  const RememberedKey& oldest = state.finished_keys.front().first;
  state.submissions.erase({oldest.owner, oldest.key});
  state.finished_keys.pop_front();
}

void rebuild_capacity(State& state, const topology::Pool& pool) {
  placement::PoolCapacity capacity(pool);
  for (const auto& [number, reservation] : state.reservations) {
    if (reservation.terms.pool != pool.handle.index) continue;
    capacity.apply(make_allocations(reservation.terms.slots));
  }
  capacity.replace(state.capacities[pool.handle.index]);
  state.capacities[pool.handle.index] = std::move(capacity);
}

// One overload an event, in the order of the variant.
struct Applier {
  State& state;
  const engine::RecordPlace& place;

  void operator()(const HubCreated& event) const { state.facts = event; }

  void operator()(const AccountOpened& event) const {
    const auto handle = ledger::apply_open_account(state.ledger, event.terms);
    if (event.terms.kind == ledger::AccountKind::bank) state.bank = handle;
    if (event.terms.kind == ledger::AccountKind::hub_fee) state.fees = handle;
  }

  void operator()(const PrincipalCreated& event) const {
    const auto handle = static_cast<std::uint32_t>(state.principals.size());
    state.principal_handles.emplace(event.name, handle);
    state.principals.push_back({event.name, event.role, {event.account}, event.jobs_max, 0});
  }

  void operator()(const CreditLimitSet& event) const {
    ledger::apply_credit_limit(state.ledger, {event.account}, event.limit);
  }

  void operator()(const EntryPosted& event) const {
    ledger::apply_entry(state.ledger, event.entry);
  }

  void operator()(const SiteRegistered& event) const {
    SiteState site;
    site.site = event.site;
    site.sign_key = event.sign_key;
    site.tls_key = event.tls_key;
    site.seal_key = event.seal_key;
    state.site_handles.emplace(site.site.name, site.site.handle.index);
    state.topology = state.topology->with_site(site.site);
    state.used_nonces.insert(event.join_nonce);
    site.record = event.record;
    if (event.record) site.record_index = site.signed_index = place.index;
    state.sites.push_back(std::move(site));
  }

  void operator()(const PoolOffered& event) const {
    topology::Pool pool = event.pool;
    SiteState& site = state.sites[pool.site.index];
    const std::uint32_t handle = pool.handle.index;
    if (const topology::Pool* old = state.topology->find_pool(pool.handle)) {
      pool.capability = old->capability;
      pool.status = old->status;
      const bool is_same_size =
          old->nodes == pool.nodes && old->cpus_per_node == pool.cpus_per_node &&
          old->memory_per_node == pool.memory_per_node &&
          old->devices_per_node == pool.devices_per_node && old->scratch == pool.scratch;
      if (!is_same_size) rebuild_capacity(state, pool);
    } else {
      site.pools.push_back(handle);
      assert(handle == state.capacities.size());
      state.capacities.emplace_back(pool);
    }
    if (!pool.identifier.empty()) state.pool_handles[pool.identifier] = handle;
    state.topology = state.topology->with_pool(std::move(pool));
    set_pool_status(state, site);
  }

  void operator()(const MeasurementAccepted& event) const {
    topology::Pool pool = *state.topology->find_pool({event.pool});
    pool.capability = event.capability;
    state.topology = state.topology->with_pool(std::move(pool));
  }

  void operator()(const MeasurementRefused&) const {}

  void operator()(const SiteStatusChanged& event) const {
    SiteState& site = state.sites[event.site];
    if (event.is_drained) {
      site.is_drained = *event.is_drained;
      set_pool_status(state, site);
      return;
    }
    site.status = event.status;
    if (event.status == topology::PoolStatus::lost) state.copies.drop_site(event.site);
    site.faults_in_row = 0;
    site.failing_until = event.status == topology::PoolStatus::failing
                             ? place.time + core::limits::breaker_open
                             : core::Time{};
    set_pool_status(state, site);
  }

  void operator()(const ShapeInterned& event) const {
    if (event.handle >= state.shapes.size()) {
      state.shapes.resize(event.handle + 1);
      state.shape_uses.resize(event.handle + 1);
    }
    state.free_shapes.erase(event.handle);
    state.shape_handles.emplace(codec::to_cbor(event.shape), event.handle);
    state.shapes[event.handle] = event.shape;
  }

  void operator()(const JobSubmitted& event) const {
    Job job;
    job.number = event.job;
    job.document = place.index;
    job.submitted = place.time;
    job.not_before = event.start_after.value_or(place.time);
    job.deadline = event.deadline.value_or(core::kNever);
    job.has_idempotency = event.idempotency.has_value();
    job.idempotency = event.idempotency.value_or(Key128{});
    job.request_digest = event.request_digest;
    job.owner = event.owner;
    job.account = event.account;
    job.shape = event.shape;
    job.retries_left = event.retries;
    job.priority = event.priority;
    job.on_loss = event.on_loss;
    add_timer(state, job);
    enqueue(state, job);
    if (job.has_idempotency) {
      state.submissions[{job.owner, job.idempotency}] = {job.number, job.request_digest};
    }
    state.next_job = event.job + 1;
    ++state.principals[job.owner].jobs;
    ++state.shape_uses[job.shape];
    ++state.counters.submitted;
    state.jobs.emplace(job.number, job);
  }

  void operator()(const DemandUnmet& event) const {
    if (event.job == 0) {
      ++state.counters.refused;
      return;
    }
    if (event.reason != core::Reason::insufficient_funds) return;
    Job& job = state.jobs.at(event.job);
    dequeue(state, job);
    job.is_out_of_money = true;
    job.money_needed = event.needed;
    state.out_of_money[job.account][job.shape].insert(job.number);
  }

  void operator()(const CapacityReserved& event) const {
    Reservation reservation;
    reservation.terms = event;
    state.capacities[event.pool].apply(make_allocations(event.slots));
    state.next_reservation = event.reservation + 1;
    state.reservations.emplace(event.reservation, std::move(reservation));
  }

  void operator()(const CapacityReleased& event) const {
    free_reservation(state, event.reservation);
  }

  void operator()(const AttemptChosen& event) const {
    Job& job = state.jobs.at(event.job);
    dequeue(state, job);
    remove_timers(state, job);
    job.phase = JobPhase::placed;
    job.attempt = event.attempt;
    job.reservation = event.reservation;
    ledger::apply_hold(state.ledger, event.hold);
    Reservation& reservation = state.reservations.at(event.reservation);
    reservation.attempt = event.attempt;
    reservation.chosen_at = place.time;
    reservation.chosen_clock = event.clock;
    reservation.hold = event.hold.id;
    ++state.counters.attempts;
    bound_by_price(state, job, event.hold.amount);
    push_start(state, job, state.principals[job.owner].name, place, job.document);
  }

  void operator()(const AttemptBegan& event) const {
    Job& job = state.jobs.at(event.job);
    job.phase = JobPhase::running;
    state.reservations.at(job.reservation).began_at = event.at;
    report_began(state, event, place);
  }

  void operator()(const UsageSettled& event) const {
    Job& job = state.jobs.at(event.job);
    Reservation& reservation = state.reservations.at(job.reservation);
    core::Money charge;
    for (const ledger::Posting& credit : event.post.credits) charge += credit.amount;
    ledger::apply_post(state.ledger, event.post);
    if (!reservation.settled_to) reservation.charged_from = event.from;
    reservation.posts = event.post.number;
    reservation.records = event.record;
    reservation.settled_to = event.to;
    reservation.is_settled = event.is_last;
    reservation.charged += charge;
    job.charged += charge;
    state.shares.add(job.account, charge, place.time);
    shrink_disputes(state, event.job, event.attempt, event.from, event.to, charge);
    report_charge(state, event, charge, place);
  }

  void operator()(const UsageDisputed& event) const {
    ++state.counters.disputes;
    if (const auto dispute = make_open_dispute(state, event)) {
      open_dispute(state, place.index, *dispute);
    }
  }

  void operator()(const DisputeResolved& event) const {
    const OpenDispute dispute = state.disputes.at(event.dispute);
    const std::uint32_t payer = dispute.payer;
    close_dispute(state, event.dispute);
    if (dispute.side == DisputeSide::payer) report_resolved(state, dispute, event, place);
    if (!event.is_accepted) return;
    if (event.entry) ledger::apply_entry(state.ledger, *event.entry);
    state.shares.add(payer, event.paid, place.time);
    shrink_disputes(state, event.job, event.attempt, event.from, event.to, event.paid);
    spend_of_bounds(state, event.job, event.paid);
    const auto job = state.jobs.find(event.job);
    if (job != state.jobs.end()) job->second.charged += event.paid;
  }

  void operator()(const AttemptOver& event) const {
    Job& job = state.jobs.at(event.job);
    const Reservation& reservation = state.reservations.at(job.reservation);
    SiteState& site = get_site_of(state, reservation.terms.pool);
    if (!engine::is_fault_planted(engine::Fault::hold_not_voided)) {
      ledger::apply_void(state.ledger, reservation.hold);
    }
    site.faults_in_row = event.is_site_fault ? site.faults_in_row + 1 : 0;
    if (event.is_site_fault) ++job.site_faults;
    push_message(site, execution::ForgetAttempt{event.job, event.attempt}, place, 0);
    note_attempt_over(state, event.job, event.attempt);
    bound_by_price(state, job, {});
    free_reservation(state, job.reservation);
    job.reservation = 0;
    job.phase = JobPhase::placed;
  }

  void operator()(const JobRequeued& event) const {
    Job& job = state.jobs.at(event.job);
    if (job.phase == JobPhase::waiting) {
      dequeue(state, job);
      remove_timers(state, job);
    }
    job.not_before = event.not_before;
    if (event.uses_retry) --job.retries_left;
    if (job.not_before <= place.time) job.not_before = job.submitted;
    add_timer(state, job);
    enqueue(state, job);
  }

  void operator()(const JobCancelRequested& event) const {
    Job& job = state.jobs.at(event.job);
    job.is_cancel_requested = true;
    if (job.offer != 0) withdraw_running(state, job, place);
    if (job.reservation == 0) return;
    SiteState& site = get_site_of(state, state.reservations.at(job.reservation).terms.pool);
    push_message(site, execution::StopAttempt{job.number, job.attempt, event.reason}, place, 0);
  }

  void operator()(const JobEnded& event) const {
    const auto found = state.jobs.find(event.job);
    Job& job = found->second;
    if (job.phase == JobPhase::waiting) dequeue(state, job);
    remove_timers(state, job);
    if (job.has_idempotency) remember_key(state, job);
    --state.principals[job.owner].jobs;
    release_shape(state, job.shape);
    switch (event.outcome) {
      case JobOutcome::succeeded:
        ++state.counters.succeeded;
        break;
      case JobOutcome::failed:
        ++state.counters.failed;
        break;
      case JobOutcome::cancelled:
        ++state.counters.cancelled;
        break;
    }
    state.jobs.erase(found);
  }

  void operator()(const SiteRowsAccepted& event) const {
    SiteState& site = state.sites[event.site];
    site.inbox.received = event.number;
    site.inbox.hash = crypto::parse_digest(event.hash).value();
    site.outbox.acknowledge(event.acknowledged);
  }

  void operator()(const SiteChannelOpened& event) const {
    state.sites[event.site].incarnation = event.incarnation;
  }

  void operator()(const ClockStepped&) const {}

  void operator()(const SiteChannelReconciled& event) const {
    SiteState& site = state.sites[event.site];
    site.incarnation = event.incarnation;
    site.inbox.received = event.number;
    site.inbox.hash = crypto::parse_digest(event.hash).value();
    for (auto& [number, reservation] : state.reservations) {
      const auto* pool = state.topology->find_pool({reservation.terms.pool});
      if (pool->site.index == event.site) reservation.orphaned_at = place.time;
    }
    site.outbox.restart_after(event.received, crypto::parse_digest(event.received_hash).value());
  }

  void operator()(const SiteKeysRotated& event) const {
    SiteState& site = state.sites[event.site];
    site.former_sign_keys.push_back(std::exchange(site.sign_key, event.sign_key));
    site.former_key_rows = event.rows;
    site.tls_key = event.tls_key;
    if (!event.seal_key.empty()) site.seal_key = event.seal_key;
    put_record(site, event.record);
    site.signed_index = place.index;
  }

  void operator()(const SiteRevoked& event) const {
    SiteState& site = state.sites[event.site];
    site.former_sign_keys.push_back(std::exchange(site.sign_key, {}));
    site.tls_key.clear();
    site.former_key_rows = 0;
    site.is_revoked = true;
    put_record(site, event.record);
  }

  void operator()(const SiteRecordAmended& event) const {
    SiteState& site = state.sites[event.site];
    const bool is_claim_raised = raises_claims(site.record->claimed, event.record.claimed);
    if (event.record.status == identity::RecordStatus::active) site.is_reinstated = false;
    if (event.record.status == identity::RecordStatus::retired) {
      site.former_sign_keys.push_back(std::exchange(site.sign_key, {}));
      site.tls_key.clear();
      site.former_key_rows = 0;
      site.is_revoked = true;
    }
    put_record(site, event.record);
    if (event.is_countersigned) site.signed_index = place.index;
    if (!is_claim_raised) return;
    // What was measured has not been held against this claim.
    for (const std::uint32_t handle : site.pools) {
      topology::Pool pool = *state.topology->find_pool({handle});
      pool.capability.reset();
      state.topology = state.topology->with_pool(std::move(pool));
    }
  }

  void operator()(const SiteRecordLapsed& event) const {
    state.sites[event.site].is_lapsed = true;
    set_pool_status(state, state.sites[event.site]);
  }

  void operator()(const SiteReinstated& event) const {
    state.sites[event.site].is_reinstated = true;
  }

  void put_record(SiteState& site, const RecordFacts& record) const {
    site.record = record;
    site.record_index = place.index;
    site.is_lapsed = false;
    set_pool_status(state, site);
  }

  template <class PeerEvent>
  void operator()(const PeerEvent& event) const {
    apply_peer_event(state, event, place);
  }
};

void append_leaf(PublicLog& log, const PublicLeaf& leaf) {
  const std::string bytes = encode_leaf(leaf);
  log.frontier.append_leaf_hash(crypto::compute_leaf_hash(crypto::as_bytes(bytes)));
  log.time = leaf.time;
}

}  // namespace

void apply(State& state, const Event& event, const engine::RecordPlace& place) {
  const auto leaf = find_public_leaf(state, event, place.time);
  std::visit(Applier{state, place}, event);
  if (leaf) append_leaf(state.public_log, *leaf);
}

std::vector<placement::TaskAllocation> make_allocations(
    const std::vector<execution::TaskSlot>& slots) {
  std::vector<placement::TaskAllocation> allocations;
  allocations.reserve(slots.size());
  for (const execution::TaskSlot& slot : slots) {
    placement::TaskAllocation allocation{slot.node, slot.cpus, slot.memory, 0, slot.scratch};
    for (const std::uint32_t device : slot.devices) {
      allocation.devices |= std::uint64_t{1} << device;
    }
    allocations.push_back(allocation);
  }
  return allocations;
}

static void rebuild_shapes(State& state) {
  state.shape_uses.assign(state.shapes.size(), 0);
  for (const auto& [number, job] : state.jobs) ++state.shape_uses[job.shape];
  state.shape_handles.clear();
  state.free_shapes.clear();
  for (std::uint32_t handle = 0; handle < state.shapes.size(); ++handle) {
    if (state.shape_uses[handle] == 0) {
      state.free_shapes.insert(handle);
    } else {
      state.shape_handles.emplace(codec::to_cbor(state.shapes[handle]), handle);
    }
  }
}

void rebuild_derived(State& state) {
  state.principal_handles.clear();
  for (std::uint32_t handle = 0; handle < state.principals.size(); ++handle) {
    state.principal_handles.emplace(state.principals[handle].name, handle);
    state.principals[handle].jobs = 0;
  }
  state.site_handles.clear();
  for (const SiteState& site : state.sites) {
    state.site_handles.emplace(site.site.name, site.site.handle.index);
  }
  state.capacities.clear();
  state.pool_handles.clear();
  for (std::uint32_t pool = 0; pool < state.topology->pool_count(); ++pool) {
    state.capacities.emplace_back(*state.topology->find_pool({pool}));
    const std::string& identifier = state.topology->find_pool({pool})->identifier;
    if (!identifier.empty()) state.pool_handles[identifier] = pool;
  }
  for (const auto& [number, reservation] : state.reservations) {
    state.capacities[reservation.terms.pool].apply(make_allocations(reservation.terms.slots));
  }
  rebuild_shapes(state);
  rebuild_dispute_lists(state);
  state.submissions.clear();
  for (const auto& [key, known] : state.finished_keys) {
    state.submissions[{key.owner, key.key}] = known;
  }
  state.queue = {};
  state.out_of_money.clear();
  state.timers.clear();
  rebuild_peers(state);
  for (auto& [number, job] : state.jobs) {
    if (job.owner != kNobody) ++state.principals[job.owner].jobs;
    if (job.has_idempotency) {
      state.submissions[{job.owner, job.idempotency}] = {job.number, job.request_digest};
    }
    if (job.phase != JobPhase::waiting) continue;
    add_timer(state, job);
    if (job.is_out_of_money) {
      state.out_of_money[job.account][job.shape].insert(job.number);
    } else if (job.not_before <= job.submitted) {
      state.queue.insert(make_waiting(job));
    }
  }
}

}  // namespace intertie::hub
