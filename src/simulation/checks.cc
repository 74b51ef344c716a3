#include "checks.h"

#include <map>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/ledger/totals.h"

namespace intertie::simulation {
namespace {

std::string name_of(const Region& region) { return "hub " + std::to_string(region.hub.number()); }

}  // namespace

// States change with their logs alone, and what is counted grows with them.
void Checks::recount_next() {
  counted_.resize(regions_.size());
  const std::size_t hub = next_++ % regions_.size();
  HubNode& node = regions_[hub]->hub;
  if (!node.is_up()) return;
  check_beacons(*regions_[hub]);
  Counted& before = counted_[hub];
  const Counted now{node.life(), node.engine().durable_index(), node.is_idle()};
  const bool is_known = before == now && now.is_idle;
  const bool is_recent = before.life == now.life && before.is_idle == now.is_idle &&
                         now.last - before.last < before.last / 256;
  if (is_known || is_recent) return;
  before = now;
  recount(*regions_[hub]);
}

// A beacon counts for its lifetime on the hub's clock, which may go at half pace, and is looked at
// once a second of that.
void Checks::check_beacons(const Region& region) {
  constexpr core::Duration longest = core::limits::beacon_lifetime * 2 + core::seconds(3);
  if (!region.hub.is_idle()) return;  // It may not have looked at its clock for long.
  const hub::HubMachine& machine = region.hub.machine();
  for (std::uint32_t peer = 0; peer < machine.state().peers.size(); ++peer) {
    const std::size_t other = get_peer_hub(region.hub.number(), peer);
    const core::Duration age = world_.now() - region.hub.peers().find_beacon(other);
    if (machine.is_peer_heard(peer) && age > longest) {
      world_.fail(name_of(region) + " believes a beacon of hub " + std::to_string(other) +
                  " that is " + core::to_text(age) + " old");
    }
  }
}

// What is reserved of a line leaves the rest to what has no reservation.
void Checks::check_lines(const Region& region) {
  const hub::State& state = region.hub.machine().state();
  std::map<std::string, std::int64_t> reserved;
  for (const auto& [number, leg] : state.line_legs) reserved[leg.to] += leg.bits_per_second;
  for (const auto& [to, bits] : reserved) {
    const hub::LineRegistered* line = state.find_line(to);
    const std::int64_t whole = line == nullptr ? 0 : line->line.bandwidth_bits_per_second;
    if (bits > whole / 100 * core::limits::line_reservable_percent) {
      world_.fail(name_of(region) + ": " + std::to_string(bits) +
                  " bit/s are reserved of the line to " + to + ", which has " +
                  std::to_string(whole));
    }
  }
}

void Checks::recount(const Region& region) {
  if (!region.hub.is_up() || region.hub.machine().state().facts.id.empty()) return;
  const hub::State& state = region.hub.machine().state();
  const ledger::LedgerDump dump = ledger::dump_ledger(state.ledger);
  const ledger::Totals totals = ledger::compute_totals(dump);
  if (totals.sum.count != 0) world_.fail(name_of(region) + ": the ledger does not sum to zero");
  if (!totals.problems.empty()) {
    world_.fail(name_of(region) + ": ledger: " + totals.problems.front());
  }
  if (dump.holds.size() != state.reservations.size() + state.offers.size()) {
    world_.fail(name_of(region) + ": there are " + std::to_string(dump.holds.size()) +
                " holds and " + std::to_string(state.reservations.size()) + " attempts and " +
                std::to_string(state.offers.size()) + " offers");
  }
  std::vector<std::vector<placement::TaskAllocation>> live(state.capacities.size());
  for (const auto& [number, reservation] : state.reservations) {
    for (const execution::TaskSlot& slot : reservation.terms.slots) {
      placement::TaskAllocation allocation{slot.node, slot.cpus, slot.memory, 0, slot.scratch};
      for (const std::uint32_t device : slot.devices) {
        allocation.devices |= std::uint64_t{1} << device;
      }
      live[reservation.terms.pool].push_back(allocation);
    }
  }
  for (std::size_t pool = 0; pool < live.size(); ++pool) {
    if (!state.capacities[pool].is_consistent_with(live[pool])) {
      world_.fail(name_of(region) + ": what is free in pool " + std::to_string(pool) +
                  " is miscounted");
    }
  }
  check_debts(region, dump);
  check_lines(region);
  if (region.hub.is_idle()) compare_with_facts(region, dump);
}

void Checks::check_debts(const Region& region, const ledger::LedgerDump& dump) {
  const hub::State& state = region.hub.machine().state();
  for (const hub::PeerState& peer : state.peers) {
    const auto& account = dump.accounts.at(peer.terms.account);
    if (account.balance < -account.terms.credit_limit) {
      world_.fail(name_of(region) + ": " + account.terms.name + " owes more than its cap");
    }
  }
}

// When all that the hub believes is durable, the log must say the same.
void Checks::compare_with_facts(const Region& region, const ledger::LedgerDump& dump) {
  const hub::State& state = region.hub.machine().state();
  const Facts& facts = region.facts;
  const std::string name = name_of(region);
  if (state.jobs.size() != facts.count_open()) world_.fail(name + " has lost or kept a job");
  if (state.reservations.size() != facts.count_placed()) {
    world_.fail(name + " has lost or kept an attempt");
  }
  if (state.offers.size() != facts.count_offers()) world_.fail(name + " has lost or kept an offer");
  if (state.guests.size() != facts.count_guests()) world_.fail(name + " has lost or kept a guest");
  for (std::size_t i = 0; i < dump.accounts.size(); ++i) {
    if (dump.accounts[i].balance != facts.balances().at(i)) {
      world_.fail(name + ": the balance of " + dump.accounts[i].terms.name +
                  " is not what was posted");
    }
  }
}

void Checks::check_folds(Region& region, bool is_anew) {
  folded_.resize(regions_.size());
  storage::LogIndex& folded = folded_[region.hub.number()];
  const storage::LogIndex last = region.hub.disk().store().last().index;
  const bool is_recent = last >= folded && last - folded < folded / 16;
  if (is_recent && !is_anew) return;
  folded = last;
  const std::string whole = region.hub.fold_log(is_anew);
  if (region.hub.fold_from_snapshot() != whole) {
    world_.fail(name_of(region) + ": snapshot and log give another state than the log");
  }
  if (region.hub.is_idle() && region.hub.machine().encode_state() != whole) {
    world_.fail(name_of(region) + ": the log gives another state than was lived through");
  }
}

bool Checks::is_done() const {
  if (processes_.count_alive() > 0) return false;
  for (const auto& region : regions_) {
    if (!is_done(*region)) return false;
  }
  return true;
}

// Beacons come and go for ever; they write nothing, so an idle log is enough.
bool Checks::is_done(const Region& region) const {
  if (region.hub.is_dead()) return true;
  if (!region.hub.is_up() || !region.users.has_all_answers()) return false;
  const hub::State& state = region.hub.machine().state();
  if (!state.jobs.empty() || !state.offers.empty() || !region.hub.is_idle()) return false;
  for (std::uint32_t peer = 0; peer < state.peers.size(); ++peer) {
    const std::size_t other = get_peer_hub(region.hub.number(), peer);
    if (state.peers[peer].outbox.size() > 0 && !regions_[other]->hub.is_dead()) return false;
  }
  for (std::size_t site = 0; site < region.sites.size(); ++site) {
    if (!region.sites[site]->is_idle() || state.sites[site].outbox.size() > 0) return false;
    const agent::State& agent = region.sites[site]->agent().state();
    if (!agent.attempts.empty() || agent.outbox.size() > 0) return false;
  }
  return true;
}

std::string Checks::describe_left(const Region& region) const {
  if (!region.hub.is_up()) return " is down";
  const hub::State& state = region.hub.machine().state();
  std::string what = ": jobs " + std::to_string(state.jobs.size());
  for (const auto& [number, job] : state.jobs) {
    what += " (job " + std::to_string(number) + " attempt " + std::to_string(job.attempt) +
            " phase " + std::to_string(static_cast<int>(job.phase)) + " offer " +
            std::to_string(job.offer) + " reservation " + std::to_string(job.reservation) +
            " price " + std::to_string(state.shapes[job.shape].price_max.count) + " cpus " +
            std::to_string(state.shapes[job.shape].requirements.cpus.count) + " tasks " +
            std::to_string(state.shapes[job.shape].requirements.tasks) +
            (job.owner == hub::kNobody ? " guest" : "") +
            (job.is_out_of_money ? " without money)" : ")");
    if (what.size() > 300) break;
  }
  for (const hub::PeerState& peer : state.peers) {
    if (peer.outbox.size() == 0) continue;
    what += " " + std::to_string(peer.outbox.size()) + " rows for " + peer.terms.id;
  }
  for (std::size_t site = 0; site < region.sites.size(); ++site) {
    if (!region.sites[site]->is_up()) continue;
    const agent::State& agent = region.sites[site]->agent().state();
    if (agent.attempts.empty() && agent.outbox.size() == 0 &&
        state.sites[site].outbox.size() == 0) {
      continue;
    }
    what += " site " + std::to_string(site) + ": attempts " +
            std::to_string(agent.attempts.size()) + " rows " + std::to_string(agent.outbox.size()) +
            " and " + std::to_string(state.sites[site].outbox.size());
  }
  return what + (region.users.has_all_answers() ? "" : " a user has no answer");
}

void Checks::fail_stuck(const std::string& operators) {
  std::string what = "something never ends:";
  for (const auto& region : regions_) {
    if (!is_done(*region)) what += " " + name_of(*region) + describe_left(*region) + ";";
  }
  world_.fail(what + operators);
}

// Once both have caught up, what one hub says that it is owed is what the other says it owes: all
// disputes were resolved, and what a backup forgot was adjusted.
void Checks::check_mirrors() {
  for (std::size_t a = 0; a < regions_.size() && world_.scenario.is_joined; ++a) {
    for (std::size_t b = a + 1; b < regions_.size(); ++b) {
      if (regions_[a]->hub.is_dead() || regions_[b]->hub.is_dead()) continue;
      const hub::State& left = regions_[a]->hub.machine().state();
      const hub::State& right = regions_[b]->hub.machine().state();
      const std::uint32_t at_left = get_peer_handle(a, b);
      const std::uint32_t at_right = get_peer_handle(b, a);
      const core::Money sum =
          get_clearing(left, at_left).balance + get_clearing(right, at_right).balance;
      const core::Money contested = left.peers[at_left].contested + right.peers[at_right].contested;
      const core::Money disputed = left.peers[at_left].disputed + right.peers[at_right].disputed;
      if (sum.count != 0 || contested.count != 0 || disputed.count != 0) {
        world_.fail("the accounts of hubs " + std::to_string(a) + " and " + std::to_string(b) +
                    " differ by " + std::to_string(sum.count) + ", contested are " +
                    std::to_string(contested.count) + " and disputed " +
                    std::to_string(disputed.count));
      }
    }
  }
}

void Checks::check_end() {
  std::string all;
  for (const auto& region : regions_) {
    if (region->hub.is_dead()) continue;  // What its users were promised is gone with it.
    recount(*region);
    check_folds(*region, true);
    if (!region->hub.machine().state().line_legs.empty()) {
      world_.fail(name_of(*region) + ": a part of a line is still reserved");
    }
    for (const auto& site : region->sites) site->check_log();
    for (const auto& [job, owner] : region->users.jobs()) {
      const auto found = region->facts.jobs().find(job);
      if (found == region->facts.jobs().end() || found->second.ends != 1) {
        world_.fail(name_of(*region) + " job " + std::to_string(job) +
                    " was acknowledged and did not end once");
      }
    }
    all += crypto::to_text(region->hub.disk().store().last().chain) +
           region->hub.machine().encode_state();
    for (const auto& site : region->sites) {
      all += crypto::to_text(site->disk().store().last().chain);
    }
  }
  check_mirrors();
  all += std::to_string(world_.queue.steps());
  digest_ = crypto::to_text(crypto::compute_sha256(all));
}

}  // namespace intertie::simulation
