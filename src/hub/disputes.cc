// Disputed usage records (docs/decisions/0012-disputes-are-paid-after-the-attempt.md).
#include "disputes.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/market/charge.h"

#include "decisions.h"
#include "parked.h"
#include "reservations.h"
#include "settlement.h"

namespace intertie::hub {
namespace {

// Cuts [from, to) out of the dispute's interval. What lies behind the cut is given up with it: the
// rest stays one interval, and can only become smaller.
void cut_interval(OpenDispute& dispute, core::Time from, core::Time to) {
  if (to <= dispute.from || from >= dispute.to) return;
  if (from <= dispute.from) {
    dispute.from = std::min(to, dispute.to);
  } else {
    dispute.to = from;
  }
}

// The job's account pays, the site's operator and the hub's fees get what a post would give them.
// An account that stands on both sides stands in the entry once, or not at all.
std::optional<ledger::Entry> make_entry(const State& state, std::uint64_t number,
                                        const OpenDispute& dispute, core::Money paid) {
  // Of what goes to another region its hub takes the fee.
  const bool is_home = dispute.side == DisputeSide::payer;
  const core::Money fee = is_home ? core::Money{} : compute_fee(state, paid);
  std::map<ledger::AccountHandle, core::Money> amounts;
  amounts[{dispute.payer}] -= paid;
  amounts[{dispute.provider}] += paid - fee;
  amounts[state.fees] += fee;
  ledger::Entry entry;
  entry.id = {kDisputeEntries, number};
  entry.memo = is_home ? ledger::Memo::clearing : ledger::Memo::usage;
  for (const auto& [account, amount] : amounts) {
    if (amount.count != 0) entry.postings.push_back({account, amount});
  }
  if (entry.postings.empty()) return std::nullopt;
  return entry;
}

template <class Change>
void change_disputes(State& state, std::uint64_t job, const Change& change) {
  const auto found = state.disputes_of_jobs.find(job);
  if (found == state.disputes_of_jobs.end()) return;
  for (const std::uint64_t number : found->second) change(state.disputes.at(number));
}

}  // namespace

core::Money compute_interval_price(const execution::ReservedUse& amounts,
                                   topology::PriceTable price, core::Duration length) {
  price.minimum = {};
  const auto charge = market::compute_charge({amounts.cpus, amounts.memory, amounts.devices}, price,
                                             core::Duration{}, length);
  return charge ? *charge : core::Money{};
}

core::Money compute_payable(const OpenDispute& dispute) {
  if (dispute.to <= dispute.from || dispute.side == DisputeSide::payee) return {};
  const core::Money price =
      compute_interval_price(dispute.amounts, dispute.price, dispute.to - dispute.from);
  core::Money most = std::min(dispute.most, dispute.job_most.value_or(dispute.most));
  if (dispute.side == DisputeSide::payer) most = std::min(most, dispute.charge);
  return std::clamp(price, core::Money{}, std::max(most, core::Money{}));
}

DisputedClaim make_claim(const Context& context, const Reservation& reservation,
                         const execution::UsageRecord& record) {
  const auto reserved = compute_reserved(reservation.terms.slots);
  DisputedClaim claim;
  claim.record = record.number;
  claim.from = record.from;
  claim.to = record.to;
  claim.claimed =
      compute_interval_price(record.reserved, reservation.terms.price, record.to - record.from);
  claim.amounts = {std::min(record.reserved.cpus, reserved.cpus),
                   std::min(record.reserved.memory, reserved.memory),
                   std::min(record.reserved.devices, reserved.devices)};
  claim.payable_from =
      std::max(record.from, reservation.settled_to.value_or(reservation.chosen_at));
  claim.payable_to = std::min({record.to, context.now, reservation.terms.to});
  claim.payable_to = std::max(claim.payable_to, claim.payable_from);
  claim.most = context.state.ledger.find_hold(reservation.hold)->remaining;
  return claim;
}

std::optional<OpenDispute> make_open_dispute(const State& state, const UsageDisputed& event) {
  const Job& job = *state.find_job(event.job);
  const Reservation& reservation = *state.find_reservation(job.reservation);
  const std::uint32_t site = get_site(state, reservation);
  const auto count = state.disputes_of_sites.find(site);
  if (count != state.disputes_of_sites.end() &&
      count->second >= core::limits::disputes_open_per_site_max) {
    return std::nullopt;
  }
  OpenDispute dispute;
  dispute.job = event.job;
  dispute.attempt = event.attempt;
  dispute.site = site;
  dispute.owner = job.owner;
  dispute.payer = job.account;
  dispute.provider =
      state.ledger.find_account(state.sites[site].site.operator_account)->handle.index;
  dispute.price = reservation.terms.price;
  if (event.claim) {
    dispute.amounts = event.claim->amounts;
    dispute.from = event.claim->payable_from;
    dispute.to = event.claim->payable_to;
    dispute.most = event.claim->most;
  }
  return dispute;
}

namespace {

// Whether charges of a job of this hub make it smaller.
bool is_about_job(const OpenDispute& dispute) {
  return dispute.side != DisputeSide::payee && dispute.job != 0;
}

void count_dispute(State& state, std::uint64_t number, const OpenDispute& dispute) {
  if (is_about_job(dispute)) state.disputes_of_jobs[dispute.job].insert(number);
  if (dispute.side == DisputeSide::site) {
    ++state.disputes_of_sites[dispute.site];
  } else {
    ++state.disputes_of_peers[{dispute.peer, dispute.side}];
  }
}

template <class Counts, class Key>
void count_down(Counts& counts, const Key& key) {
  if (--counts[key] == 0) counts.erase(key);
}

}  // namespace

void open_dispute(State& state, std::uint64_t number, const OpenDispute& dispute) {
  count_dispute(state, number, dispute);
  state.disputes.emplace(number, dispute);
}

void close_dispute(State& state, std::uint64_t number) {
  const auto found = state.disputes.find(number);
  const OpenDispute& dispute = found->second;
  if (is_about_job(dispute)) {
    const auto of_job = state.disputes_of_jobs.find(dispute.job);
    of_job->second.erase(number);
    if (of_job->second.empty()) state.disputes_of_jobs.erase(of_job);
  }
  if (dispute.side == DisputeSide::site) {
    count_down(state.disputes_of_sites, dispute.site);
  } else {
    count_down(state.disputes_of_peers, std::pair(dispute.peer, dispute.side));
  }
  state.disputes.erase(found);
}

void shrink_disputes(State& state, std::uint64_t job, std::uint32_t attempt, core::Time from,
                     core::Time to, core::Money paid) {
  change_disputes(state, job, [&](OpenDispute& dispute) {
    if (dispute.attempt != attempt) return;
    cut_interval(dispute, from, to);
    dispute.most = std::max(dispute.most - paid, core::Money{});
  });
}

void bound_disputes(State& state, std::uint64_t job, core::Money left) {
  change_disputes(state, job, [&](OpenDispute& dispute) { dispute.job_most = left; });
}

void bound_by_price(State& state, const Job& job, core::Money held) {
  const core::Money price_max = state.shapes[job.shape].price_max;
  if (price_max.count > 0) bound_disputes(state, job.number, price_max - job.charged - held);
}

void spend_of_bounds(State& state, std::uint64_t job, core::Money paid) {
  change_disputes(state, job, [&](OpenDispute& dispute) {
    if (dispute.job_most) *dispute.job_most -= paid;
  });
}

void note_attempt_over(State& state, std::uint64_t job, std::uint32_t attempt) {
  change_disputes(state, job, [&](OpenDispute& dispute) {
    if (dispute.attempt == attempt) dispute.is_over = true;
  });
}

void rebuild_dispute_lists(State& state) {
  state.disputes_of_jobs.clear();
  state.disputes_of_sites.clear();
  state.disputes_of_peers.clear();
  for (const auto& [number, dispute] : state.disputes) count_dispute(state, number, dispute);
}

// Order of the checks: it is open, its attempt is over, something can be paid, the account can pay.
core::Result<Reply> decide(Context& context, const ResolveDispute& command) {
  const State& state = context.state;
  const std::string name = "dispute " + std::to_string(command.dispute);
  const auto found = state.disputes.find(command.dispute);
  if (found == state.disputes.end()) return {core::Reason::already_final, name + " is not open"};
  const OpenDispute& dispute = found->second;
  if (dispute.side == DisputeSide::payee) {
    return {core::Reason::denied, name + ": region " + state.peers[dispute.peer].terms.region +
                                      ", which is to pay, decides; this hub follows"};
  }
  DisputeResolved resolved;
  resolved.dispute = command.dispute;
  resolved.job = dispute.job;
  resolved.attempt = dispute.attempt;
  resolved.is_accepted = command.is_accepted;
  resolved.by = command.by;
  if (!command.is_accepted) {
    context.emit(std::move(resolved));
    return Reply{Done{}};
  }
  if (dispute.side == DisputeSide::payer && dispute.job == 0) {
    return {core::Reason::usage_disputed,
            name + ": this hub knows no job that it is about, so nobody can pay; reject it"};
  }
  if (!dispute.is_over) return {core::Reason::busy, name + ": its attempt still runs"};
  if (dispute.owner >= state.principals.size()) {
    return {core::Reason::denied, name + ": the job's own hub decides"};
  }
  if (dispute.payer == dispute.provider) {
    return {core::Reason::usage_disputed, name + ": the job's account is the site's own"};
  }
  resolved.from = dispute.from;
  resolved.to = dispute.to;
  resolved.paid = compute_payable(dispute);
  if (resolved.paid.count == 0) {
    return {core::Reason::usage_disputed, name + ": nothing of the record can be paid; reject it"};
  }
  resolved.entry = make_entry(state, command.dispute, dispute, resolved.paid);
  if (resolved.entry) {
    const auto checked = ledger::check_entry(state.ledger, *resolved.entry);
    if (!checked) return checked.error();
  }
  const std::uint32_t provider = dispute.provider;

  context.emit(std::move(resolved));
  wake_account(context, provider);
  return Reply{Done{}};
}

}  // namespace intertie::hub
