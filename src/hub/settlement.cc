#include "settlement.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/signature.h"
#include "intertie/engine/fault.h"
#include "intertie/identity/envelope.h"
#include "intertie/market/charge.h"

#include "disputes.h"
#include "reservations.h"

namespace intertie::hub {

core::Result<execution::UsageRecord> open_usage_record(const identity::KeyLookup& find_key,
                                                       const std::string& envelope) {
  if (engine::is_fault_planted(engine::Fault::signature_unchecked)) {
    const auto payload = identity::read_unverified_payload(envelope, execution::kUsagePayloadType);
    if (!payload) return payload.error();
    return codec::from_json<execution::UsageRecord>(*payload, codec::Boundary::tolerant);
  }
  const auto opened = identity::open_envelope(envelope, execution::kUsagePayloadType, find_key);
  if (!opened) return opened.error();
  auto record =
      codec::from_json<execution::UsageRecord>(opened->payload, codec::Boundary::tolerant);
  if (!record) return record.error();
  if (const auto checked = execution::check(*record); !checked) return checked.error();
  return record;
}

namespace {

core::Error make_dispute(std::string detail) {
  return {core::Reason::usage_disputed, std::move(detail)};
}

// How long ago the hub chose the attempt, as it saw itself: by a clock that nothing steps, or,
// where its machine was started anew meanwhile, by its log's time.
core::Duration compute_observed(const Context& context, const Reservation& reservation) {
  const HubClock& then = reservation.chosen_clock;
  const HubClock& now = context.soft.clock;
  if (then.boot_id != 0 && then.boot_id == now.boot_id) return now.boot - then.boot;
  return context.now - reservation.chosen_at;
}

// Everything that a record must agree with: what was reserved, what was charged before, and how
// much time there was. A record's times are the site's: only how long it says that the task ran
// counts, and not how the site's clock stands to ours (docs/decisions/0010).
std::optional<core::Error> find_dispute(const Context& context, const Reservation& reservation,
                                        const execution::UsageRecord& record) {
  const auto reserved = compute_reserved(reservation.terms.slots);
  if (record.reserved.cpus != reserved.cpus || record.reserved.memory != reserved.memory ||
      record.reserved.devices != reserved.devices) {
    return make_dispute("the record's amounts are not what was reserved");
  }
  if (engine::is_fault_planted(engine::Fault::usage_charged_twice)) return std::nullopt;
  if (reservation.is_settled) return make_dispute("the attempt's last record has been charged");
  // A number may be left out: that record was disputed, and its interval costs nothing.
  if (record.number <= reservation.records) {
    return make_dispute("record " + std::to_string(record.number) + " has been charged");
  }
  if (reservation.settled_to && record.from < *reservation.settled_to) {
    return make_dispute("the interval begins before the end of what was charged");
  }
  const core::Duration limit = reservation.terms.to - reservation.terms.from;
  const core::Time began = reservation.settled_to ? reservation.charged_from : record.from;
  const core::Duration observed = compute_observed(context, reservation);
  const core::Duration drift{observed.count / core::limits::clock_drift_divisor};
  if (record.to - began > observed + drift + core::limits::clock_margin) {
    return make_dispute("the record claims " + core::to_text(record.to - began) + ", and only " +
                        core::to_text(observed) + " have passed since the order");
  }
  if (record.to - began > limit) return make_dispute("the interval is beyond the time limit");
  return std::nullopt;
}

}  // namespace

core::Money compute_fee(const State& state, core::Money charge) {
  __extension__ using Wide = __int128;  // The product may leave 64 bits, the quotient cannot.
  return {static_cast<std::int64_t>(Wide{charge.count} * state.facts.fee_per_mille / 1000)};
}

ledger::Post make_post(const State& state, const Reservation& reservation, core::Money charge,
                       ledger::AccountHandle provider) {
  ledger::Post post;
  post.hold = reservation.hold;
  post.number = reservation.posts + 1;
  const core::Money fee = compute_fee(state, charge);
  if (charge > fee) post.credits.push_back({provider, charge - fee});
  if (fee.count > 0) post.credits.push_back({state.fees, fee});
  return post;
}

void settle_usage(Context& context, const MessagePlace& place,
                  const execution::UsageReport& report) {
  const State& state = context.state;
  const SiteState& from = state.sites[place.site];
  const Job& job = *state.find_job(report.job);
  const Reservation& reservation = *state.find_reservation(job.reservation);
  std::optional<DisputedClaim> claim;
  const auto dispute = [&](const core::Error& error) {
    UsageDisputed disputed{report.job,   report.attempt, error.reason,
                           error.detail, place.site,     claim};
    context.emit(std::move(disputed), report.envelope);
  };
  const auto record = open_usage_record(
      [&](const crypto::Digest& id) { return find_site_key(from, id, place.number); },
      report.envelope);
  if (!record) return dispute(record.error());
  if (record->key.job != report.job || record->key.attempt != report.attempt ||
      record->site != from.site.identifier) {
    return dispute(make_dispute("the record is about something else"));
  }
  claim = make_claim(context, reservation, *record);
  if (const auto found = find_dispute(context, reservation, *record)) return dispute(*found);

  // The first record's start is the attempt's start: charges count from there.
  const core::Time began = reservation.settled_to ? reservation.charged_from : record->from;
  auto charge =
      market::compute_charge(compute_reserved(reservation.terms.slots), reservation.terms.price,
                             record->from - began, record->to - began);
  if (!charge) return dispute(charge.error());
  // The hold is the most that the job may cost; what would exceed it is the site's loss.
  *charge = std::min(*charge, state.ledger.find_hold(reservation.hold)->remaining);
  const ledger::Account* provider = state.ledger.find_account(from.site.operator_account);
  UsageSettled settled;
  settled.job = report.job;
  settled.attempt = report.attempt;
  settled.from = record->from;
  settled.to = record->to;
  settled.is_last = record->is_last;
  settled.record = record->number;
  settled.envelope = crypto::compute_sha256(report.envelope);
  settled.post = make_post(state, reservation, *charge, provider->handle);
  const auto checked = ledger::check_post(state.ledger, settled.post);
  if (!checked) return dispute(checked.error());
  context.emit(std::move(settled), report.envelope);
}

}  // namespace intertie::hub
