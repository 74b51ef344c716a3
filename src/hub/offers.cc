#include "offers.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/signature.h"
#include "intertie/engine/fault.h"
#include "intertie/hub/line_key.h"
#include "intertie/market/charge.h"

#include "attempts.h"
#include "contests.h"
#include "home_leases.h"
#include "line_legs.h"
#include "liveness.h"
#include "parked.h"
#include "placing.h"
#include "receipts.h"
#include "settlement.h"

namespace intertie::hub {
namespace {

// One look's share, so that its events fit into a batch.
constexpr std::size_t kClosedPerLook = 1'000;

const Offer* find_open(const State& state, std::uint32_t peer, std::uint64_t number) {
  const Offer* offer = state.find_offer(number);
  return offer != nullptr && offer->terms.peer == peer ? offer : nullptr;
}

market::ReservedAmounts compute_needed(const placement::Requirements& requirements) {
  market::ReservedAmounts amounts;
  amounts.cpus = requirements.cpus * requirements.tasks;
  amounts.memory = requirements.memory * requirements.tasks;
  for (const placement::DeviceRequest& request : requirements.devices) {
    amounts.devices += request.count * requirements.tasks;
  }
  return amounts;
}

// The job waits again; or it ends, if its owner has asked for that. What was held for it is free.
void requeue(Context& context, std::uint64_t number) {
  const Job& job = *context.state.find_job(number);
  const std::uint32_t account = job.account;
  if (job.is_cancel_requested) {
    context.emit(
        JobEnded{number, JobOutcome::cancelled, core::Reason::cancelled_by_user, 0, job.charged});
  } else {
    context.emit(JobRequeued{number, context.now, false});
  }
  wake_account(context, account);
}

void end_remote(Context& context, const Offer& offer, AttemptEnding ending) {
  RemoteAttemptOver over{offer.terms.job,  offer.terms.offer, offer.attempt,       ending.failure,
                         ending.exit_code, ending.at,         ending.is_site_fault};
  context.emit(std::move(over), std::move(ending.message));
  continue_job(context, ending);
}

AttemptEnding make_never_started(const Context& context, const Offer& offer, core::Reason reason) {
  AttemptEnding ending;
  ending.job = offer.terms.job;
  ending.failure = reason;
  ending.at = context.now;
  ending.is_site_fault = true;
  return ending;
}

// Nobody has said that it is over. If its owner comes back it is told, and what it then charges is
// disputed.
void give_up(Context& context, const Offer& offer) {
  const Job& job = *context.state.find_job(offer.terms.job);
  const bool has_lease = offer.home_lease.count > 0 && !offer.orphaned_at;
  const bool is_restart = has_lease && job.on_loss == OnLoss::restart;
  AttemptEnding ending = make_never_started(
      context, offer, is_restart ? core::Reason::lease_lapsed : core::Reason::site_lost);
  RemoteAttemptOver over{offer.terms.job,  offer.terms.offer, offer.attempt, ending.failure,
                         ending.exit_code, ending.at,         true,          has_lease};
  context.emit(std::move(over));
  continue_job(context, ending);
}

// A site signs with the key it had when it was asked, or with the one it has now.
std::optional<crypto::PublicKey> find_announced_key(const Context& context, const Offer& offer,
                                                    const crypto::Digest& id) {
  for (const std::string& text :
       {offer.terms.site_sign_key, context.soft.grid.find_sign_key(offer.terms.pool)}) {
    const auto key = crypto::parse_public_key(text);
    if (key && crypto::compute_key_digest(*key) == id) return *key;
  }
  return std::nullopt;
}

// The record that a charge is for, if it is the site's and about this attempt.
core::Result<execution::UsageRecord> open_charged_record(const Context& context, const Offer& offer,
                                                         const OfferCharged& message,
                                                         const std::string& envelope) {
  auto record = open_usage_record(
      [&](const crypto::Digest& id) { return find_announced_key(context, offer, id); }, envelope);
  if (!record) return record;
  if (engine::is_fault_planted(engine::Fault::charge_period_believed)) {
    record->from = message.from;
    record->to = message.to;
  }
  if (record->number != message.record || record->from != message.from ||
      record->to != message.to || record->is_last != message.is_last ||
      record->key.attempt != offer.attempt) {
    return {core::Reason::usage_disputed, "the record is about something else"};
  }
  return record;
}

// What is wrong with a charge, or nothing.
std::optional<std::string> find_objection(const Context& context, const Offer& offer,
                                          const OfferCharged& message,
                                          const execution::UsageRecord& record) {
  const State& state = context.state;
  if (!engine::is_fault_planted(engine::Fault::charge_replay_posted)) {
    if (offer.is_settled || record.number <= offer.records) return "the record was charged before";
    if (offer.settled_to && record.from < *offer.settled_to) return "the interval begins too early";
  }
  const JobShape& shape = state.shapes[state.find_job(offer.terms.job)->shape];
  const market::ReservedAmounts amounts = compute_needed(shape.requirements);
  if (record.reserved.cpus != amounts.cpus || record.reserved.memory != amounts.memory ||
      record.reserved.devices != amounts.devices) {
    return "the record's amounts are not what was asked for";
  }
  const core::Time began = offer.settled_to ? offer.charged_from : record.from;
  if (record.to - began > shape.time_limit + core::limits::stop_grace) {
    return "the interval is beyond the time limit";
  }
  auto charge =
      market::compute_charge(amounts, offer.terms.price, record.from - began, record.to - began);
  if (!charge) return core::to_text(charge.error());
  *charge = std::min(*charge, state.ledger.find_hold(offer.terms.hold.id)->remaining);
  if (engine::is_fault_planted(engine::Fault::charge_amount_believed)) return std::nullopt;
  // Twice the time rounds to another amount than twice the charge.
  const std::int64_t slack =
      engine::is_fault_planted(engine::Fault::charge_period_believed) ? 2 : 0;
  if (std::abs((*charge - message.charge).count) > slack) {
    return "the charge would be " + std::to_string(charge->count) + " micros";
  }
  return std::nullopt;
}

RemoteUsageSettled make_settled(const Context& context, const Offer& offer,
                                const OfferCharged& message) {
  RemoteUsageSettled settled;
  settled.job = offer.terms.job;
  settled.offer = offer.terms.offer;
  settled.attempt = offer.attempt;
  settled.from = message.from;
  settled.to = message.to;
  settled.is_last = message.is_last;
  settled.record = message.record;
  settled.post.hold = offer.terms.hold.id;
  settled.post.number = offer.posts + 1;
  settled.post.memo = ledger::Memo::clearing;
  if (message.charge.count > 0) {
    const std::uint32_t account = context.state.peers[offer.terms.peer].terms.account;
    settled.post.credits.push_back({{account}, message.charge});
  }
  return settled;
}

// What a committed attempt can still do after the owner's history was given up, or its last word.
bool is_certainly_over(const Context& context, const Offer& offer) {
  if (!offer.orphaned_at) {
    const auto end = find_certain_end(context.state, context.soft, offer);
    return end && *end <= context.now;
  }
  if (engine::is_fault_planted(engine::Fault::reconciled_given_up)) return true;
  const Job& job = *context.state.find_job(offer.terms.job);
  return *offer.orphaned_at + core::limits::reservation_lifetime + core::limits::site_lost_after +
             compute_bound(context.state, job) <=
         context.now;
}

}  // namespace

StartResult try_ask(Context& context, const Job& job, std::uint32_t pool, Explanation explanation) {
  const State& state = context.state;
  const JobShape& shape = state.shapes[job.shape];
  const topology::Pool& announced = context.soft.grid.get_pool(pool);
  const RemotePool& remote = context.soft.grid.get_remote(pool);
  const auto hold = compute_hold(shape, job, compute_needed(shape.requirements), announced.price);
  if (!hold) return {StartVerdict::above_price_max, {}};

  const core::Time deadline = job.deadline;
  const LegPlan leg =
      plan_leg(state, context.soft.grid.lines(), make_preferences(state, shape, deadline),
               announced.region, context.now);
  if (leg.is_full) return {};

  OfferAsked asked;
  asked.offer = state.next_offer;
  asked.job = job.number;
  asked.peer = remote.peer;
  asked.pool = announced.identifier;
  asked.pool_name = announced.name;
  asked.site = remote.site;
  asked.site_sign_key = remote.site_sign_key;
  asked.price = announced.price;
  asked.hold.id = {kHoldIds | kOfferHolds, asked.offer};
  asked.hold.account = {job.account};
  asked.hold.amount = *hold;
  if (const auto checked = ledger::check_hold(state.ledger, asked.hold); !checked) {
    const bool is_short = checked.error().reason == core::Reason::insufficient_funds;
    return {is_short ? StartVerdict::short_of_money : StartVerdict::busy, *hold};
  }

  // Nothing below can fail.
  if (leg.share) {
    explanation.line = {announced.region, leg.share->bits_per_second, leg.share->to};
    emit_leg(context, announced.region, make_leg_key(state.facts.region, asked.offer), leg);
  }
  const std::uint64_t number = asked.offer;
  const engine::Outbox& outbox = state.peers[asked.peer].outbox;
  context.emit(std::move(asked), codec::to_json(explanation));
  context.soft.grid.note_asked(number, pool, outbox.last_number(), shape.requirements);
  return {StartVerdict::started, *hold};
}

void take_answer(Context& context, std::uint32_t peer, const ReserveGranted& message) {
  const Offer* offer = find_open(context.state, peer, message.offer);
  if (offer == nullptr || offer->attempt != 0) return;
  const Job* job = context.state.find_job(offer->terms.job);
  if (job == nullptr) return;
  const core::Duration lease = message.keeps_lease ? core::limits::home_lease : core::Duration{};
  context.emit(RemoteAttemptChosen{job->number, job->attempt + 1, message.offer, lease});
}

// Before the commit it is a refusal. After it, the reservation had expired: nothing ever ran.
// Unless the request was a repeated one, sent again after a reconciliation: then the first one
// stands, and its end will be told.
void take_answer(Context& context, std::uint32_t peer, const ReserveRefused& message) {
  const Offer* offer = find_open(context.state, peer, message.offer);
  if (offer == nullptr) return;
  if (offer->attempt != 0 && message.reason == core::Reason::already_exists) return;
  if (offer->attempt != 0) {
    end_remote(context, *offer, make_never_started(context, *offer, core::Reason::start_failed));
    return;
  }
  const std::uint64_t number = offer->terms.job;
  const Job* job = context.state.find_job(number);
  if (job == nullptr) return;
  context.soft.grid.note_not_taken(peer, message.offer);
  if (!engine::is_fault_planted(engine::Fault::refusal_forgotten)) {
    context.soft.grid.note_refused(offer->terms.pool, job->shape, message.reason, context.now);
  }
  context.emit(OfferClosed{message.offer, number, message.reason, message.detail, false});
  requeue(context, number);
}

void take_answer(Context& context, std::uint32_t peer, const OfferBegan& message) {
  const Offer* offer = find_open(context.state, peer, message.offer);
  if (offer == nullptr || offer->attempt == 0 || offer->began_at) return;
  context.emit(RemoteAttemptBegan{offer->terms.job, message.offer, message.at});
}

void take_answer(Context& context, std::uint32_t peer, const OfferCharged& message,
                 const std::string& envelope) {
  const Offer* offer = find_open(context.state, peer, message.offer);
  std::optional<DisputedClaim> claim;
  const auto dispute = [&](std::string detail) {
    RemoteUsageDisputed disputed;
    disputed.claim = claim;
    disputed.job = offer == nullptr ? 0 : offer->terms.job;
    disputed.offer = message.offer;
    disputed.peer = peer;
    disputed.attempt = offer == nullptr ? 0 : offer->attempt;
    disputed.record = message.record;
    disputed.charge = message.charge;
    disputed.detail = std::move(detail);
    context.emit(std::move(disputed), envelope);
  };
  if (message.charge.count < 0) return dispute("a charge below zero");
  if (offer != nullptr && offer->attempt == 0 &&
      engine::is_fault_planted(engine::Fault::uncommitted_charge_paid)) {
    const RemoteUsageSettled settled = make_settled(context, *offer, message);
    if (ledger::check_post(context.state.ledger, settled.post)) context.emit(settled, envelope);
    return;
  }
  if (offer == nullptr || offer->attempt == 0) return dispute("no such attempt is known here");
  const auto record = open_charged_record(context, *offer, message, envelope);
  if (!record) return dispute(core::to_text(record.error()));
  const JobShape& shape = context.state.shapes[context.state.find_job(offer->terms.job)->shape];
  claim = make_offer_claim(context, *offer, compute_needed(shape.requirements), *record);
  if (auto objection = find_objection(context, *offer, message, *record)) {
    return dispute(std::move(*objection));
  }
  RemoteUsageSettled settled = make_settled(context, *offer, message);
  if (const auto checked = ledger::check_post(context.state.ledger, settled.post); !checked) {
    return dispute(core::to_text(checked.error()));
  }
  context.emit(settled, envelope);
  if (engine::is_fault_planted(engine::Fault::remote_usage_posted_twice)) {
    ++settled.post.number;
    if (ledger::check_post(context.state.ledger, settled.post)) context.emit(settled, envelope);
  }
}

void take_answer(Context& context, const PeerRow& row, const OfferOver& message,
                 std::string attachment) {
  const State& state = context.state;
  const Offer* offer = find_open(state, row.peer, message.offer);
  if (offer == nullptr || offer->attempt == 0) return;
  const JobShape& shape = state.shapes[state.find_job(offer->terms.job)->shape];
  if (context.soft.grid.note_over(row, message.offer, offer->terms.pool, shape.requirements)) {
    context.soft.is_grid_woken = true;
  }
  AttemptEnding ending;
  ending.job = offer->terms.job;
  ending.failure = message.failure;
  ending.exit_code = message.exit_code;
  ending.at = message.at;
  ending.is_site_fault = message.is_site_fault;
  ending.message = std::move(attachment);
  end_remote(context, *offer, std::move(ending));
}

// A receipt that does not verify changes nothing: no money hangs on it.
void take_answer(Context& context, std::uint32_t peer, const OfferMoved& message,
                 const std::string& envelope) {
  const Offer* offer = find_open(context.state, peer, message.offer);
  if (offer == nullptr || offer->attempt == 0 || offer->began_at) return;
  auto moved = read_receipt(
      envelope, [&](const crypto::Digest& id) { return find_announced_key(context, *offer, id); });
  if (!moved || moved->attempt != offer->attempt) return;
  moved->job = offer->terms.job;
  moved->offer = message.offer;
  context.emit(std::move(*moved), envelope);
}

void close_asked(Context& context, const Job& job, core::Reason reason) {
  context.emit(OfferClosed{job.offer, job.number, reason, "", true});
}

void close_unanswered(Context& context, std::uint32_t peer) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, offer] : context.state.offers) {
    if (offer.terms.peer == peer && offer.attempt == 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  for (const std::uint64_t number : numbers) {
    const std::uint64_t job = context.state.find_offer(number)->terms.job;
    context.emit(OfferClosed{number, job, core::Reason::channel_diverged, "", true});
    requeue(context, job);
  }
}

void check_offers(Context& context) {
  const State& state = context.state;
  for (std::size_t count = 0; count < kClosedPerLook; ++count) {
    if (state.offers_unanswered.empty()) break;
    const auto [asked_at, number] = *state.offers_unanswered.begin();
    if (asked_at + core::limits::offer_answer_max > context.now) break;
    const Offer& offer = *state.find_offer(number);
    const std::uint64_t job = offer.terms.job;
    context.soft.grid.note_refused(offer.terms.pool, state.find_job(job)->shape,
                                   core::Reason::hub_unreachable, context.now);
    context.emit(OfferClosed{number, job, core::Reason::hub_unreachable, "", true});
    requeue(context, job);
  }
  std::vector<std::uint64_t> over;
  for (const auto& [number, offer] : state.offers) {
    const bool is_impatient = engine::is_fault_planted(engine::Fault::commit_given_up) &&
                              offer.attempt != 0 && !offer.began_at &&
                              offer.asked_at + core::limits::offer_answer_max <= context.now;
    if (offer.attempt != 0 && (is_impatient || is_certainly_over(context, offer))) {
      over.push_back(number);
    }
  }
  std::ranges::sort(over);
  if (over.size() > kClosedPerLook) over.resize(kClosedPerLook);
  for (const std::uint64_t number : over) give_up(context, *state.find_offer(number));
}

}  // namespace intertie::hub
