#include "contests.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/engine/fault.h"

#include "disputes.h"
#include "reservations.h"
#include "settlement.h"

namespace intertie::hub {
namespace {

constexpr std::size_t kDetailBytesMax = 256;

// The last one: after a backup a home hub may use a number again.
const ToldCharge* find_told(const PeerState& peer, std::uint64_t offer, std::uint64_t record,
                            core::Money charge) {
  const auto found = std::find_if(peer.told.rbegin(), peer.told.rend(), [&](const ToldCharge& one) {
    return one.offer == offer && one.record == record && one.charge == charge;
  });
  return found == peer.told.rend() ? nullptr : &*found;
}

std::optional<std::uint64_t> find_contest(const State& state, std::uint32_t peer,
                                          std::uint64_t offer, std::uint64_t record,
                                          core::Money charge) {
  for (const auto& [number, dispute] : state.disputes) {
    if (dispute.side == DisputeSide::payee && dispute.peer == peer && dispute.offer == offer &&
        dispute.record == record && dispute.charge == charge) {
      return number;
    }
  }
  return std::nullopt;
}

core::Money find_free(const State& state, ledger::AccountHandle account) {
  return std::max(state.ledger.compute_available(account), core::Money{});
}

// What does not stand goes back to the home hub's clearing account: from who got it, as far as
// they have it free, and what is missing from the hub's account for losses.
std::optional<ledger::Entry> make_reversal(Context& context, std::uint32_t peer,
                                           const ToldCharge& told, core::Money paid) {
  const State& state = context.state;
  const core::Money back = told.charge - paid;
  if (back.count <= 0) return std::nullopt;
  const core::Money fee =
      std::clamp(told.fee - compute_fee(state, paid), core::Money{}, std::min(told.fee, back));
  const ledger::AccountHandle provider{told.provider};
  const core::Money of_provider = std::min(back - fee, find_free(state, provider));
  const core::Money of_fees = std::min(fee, find_free(state, state.fees));
  const core::Money lost = back - of_provider - of_fees;
  ledger::Entry entry;
  entry.id = make_peer_entry_id(state);
  entry.memo = ledger::Memo::refund;
  entry.postings.push_back({{state.peers[peer].terms.account}, back});
  if (of_provider.count > 0) entry.postings.push_back({provider, -of_provider});
  if (of_fees.count > 0) entry.postings.push_back({state.fees, -of_fees});
  if (lost.count > 0) entry.postings.push_back({use_losses(context), -lost});
  if (!ledger::check_entry(state.ledger, entry)) return std::nullopt;
  return entry;
}

}  // namespace

ledger::EntryId make_peer_entry_id(const State& state) {
  return {kPeerEntries, state.next_peer_entry};
}

ledger::AccountHandle use_losses(Context& context) {
  const State& state = context.state;
  if (const ledger::Account* known = state.ledger.find_account(kLossesAccount)) {
    return known->handle;
  }
  const ledger::AccountHandle handle{static_cast<std::uint32_t>(state.ledger.account_count())};
  AccountOpened opened;
  opened.terms = {std::string(kLossesAccount), "", ledger::AccountKind::loss, true, {}};
  context.emit(std::move(opened));
  return handle;
}

DisputedClaim make_offer_claim(const Context& context, const Offer& offer,
                               const market::ReservedAmounts& needed,
                               const execution::UsageRecord& record) {
  const State& state = context.state;
  const JobShape& shape = state.shapes[state.find_job(offer.terms.job)->shape];
  const core::Time began = offer.settled_to ? offer.charged_from : record.from;
  DisputedClaim claim;
  claim.record = record.number;
  claim.from = record.from;
  claim.to = record.to;
  claim.claimed =
      compute_interval_price(record.reserved, offer.terms.price, record.to - record.from);
  claim.amounts = {std::min(record.reserved.cpus, needed.cpus),
                   std::min(record.reserved.memory, needed.memory),
                   std::min(record.reserved.devices, needed.devices)};
  claim.payable_from = std::max(record.from, offer.settled_to.value_or(record.from));
  claim.payable_to = std::min(record.to, began + shape.time_limit + core::limits::stop_grace);
  claim.payable_to = std::max(claim.payable_to, claim.payable_from);
  claim.most = state.ledger.find_hold(offer.terms.hold.id)->remaining;
  return claim;
}

OpenDispute make_peer_dispute(const State& state, const RemoteUsageDisputed& event) {
  OpenDispute dispute;
  dispute.side = DisputeSide::payer;
  dispute.peer = event.peer;
  dispute.offer = event.offer;
  dispute.record = event.record;
  dispute.charge = event.charge;
  dispute.job = event.job;
  dispute.attempt = event.attempt;
  // An offer that this hub, restored, never saw committed: no attempt of it will be told to be
  // over.
  dispute.is_over = event.attempt == 0;
  dispute.owner = kNobody;
  dispute.provider = state.peers[event.peer].terms.account;
  const Job* job = event.job == 0 ? nullptr : state.find_job(event.job);
  if (job == nullptr) return dispute;
  dispute.owner = job->owner;
  dispute.payer = job->account;
  dispute.price = state.find_offer(event.offer)->terms.price;
  if (event.claim) {
    dispute.amounts = event.claim->amounts;
    dispute.from = event.claim->payable_from;
    dispute.to = event.claim->payable_to;
    dispute.most = event.claim->most;
  }
  return dispute;
}

OpenDispute make_peer_dispute(const State& state, const ChargeContested& event) {
  OpenDispute dispute;
  dispute.side = DisputeSide::payee;
  dispute.peer = event.peer;
  dispute.offer = event.offer;
  dispute.record = event.record;
  dispute.charge = event.charge;
  dispute.fee = event.fee;
  dispute.job = event.job;
  dispute.owner = kNobody;
  dispute.payer = state.peers[event.peer].terms.account;
  dispute.provider = event.provider;
  dispute.is_known = event.is_known;
  dispute.is_over = true;
  return dispute;
}

std::vector<std::uint64_t> list_contests(const State& state, std::uint32_t peer) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, dispute] : state.disputes) {
    if (dispute.side == DisputeSide::payee && dispute.peer == peer) numbers.push_back(number);
  }
  return numbers;
}

bool has_room_for_dispute(const State& state, std::uint32_t peer, DisputeSide side) {
  const auto count = state.disputes_of_peers.find({peer, side});
  return count == state.disputes_of_peers.end() ||
         count->second < core::limits::disputes_open_per_peer_max;
}

// Said again after a reconciliation it changes nothing.
void take_request(Context& context, std::uint32_t peer, const ChargeDisputed& message) {
  const State& state = context.state;
  if (!has_room_for_dispute(state, peer, DisputeSide::payee)) return;
  if (find_contest(state, peer, message.offer, message.record, message.charge)) return;
  ChargeContested contested{peer, message.offer, message.record, message.charge,
                            message.detail.substr(0, kDetailBytesMax)};
  const ToldCharge* told =
      find_told(state.peers[peer], message.offer, message.record, message.charge);
  if (told != nullptr) {
    contested.is_known = true;
    contested.job = told->job;
    contested.provider = told->provider;
    contested.fee = told->fee;
  }
  context.emit(std::move(contested));
}

void take_request(Context& context, std::uint32_t peer, const ChargeResolved& message) {
  const State& state = context.state;
  if (message.paid.count < 0 || message.paid > message.charge) return;
  std::optional<ToldCharge> told;
  ContestResolved resolved;
  const auto contest = find_contest(state, peer, message.offer, message.record, message.charge);
  if (contest) {
    const OpenDispute& dispute = state.disputes.at(*contest);
    resolved.dispute = *contest;
    if (dispute.is_known) {
      told = ToldCharge{dispute.offer,    dispute.record, dispute.job,
                        dispute.provider, dispute.charge, dispute.fee};
    }
  } else if (const ToldCharge* known =
                 find_told(state.peers[peer], message.offer, message.record, message.charge)) {
    told = *known;
  }
  if (!contest && !told) return;
  resolved.peer = peer;
  resolved.offer = message.offer;
  resolved.record = message.record;
  resolved.job = told ? told->job : 0;
  resolved.is_accepted = message.is_accepted;
  resolved.charge = message.charge;
  resolved.paid = message.paid;
  if (told && !engine::is_fault_planted(engine::Fault::reversal_left_out)) {
    resolved.entry = make_reversal(context, peer, *told, message.paid);
  }
  context.emit(std::move(resolved));
}

}  // namespace intertie::hub
