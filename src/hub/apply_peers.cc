#include "apply_peers.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <set>
#include <utility>
#include <variant>

#include "intertie/codec/cbor.h"
#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"
#include "intertie/hub/line_key.h"
#include "intertie/hub/peer_messages.h"

#include "apply.h"
#include "contests.h"
#include "disputes.h"
#include "job_moves.h"

namespace intertie::hub {
namespace {

void push_row(PeerState& peer, const PeerMessage& message, const engine::RecordPlace& place,
              std::uint64_t attachment = 0) {
  peer.outbox.push(codec::to_cbor(message), place.index, attachment);
}

void forget_guest(State& state, std::uint64_t number) {
  const auto job = state.jobs.find(number);
  const Guest& guest = state.guests.at(number);
  state.guest_jobs.erase({guest.peer, guest.offer});
  release_shape(state, job->second.shape);
  state.guests.erase(number);
  state.jobs.erase(job);
}

Offer take_offer(State& state, std::uint64_t number) {
  const auto found = state.offers.find(number);
  assert(found != state.offers.end());
  Offer offer = std::move(found->second);
  state.offers.erase(found);
  state.offers_unanswered.erase({offer.asked_at, number});
  return offer;
}

// Whether a row still counts when the two histories part: what has happened does, what asks for
// something or promises it does not, for both sides give up what was not committed. A request sent
// anew would start what its home counts as over after a while.
bool is_history(const std::string& payload) {
  const auto message = codec::from_cbor<PeerMessage>(payload);
  return message && !std::holds_alternative<ReserveRequest>(*message) &&
         !std::holds_alternative<ReserveGranted>(*message) &&
         !std::holds_alternative<Commit>(*message) &&
         !std::holds_alternative<ChargeDisputed>(*message);
}

void remember_told(PeerState& peer, const ToldCharge& told) {
  peer.told.push_back(told);
  if (peer.told.size() > core::limits::charges_remembered_per_peer_max) peer.told.pop_front();
}

// What was contested once, or resolved, cannot be contested again.
void forget_told(PeerState& peer, std::uint64_t offer, std::uint64_t record, core::Money charge) {
  const auto found = std::find_if(peer.told.rbegin(), peer.told.rend(), [&](const ToldCharge& one) {
    return one.offer == offer && one.record == record && one.charge == charge;
  });
  if (found != peer.told.rend()) peer.told.erase(std::next(found).base());
}

// A proposal that the peer has got and not answered: it may have booked it, or forgotten it. What
// it did shows in the difference that the two then see.
void give_up_proposals(PeerState& peer, const std::deque<engine::ChannelRow>& unsent) {
  std::set<std::uint64_t> kept;
  for (const engine::ChannelRow& row : unsent) {
    const auto message = codec::from_cbor<PeerMessage>(row.payload);
    if (!message) continue;
    if (const auto* paid = std::get_if<ClearingPaid>(&*message)) kept.insert(paid->id);
    if (const auto* asked = std::get_if<AdjustmentProposed>(&*message)) kept.insert(asked->id);
  }
  std::erase_if(peer.payments, [&](const auto& one) { return !kept.contains(one.first); });
  if (peer.adjustment && !kept.contains(peer.adjustment->id)) peer.adjustment.reset();
  peer.asked.reset();
}

// Disputes of which the two may remember different ones: the payer says again which are open, and
// the payee keeps no others.
void renew_disputes(State& state, std::uint32_t handle, const engine::RecordPlace& place) {
  PeerState& peer = state.peers[handle];
  for (const std::uint64_t number : list_contests(state, handle)) {
    const OpenDispute dispute = state.disputes.at(number);
    close_dispute(state, number);
    if (!dispute.is_known) continue;
    peer.contested -= dispute.charge;
    remember_told(peer, {dispute.offer, dispute.record, dispute.job, dispute.provider,
                         dispute.charge, dispute.fee});
  }
  for (const auto& [number, dispute] : state.disputes) {
    if (dispute.side != DisputeSide::payer || dispute.peer != handle) continue;
    push_row(peer,
             ChargeDisputed{dispute.offer, dispute.record, dispute.charge,
                            "still in dispute after a reconciliation"},
             place);
  }
}

void release_leg(State& state, std::uint64_t leg) {
  const auto found = state.line_legs.find(leg);
  if (found == state.line_legs.end()) return;
  state.legs_of_keys.erase({found->second.to, found->second.key});
  state.leg_expiries.erase({found->second.until, leg});
  state.line_legs.erase(found);
}

// The inputs are there, or nobody wants them any more.
void release_offer_leg(State& state, std::uint32_t peer, std::uint64_t offer) {
  const LineReserved* leg =
      state.find_leg(state.peers[peer].terms.region, make_leg_key(state.facts.region, offer));
  if (leg != nullptr) release_leg(state, leg->leg);
}

core::Money sum_credits(const ledger::Post& post) {
  core::Money sum;
  for (const ledger::Posting& credit : post.credits) sum += credit.amount;
  return sum;
}

}  // namespace

void apply_peer_event(State& state, const PeerAdded& event, const engine::RecordPlace&) {
  state.peer_handles.emplace(event.id, static_cast<std::uint32_t>(state.peers.size()));
  PeerState peer;
  peer.terms = event;
  state.peers.push_back(std::move(peer));
}

void apply_peer_event(State& state, const PeerChanged& event, const engine::RecordPlace&) {
  state.peers[event.peer].terms.name = event.name;
  state.peers[event.peer].terms.address = event.address;
}

void apply_peer_event(State& state, const PeerChannelOpened& event, const engine::RecordPlace&) {
  state.peers[event.peer].incarnation = event.incarnation;
}

void apply_peer_event(State& state, const PeerRowsAccepted& event, const engine::RecordPlace&) {
  PeerState& peer = state.peers[event.peer];
  peer.inbox.received = event.number;
  peer.inbox.hash = crypto::parse_digest(event.hash).value();
  peer.outbox.acknowledge(event.acknowledged);
}

void apply_peer_event(State& state, const PeerChannelReconciled& event,
                      const engine::RecordPlace& place) {
  PeerState& peer = state.peers[event.peer];
  peer.incarnation = event.incarnation;
  // What the peer says that it has sent does not count: it is told what we have received, and its
  // rows go on above that, those included that it has sent and we have not got.
  for (auto& [number, offer] : state.offers) {
    if (offer.terms.peer == event.peer) offer.orphaned_at = place.time;
  }
  const std::deque<engine::ChannelRow> rows = peer.outbox.rows();
  peer.outbox = engine::Outbox::restore(event.received,
                                        crypto::parse_digest(event.received_hash).value(), {});
  give_up_proposals(peer, rows);
  for (const engine::ChannelRow& row : rows) {
    if (is_history(row.payload)) peer.outbox.push(row.payload, row.log_index, row.attachment);
  }
  renew_disputes(state, event.peer, place);
}

void apply_peer_event(State& state, const LineRegistered& event, const engine::RecordPlace&) {
  const auto known = std::ranges::find_if(
      state.lines, [&](const LineRegistered& line) { return line.line.to == event.line.to; });
  if (known != state.lines.end()) {
    *known = event;
  } else {
    state.lines.push_back(event);
  }
}

void apply_peer_event(State& state, const LineReserved& event, const engine::RecordPlace&) {
  state.line_legs.emplace(event.leg, event);
  state.legs_of_keys.emplace(std::pair(event.to, event.key), event.leg);
  state.leg_expiries.emplace(event.until, event.leg);
  state.next_line_leg = event.leg + 1;
}

void apply_peer_event(State& state, const LineReleased& event, const engine::RecordPlace&) {
  release_leg(state, event.leg);
}

void apply_peer_event(State& state, const OfferAsked& event, const engine::RecordPlace& place) {
  Job& job = state.jobs.at(event.job);
  dequeue(state, job);
  remove_timers(state, job);
  job.phase = JobPhase::asked;
  job.offer = event.offer;
  ledger::apply_hold(state.ledger, event.hold);
  bound_by_price(state, job, event.hold.amount);
  Offer offer;
  offer.terms = event;
  offer.asked_at = place.time;
  state.offers.emplace(event.offer, std::move(offer));
  state.offers_unanswered.emplace(place.time, event.offer);
  state.next_offer = event.offer + 1;
  const JobShape& shape = state.shapes[job.shape];
  ReserveRequest request;
  request.offer = event.offer;
  request.pool = event.pool;
  request.requirements = shape.requirements;
  // Handles of this hub mean nothing there.
  request.requirements.sites_excluded.clear();
  request.requirements.own_sites.clear();
  request.time_limit = shape.time_limit;
  request.on_loss = job.on_loss;
  request.price = event.price;
  request.input = shape.input;
  request.user = state.principals[job.owner].name;
  push_row(state.peers[event.peer], request, place);
}

void apply_peer_event(State& state, const OfferClosed& event, const engine::RecordPlace& place) {
  const Offer offer = take_offer(state, event.offer);
  release_offer_leg(state, offer.terms.peer, event.offer);
  Job& job = state.jobs.at(event.job);
  job.offer = 0;
  if (event.is_withdrawn && engine::is_fault_planted(engine::Fault::late_grant_accepted)) {
    state.offers.emplace(event.offer, offer);
  } else if (!engine::is_fault_planted(engine::Fault::offer_hold_not_voided)) {
    ledger::apply_void(state.ledger, offer.terms.hold.id);
  }
  bound_by_price(state, job, {});
  if (event.is_withdrawn) {
    push_row(state.peers[offer.terms.peer], Withdraw{event.offer, event.reason}, place);
  }
}

void apply_peer_event(State& state, const RemoteAttemptChosen& event,
                      const engine::RecordPlace& place) {
  Job& job = state.jobs.at(event.job);
  job.phase = JobPhase::placed;
  job.attempt = event.attempt;
  ++state.counters.attempts;
  Offer& offer = state.offers.at(event.offer);
  offer.attempt = event.attempt;
  state.offers_unanswered.erase({offer.asked_at, event.offer});
  offer.home_lease = event.home_lease;
  push_row(state.peers[offer.terms.peer], Commit{event.offer, event.attempt, event.home_lease},
           place, job.document);
  if (engine::is_fault_planted(engine::Fault::double_commit)) {
    push_row(state.peers[offer.terms.peer], Commit{event.offer, event.attempt, event.home_lease},
             place, job.document);
  }
}

void apply_peer_event(State& state, const RemoteAttemptBegan& event, const engine::RecordPlace&) {
  state.jobs.at(event.job).phase = JobPhase::running;
  Offer& offer = state.offers.at(event.offer);
  offer.began_at = event.at;
  release_offer_leg(state, offer.terms.peer, event.offer);
}

void apply_peer_event(State& state, const RemoteUsageSettled& event,
                      const engine::RecordPlace& place) {
  Job& job = state.jobs.at(event.job);
  Offer& offer = state.offers.at(event.offer);
  const core::Money charge = sum_credits(event.post);
  ledger::apply_post(state.ledger, event.post);
  if (!offer.settled_to) offer.charged_from = event.from;
  offer.posts = event.post.number;
  offer.records = event.record;
  offer.settled_to = event.to;
  offer.is_settled = event.is_last;
  offer.charged += charge;
  job.charged += charge;
  state.shares.add(job.account, charge, place.time);
  shrink_disputes(state, event.job, event.attempt, event.from, event.to, charge);
}

void apply_peer_event(State& state, const RemoteUsageDisputed& event,
                      const engine::RecordPlace& place) {
  PeerState& peer = state.peers[event.peer];
  ++state.counters.disputes;
  push_row(peer, ChargeDisputed{event.offer, event.record, event.charge, event.detail}, place);
  if (!has_room_for_dispute(state, event.peer, DisputeSide::payer)) {
    push_row(peer, ChargeResolved{event.offer, event.record, false, event.charge, {}}, place);
    return;
  }
  peer.disputed += event.charge;
  open_dispute(state, place.index, make_peer_dispute(state, event));
}

void report_resolved(State& state, const OpenDispute& dispute, const DisputeResolved& event,
                     const engine::RecordPlace& place) {
  PeerState& peer = state.peers[dispute.peer];
  peer.disputed -= dispute.charge;
  push_row(
      peer,
      ChargeResolved{dispute.offer, dispute.record, event.is_accepted, dispute.charge, event.paid},
      place);
}

void apply_peer_event(State& state, const RemoteAttemptOver& event,
                      const engine::RecordPlace& place) {
  const Offer offer = take_offer(state, event.offer);
  release_offer_leg(state, offer.terms.peer, event.offer);
  Job& job = state.jobs.at(event.job);
  ledger::apply_void(state.ledger, offer.terms.hold.id);
  if (event.is_site_fault) ++job.site_faults;
  note_attempt_over(state, event.job, event.attempt);
  bound_by_price(state, job, {});
  if (event.is_given_up) {
    push_row(state.peers[offer.terms.peer],
             Withdraw{event.offer, event.failure.value_or(core::Reason::site_lost)}, place);
  }
  job.offer = 0;
  job.phase = JobPhase::placed;
}

void withdraw_running(State& state, const Job& job, const engine::RecordPlace& place) {
  const Offer& offer = state.offers.at(job.offer);
  push_row(state.peers[offer.terms.peer], Withdraw{job.offer, core::Reason::cancelled_by_user},
           place);
}

void apply_peer_event(State& state, const GuestReserved& event, const engine::RecordPlace& place) {
  Job job;
  job.number = event.job;
  job.submitted = place.time;
  job.not_before = place.time;
  job.owner = kNobody;
  job.account = event.hold.account.index;
  job.shape = event.shape;
  job.on_loss = event.on_loss;
  job.phase = JobPhase::placed;
  job.reservation = event.reservation;
  state.jobs.emplace(event.job, job);
  state.next_job = event.job + 1;
  ++state.shape_uses[event.shape];
  state.guests.emplace(event.job, Guest{event.peer, event.offer, event.user, {}, event.clock});
  state.guest_jobs.emplace(std::pair(event.peer, event.offer), event.job);
  state.guest_expiries.emplace(event.expires, event.job);

  Reservation reservation;
  reservation.terms = {event.reservation, event.job, event.pool,    event.slots,
                       event.from,        event.to,  event.expires, event.price};
  reservation.hold = event.hold.id;
  reservation.chosen_at = place.time;
  state.capacities[event.pool].apply(make_allocations(event.slots));
  state.next_reservation = event.reservation + 1;
  state.reservations.emplace(event.reservation, std::move(reservation));
  ledger::apply_hold(state.ledger, event.hold);
  push_row(state.peers[event.peer],
           ReserveGranted{event.offer, event.expires, event.clock.boot_id != 0}, place);
}

void apply_peer_event(State& state, const GuestRefused& event, const engine::RecordPlace& place) {
  push_row(state.peers[event.peer], ReserveRefused{event.offer, event.reason, event.detail}, place);
  if (!engine::is_fault_planted(engine::Fault::expired_commit_obeyed)) return;
  const auto kept = state.guest_jobs.find({event.peer, event.offer});
  if (kept == state.guest_jobs.end()) return;
  const Job& job = state.jobs.at(kept->second);
  state.guest_expiries.erase({state.reservations.at(job.reservation).terms.expires, kept->second});
}

void apply_peer_event(State& state, const GuestCommitted& event, const engine::RecordPlace& place) {
  Job& job = state.jobs.at(event.job);
  Reservation& reservation = state.reservations.at(job.reservation);
  state.guest_expiries.erase({reservation.terms.expires, event.job});
  job.attempt = event.attempt;
  job.document = place.index;
  reservation.attempt = event.attempt;
  reservation.chosen_clock = event.clock;
  reservation.chosen_at = place.time;
  Guest& guest = state.guests.at(event.job);
  guest.home_lease = event.home_lease;
  push_start(state, job, state.peers[guest.peer].terms.id + ":" + guest.user, place, place.index);
}

void apply_peer_event(State& state, const GuestDropped& event, const engine::RecordPlace& place) {
  const Job& job = state.jobs.at(event.job);
  const Reservation& reservation = state.reservations.at(job.reservation);
  const Guest guest = state.guests.at(event.job);
  state.guest_expiries.erase({reservation.terms.expires, event.job});
  ledger::apply_void(state.ledger, reservation.hold);
  free_reservation(state, job.reservation);
  forget_guest(state, event.job);
  if (!event.is_expired || engine::is_fault_planted(engine::Fault::expiry_not_told)) return;
  push_row(state.peers[guest.peer],
           ReserveRefused{guest.offer, core::Reason::timed_out, "no commit came in time"}, place);
}

void apply_peer_event(State& state, const GuestEnded& event, const engine::RecordPlace& place) {
  const Guest guest = state.guests.at(event.job);
  forget_guest(state, event.job);
  if (engine::is_fault_planted(engine::Fault::guest_end_not_told)) return;
  push_row(state.peers[guest.peer],
           OfferOver{guest.offer, event.failure, event.exit_code, event.at, event.is_site_fault},
           place, place.index);
}

void apply_peer_event(State& state, const ChargeContested& event,
                      const engine::RecordPlace& place) {
  PeerState& peer = state.peers[event.peer];
  if (event.is_known) {
    peer.contested += event.charge;
    forget_told(peer, event.offer, event.record, event.charge);
  }
  ++state.counters.disputes;
  open_dispute(state, place.index, make_peer_dispute(state, event));
}

void apply_peer_event(State& state, const ContestResolved& event, const engine::RecordPlace&) {
  PeerState& peer = state.peers[event.peer];
  if (event.dispute != 0) {
    if (state.disputes.at(event.dispute).is_known) peer.contested -= event.charge;
    close_dispute(state, event.dispute);
  } else {
    forget_told(peer, event.offer, event.record, event.charge);
  }
  if (event.entry) {
    ledger::apply_entry(state.ledger, *event.entry);
    ++state.next_peer_entry;
  }
}

void apply_peer_event(State& state, const ClearingProposed& event,
                      const engine::RecordPlace& place) {
  PeerState& peer = state.peers[event.peer];
  state.next_clearing = event.id + 1;
  peer.refused.clear();
  if (event.terms.kind == ClearingKind::payment) {
    peer.payments.emplace(event.id, event.terms);
    push_row(peer, ClearingPaid{event.id, event.terms.amount, event.terms.text}, place);
  } else {
    peer.adjustment = NumberedProposal{event.id, event.terms};
    push_row(peer, AdjustmentProposed{event.id, event.terms.amount, event.terms.text}, place);
  }
}

void apply_peer_event(State& state, const ClearingAsked& event, const engine::RecordPlace&) {
  state.peers[event.peer].asked = event.proposal;
}

void apply_peer_event(State& state, const ClearingDecided& event,
                      const engine::RecordPlace& place) {
  PeerState& peer = state.peers[event.peer];
  const bool is_payment = event.kind == ClearingKind::payment;
  if (event.is_ours) peer.refused = event.is_accepted ? "" : event.detail;
  if (event.is_ours && is_payment) peer.payments.erase(event.id);
  if (event.is_ours && !is_payment) peer.adjustment.reset();
  if (!event.is_ours && !is_payment) peer.asked.reset();
  if (event.entry) {
    ledger::apply_entry(state.ledger, *event.entry);
    ++state.next_peer_entry;
  }
  if (event.is_ours) return;
  push_row(peer, ClearingAnswered{event.id, event.is_accepted, event.detail}, place);
}

void apply_peer_event(State& state, const InputMoved& event, const engine::RecordPlace& place) {
  if (event.offer != 0) return;
  const Job* job = state.find_job(event.job);
  const Reservation* at = job == nullptr ? nullptr : state.find_reservation(job->reservation);
  if (at != nullptr) {
    const std::uint32_t site = get_site_of(state, at->terms.pool).site.handle.index;
    state.copies.add({event.dataset, name_data_owner(state, *job)}, site);
  }
  const Guest* guest = state.find_guest(event.job);
  if (guest == nullptr) return;
  push_row(state.peers[guest->peer], OfferMoved{guest->offer}, place, place.index);
}

void report_began(State& state, const AttemptBegan& event, const engine::RecordPlace& place) {
  const Guest* guest = state.find_guest(event.job);
  if (guest == nullptr) return;
  push_row(state.peers[guest->peer], OfferBegan{guest->offer, event.at}, place);
}

static void note_told(State& state, const Guest& guest, const UsageSettled& event,
                      core::Money charge) {
  if (charge.count == 0) return;
  ToldCharge told{guest.offer, event.record, event.job, 0, charge, {}};
  for (const ledger::Posting& credit : event.post.credits) {
    if (credit.account == state.fees) {
      told.fee = credit.amount;
    } else {
      told.provider = credit.account.index;
    }
  }
  remember_told(state.peers[guest.peer], told);
}

void report_charge(State& state, const UsageSettled& event, core::Money charge,
                   const engine::RecordPlace& place) {
  const Guest* guest = state.find_guest(event.job);
  if (guest == nullptr || engine::is_fault_planted(engine::Fault::charge_not_mirrored)) return;
  note_told(state, *guest, event, charge);
  push_row(state.peers[guest->peer],
           OfferCharged{guest->offer, event.record, event.from, event.to, event.is_last, charge},
           place, place.index);
}

void rebuild_peers(State& state) {
  state.peer_handles.clear();
  for (std::uint32_t handle = 0; handle < state.peers.size(); ++handle) {
    state.peer_handles.emplace(state.peers[handle].terms.id, handle);
  }
  state.guest_jobs.clear();
  state.guest_expiries.clear();
  for (const auto& [number, guest] : state.guests) {
    state.guest_jobs.emplace(std::pair(guest.peer, guest.offer), number);
    const Job& job = state.jobs.at(number);
    if (job.attempt != 0) continue;
    state.guest_expiries.emplace(state.reservations.at(job.reservation).terms.expires, number);
  }
  state.legs_of_keys.clear();
  state.leg_expiries.clear();
  for (const auto& [number, leg] : state.line_legs) {
    state.legs_of_keys.emplace(std::pair(leg.to, leg.key), number);
    state.leg_expiries.emplace(leg.until, number);
  }
  state.offers_unanswered.clear();
  for (const auto& [number, offer] : state.offers) {
    if (offer.attempt == 0) state.offers_unanswered.emplace(offer.asked_at, number);
  }
}

}  // namespace intertie::hub
