#include "apply_peers.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <utility>
#include <variant>

#include "intertie/codec/cbor.h"
#include "intertie/engine/fault.h"
#include "intertie/hub/line_key.h"
#include "intertie/hub/peer_messages.h"

#include "apply.h"
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
         !std::holds_alternative<Commit>(*message);
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
  for (const engine::ChannelRow& row : rows) {
    if (is_history(row.payload)) peer.outbox.push(row.payload, row.log_index, row.attachment);
  }
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
  if (!engine::is_fault_planted(engine::Fault::offer_hold_not_voided)) {
    ledger::apply_void(state.ledger, offer.terms.hold.id);
  }
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
  push_row(state.peers[offer.terms.peer], Commit{event.offer, event.attempt}, place, job.document);
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
}

void apply_peer_event(State& state, const RemoteUsageDisputed& event,
                      const engine::RecordPlace& place) {
  PeerState& peer = state.peers[event.peer];
  peer.disputed += event.charge;
  ++state.counters.disputes;
  push_row(peer, ChargeDisputed{event.offer, event.record, event.charge, event.detail}, place);
}

void apply_peer_event(State& state, const RemoteAttemptOver& event, const engine::RecordPlace&) {
  const Offer offer = take_offer(state, event.offer);
  release_offer_leg(state, offer.terms.peer, event.offer);
  Job& job = state.jobs.at(event.job);
  ledger::apply_void(state.ledger, offer.terms.hold.id);
  if (event.is_site_fault) ++job.site_faults;
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
  state.guests.emplace(event.job, Guest{event.peer, event.offer, event.user});
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
  push_row(state.peers[event.peer], ReserveGranted{event.offer, event.expires}, place);
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
  const Guest& guest = state.guests.at(event.job);
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

void apply_peer_event(State& state, const ChargeContested& event, const engine::RecordPlace&) {
  state.peers[event.peer].contested += event.charge;
  ++state.counters.disputes;
}

void apply_peer_event(State& state, const InputMoved& event, const engine::RecordPlace& place) {
  const Guest* guest = event.offer == 0 ? state.find_guest(event.job) : nullptr;
  if (guest == nullptr) return;
  push_row(state.peers[guest->peer], OfferMoved{guest->offer}, place, place.index);
}

void report_began(State& state, const AttemptBegan& event, const engine::RecordPlace& place) {
  const Guest* guest = state.find_guest(event.job);
  if (guest == nullptr) return;
  push_row(state.peers[guest->peer], OfferBegan{guest->offer, event.at}, place);
}

void report_charge(State& state, const UsageSettled& event, core::Money charge,
                   const engine::RecordPlace& place) {
  const Guest* guest = state.find_guest(event.job);
  if (guest == nullptr || engine::is_fault_planted(engine::Fault::charge_not_mirrored)) return;
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
