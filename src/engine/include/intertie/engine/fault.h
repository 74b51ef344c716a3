// Faults planted on purpose: they prove that the simulator would notice (ARCHITECTURE.md, 11).
//
// Only a test build (INTERTIE_FAULTS) has them; everywhere else the question is a constant and the
// compiler removes the branch. One fault at a time, chosen by name.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace intertie::engine {

enum class Fault : std::uint8_t {
  none,
  reply_before_durable,       // engine: an answer leaves before its record is on the disk.
  row_before_durable,         // engine: so does a row of an outbox.
  row_number_reused,          // engine: an empty outbox gives its last number out again.
  epoch_unchecked,            // hub: reports of an older attempt are taken for the current one.
  hold_not_voided,            // hub: what remains of a hold is never given back.
  usage_charged_twice,        // hub: a usage record that was charged before is charged again.
  signature_unchecked,        // hub: a usage record is believed whatever its signature.
  position_not_logged,        // hub: rows of a site are taken, their position is not.
  lost_site_freed_early,      // hub: a lost site's attempts are given up at once.
  cancelled_job_repeated,     // hub: an attempt that was cancelled counts as one to be repeated.
  idempotency_forgotten,      // hub: an Idempotency-Key is not looked up.
  snapshot_leaves_out,        // hub: a snapshot leaves out how often a job may be retried.
  start_without_answer,       // agent: starts, however long the hub has been silent.
  start_despite_rows,         // agent: starts before it knows all that the hub had told it.
  lease_not_enforced,         // the meter lets a task run on when its lease has lapsed.
  offer_hold_not_voided,      // home hub: the hold of a refused offer is never given back.
  charge_not_mirrored,        // owner hub: a charge is not told to the home hub.
  expired_commit_obeyed,      // owner hub: an expired reservation is refused, and run if committed.
  credit_unlimited,           // owner hub: the cap on what a peer may owe is not looked at.
  stale_price_granted,        // owner hub: a price of yesterday is granted, today's is charged.
  peer_position_not_logged,   // either hub: a peer's rows are taken, their position is not.
  commit_given_up,            // home hub: a commit that is not answered soon is given up.
  reconciled_given_up,        // home hub: offers of a lost history are given up at once.
  expiry_not_told,            // owner hub: a reservation expires in silence.
  guest_end_not_told,         // owner hub: so does a guest's end.
  snapshot_leaves_offers,     // home hub: a snapshot is read without its offers. (Written without
                              // them, both sides of every comparison would lack them.)
  remote_usage_posted_twice,  // home hub: a peer's charge is posted twice.
  reversal_left_out,          // owner hub: a rejected charge is closed and not given back.
  payment_one_sided,          // either hub: it agrees that it has paid, and does not book it.
  home_lease_unchecked,       // owner hub: guests run on, however long their home has been silent.
  double_commit,              // home hub: says a commit twice; owner hub: starts it again.
  stale_beacon_trusted,       // home hub: what a beacon said counts without end.
  late_grant_accepted,     // home hub: an offer that was withdrawn is committed when it is granted.
  charge_period_believed,  // home hub: how long it was is taken from the message, not the record.
  charge_amount_believed,  // home hub: a charge is posted at whatever price.
  charge_replay_posted,    // home hub: a record that was charged before is charged again.
  uncommitted_charge_paid,  // home hub: a charge is posted for an offer that it never committed.
  refusal_forgotten,        // home hub: who has refused a job is asked again at once.
};

struct FaultName {
  Fault fault;
  std::string_view name;
};

inline constexpr std::array kFaults = {
    FaultName{Fault::reply_before_durable, "reply_before_durable"},
    FaultName{Fault::row_before_durable, "row_before_durable"},
    FaultName{Fault::row_number_reused, "row_number_reused"},
    FaultName{Fault::epoch_unchecked, "epoch_unchecked"},
    FaultName{Fault::hold_not_voided, "hold_not_voided"},
    FaultName{Fault::usage_charged_twice, "usage_charged_twice"},
    FaultName{Fault::signature_unchecked, "signature_unchecked"},
    FaultName{Fault::position_not_logged, "position_not_logged"},
    FaultName{Fault::lost_site_freed_early, "lost_site_freed_early"},
    FaultName{Fault::cancelled_job_repeated, "cancelled_job_repeated"},
    FaultName{Fault::idempotency_forgotten, "idempotency_forgotten"},
    FaultName{Fault::snapshot_leaves_out, "snapshot_leaves_out"},
    FaultName{Fault::start_without_answer, "start_without_answer"},
    FaultName{Fault::start_despite_rows, "start_despite_rows"},
    FaultName{Fault::lease_not_enforced, "lease_not_enforced"},
};

/// Those that need more than one hub to do harm.
inline constexpr std::array kPeerFaults = {
    FaultName{Fault::offer_hold_not_voided, "offer_hold_not_voided"},
    FaultName{Fault::charge_not_mirrored, "charge_not_mirrored"},
    FaultName{Fault::expired_commit_obeyed, "expired_commit_obeyed"},
    FaultName{Fault::credit_unlimited, "credit_unlimited"},
    FaultName{Fault::stale_price_granted, "stale_price_granted"},
    FaultName{Fault::peer_position_not_logged, "peer_position_not_logged"},
    FaultName{Fault::commit_given_up, "commit_given_up"},
    FaultName{Fault::reconciled_given_up, "reconciled_given_up"},
    FaultName{Fault::expiry_not_told, "expiry_not_told"},
    FaultName{Fault::guest_end_not_told, "guest_end_not_told"},
    FaultName{Fault::snapshot_leaves_offers, "snapshot_leaves_offers"},
    FaultName{Fault::remote_usage_posted_twice, "remote_usage_posted_twice"},
    FaultName{Fault::reversal_left_out, "reversal_left_out"},
    FaultName{Fault::payment_one_sided, "payment_one_sided"},
    FaultName{Fault::home_lease_unchecked, "home_lease_unchecked"},
    FaultName{Fault::double_commit, "double_commit"},
    FaultName{Fault::stale_beacon_trusted, "stale_beacon_trusted"},
    FaultName{Fault::late_grant_accepted, "late_grant_accepted"},
    FaultName{Fault::charge_period_believed, "charge_period_believed"},
    FaultName{Fault::charge_amount_believed, "charge_amount_believed"},
    FaultName{Fault::charge_replay_posted, "charge_replay_posted"},
    FaultName{Fault::uncommitted_charge_paid, "uncommitted_charge_paid"},
    FaultName{Fault::refusal_forgotten, "refusal_forgotten"},
};

#ifdef INTERTIE_FAULTS
/// The one that is planted now. A test sets it before a run; one thread.
inline Fault& planted_fault() {
  static Fault fault = Fault::none;
  return fault;
}
inline bool is_fault_planted(Fault fault) { return planted_fault() == fault; }
#else
inline constexpr bool is_fault_planted(Fault) { return false; }
#endif

}  // namespace intertie::engine
