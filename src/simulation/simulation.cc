#include "intertie/simulation/simulation.h"

#include <memory>
#include <optional>
#include <utility>

#include "intertie/ledger/totals.h"

#include "disturbances.h"
#include "facts.h"
#include "hub_node.h"
#include "network.h"
#include "process_table.h"
#include "site_node.h"
#include "users.h"
#include "world.h"

namespace intertie::simulation {
namespace {

constexpr std::uint64_t kStepsPerRecount = 1000;
constexpr core::Duration kSettleMax = core::minutes(5);

class Run {
 public:
  Run(const Scenario& scenario, std::uint64_t seed)
      : world_(scenario, seed),
        network_(world_, list_sites(scenario).size()),
        hub_(world_, network_),
        processes_(world_),
        facts_(world_, processes_),
        users_(world_, network_, hub_, facts_),
        disturbances_(world_, network_, hub_, sites_, users_) {
    for (std::size_t site = 0; site < list_sites(scenario).size(); ++site) {
      sites_.push_back(std::make_unique<SiteNode>(world_, network_, hub_, processes_, site));
    }
    facts_.set_trust([this](std::size_t site) {
      const Lies& lies = sites_[site]->lies();
      return Facts::SiteTrust{lies.permille > 0, &lies.unsigned_envelopes};
    });
    hub_.set_observer([this] { facts_.follow(hub_.disk().reader()); });
  }

  void play() {
    set_up();
    const core::Duration began = world_.now();
    users_.begin();
    disturbances_.begin();
    snapshot_later();
    const Scenario& scenario = world_.scenario;
    while (is_sound() && !(world_.is_quiet && is_done())) {
      step();
      const core::Duration passed = world_.now() - began;
      if (!world_.is_quiet && passed >= scenario.duration) {
        world_.is_quiet = true;
        users_.rescue();
      }
      if (passed > scenario.duration + scenario.quiet_max) return fail_stuck();
    }
    if (is_sound()) check_end();
  }

  SimulationReport make_report(std::uint64_t seed) const {
    SimulationReport report;
    report.seed = seed;
    report.simulated = world_.now();
    report.jobs_submitted = users_.acknowledged();
    report.jobs_refused = users_.refused();
    if (hub_.is_up()) {
      const hub::Counters& counters = hub_.machine().state().counters;
      report.jobs_succeeded = counters.succeeded;
      report.jobs_failed = counters.failed;
      report.jobs_cancelled = counters.cancelled;
      report.attempts = counters.attempts;
      report.usage_disputes = counters.disputes;
    }
    report.disturbances = world_.disturbances;
    report.violations = world_.violations;
    report.events = world_.queue.steps();
    report.log_records = facts_.last_index();
    report.state_digest = digest_;
    if (!is_sound()) {
      report.replay_command = "intertie simulate --seed " + std::to_string(seed) + " --scenario " +
                              world_.scenario.name + ".yaml";
      report.last_lines = world_.trace.describe();
    }
    return report;
  }

 private:
  bool is_sound() const { return world_.violations.empty(); }

  void step() {
    if (!world_.queue.step()) return world_.fail("nothing more happens");
    if (world_.queue.steps() % kStepsPerRecount == 0) recount();
  }

  // One command before anything is disturbed.
  void set_up_with(hub::Command command) {
    bool is_answered = false;
    hub_.ask(std::move(command), [&](const core::Result<hub::Reply>& reply) {
      is_answered = true;
      if (!reply) world_.fail("set-up: " + core::to_text(reply.error()));
    });
    while (!is_answered && is_sound()) step();
  }

  void set_up() {
    hub_.start();
    set_up_with(hub::CreateHub{{"22R00000000001XX", "22", "simulated", "CNY", "", 10}});
    const UserSpec& users = world_.scenario.users;
    for (std::int64_t user = 0; user < users.count; ++user) {
      set_up_with(hub::CreatePrincipal{Users::make_name(user), hub::Role::user, 0, {}});
      const ledger::EntryId id{1, static_cast<std::uint64_t>(user)};
      set_up_with(hub::Deposit{id, Users::make_name(user), users.deposit});
    }
    set_up_with(hub::CreatePrincipal{"plant", hub::Role::provider, 0, {}});
    for (const auto& site : sites_) set_up_with(site->make_join());
    for (const auto& site : sites_) {
      site->start();
      site->create();
    }
    const core::Duration settled = world_.now() + kSettleMax;
    while (is_sound() && !is_measured() && world_.now() < settled) step();
  }

  bool is_measured() const {
    const topology::Snapshot& topology = *hub_.machine().state().topology;
    for (std::uint32_t pool = 0; pool < topology.pool_count(); ++pool) {
      if (!topology.find_pool({pool})->capability) return false;
    }
    return true;
  }

  void snapshot_later() {
    world_.queue.after(world_.between(core::minutes(1), core::minutes(3)), [this] {
      if (hub_.is_up()) {
        hub_.write_snapshot();
        check_folds();
      }
      if (!world_.is_quiet) snapshot_later();
    });
  }

  // Everything ended, is settled, acknowledged and forgotten.
  bool is_done() const {
    if (!hub_.is_idle() || !users_.has_all_answers() || processes_.count_alive() > 0) return false;
    const hub::State& state = hub_.machine().state();
    if (!state.jobs.empty()) return false;
    for (std::size_t site = 0; site < sites_.size(); ++site) {
      if (!sites_[site]->is_idle() || state.sites[site].outbox.size() > 0) return false;
      const agent::State& agent = sites_[site]->agent().state();
      if (!agent.attempts.empty() || agent.outbox.size() > 0) return false;
    }
    return true;
  }

  void fail_stuck() {
    std::string what = "something never ends:";
    if (!hub_.is_up()) {
      what += " the hub is down";
    } else {
      const hub::State& state = hub_.machine().state();
      what += " jobs " + std::to_string(state.jobs.size());
      for (const auto& [number, job] : state.jobs) {
        what += " (job " + std::to_string(number) + " attempt " + std::to_string(job.attempt) +
                " phase " + std::to_string(static_cast<int>(job.phase)) + " price " +
                std::to_string(state.shapes[job.shape].price_max.count) + " cpus " +
                std::to_string(state.shapes[job.shape].requirements.cpus.count) +
                (job.is_out_of_money ? " without money)" : ")");
        if (what.size() > 300) break;
      }
      for (std::size_t site = 0; site < sites_.size(); ++site) {
        if (!sites_[site]->is_up()) continue;
        const agent::State& agent = sites_[site]->agent().state();
        if (agent.attempts.empty() && agent.outbox.size() == 0 &&
            state.sites[site].outbox.size() == 0) {
          continue;
        }
        what += " site " + std::to_string(site) + ": attempts " +
                std::to_string(agent.attempts.size()) + " rows " +
                std::to_string(agent.outbox.size()) + " and " +
                std::to_string(state.sites[site].outbox.size());
      }
    }
    what += users_.has_all_answers() ? "" : " a user has no answer";
    world_.fail(std::move(what));
  }

  // What is too dear for every step: the hub's live state, counted from scratch.
  void recount() {
    if (!hub_.is_up() || hub_.machine().state().facts.id.empty()) return;
    const hub::State& state = hub_.machine().state();
    const ledger::LedgerDump dump = ledger::dump_ledger(state.ledger);
    const ledger::Totals totals = ledger::compute_totals(dump);
    if (totals.sum.count != 0) world_.fail("the ledger does not sum to zero");
    if (!totals.problems.empty()) world_.fail("ledger: " + totals.problems.front());
    if (dump.holds.size() != state.reservations.size()) {
      world_.fail("there are " + std::to_string(dump.holds.size()) + " holds and " +
                  std::to_string(state.reservations.size()) + " attempts");
    }
    std::vector<std::vector<placement::TaskAllocation>> live(state.capacities.size());
    for (const auto& [number, reservation] : state.reservations) {
      for (const execution::TaskSlot& slot : reservation.terms.slots) {
        placement::TaskAllocation allocation{slot.node, slot.cpus, slot.memory, 0};
        for (const std::uint32_t device : slot.devices) {
          allocation.devices |= std::uint64_t{1} << device;
        }
        live[reservation.terms.pool].push_back(allocation);
      }
    }
    for (std::size_t pool = 0; pool < live.size(); ++pool) {
      if (!state.capacities[pool].is_consistent_with(live[pool])) {
        world_.fail("what is free in pool " + std::to_string(pool) + " is miscounted");
      }
    }
    if (hub_.is_idle()) compare_with_facts(dump);
  }

  // When all that the hub believes is durable, the log must say the same.
  void compare_with_facts(const ledger::LedgerDump& dump) {
    const hub::State& state = hub_.machine().state();
    if (state.jobs.size() != facts_.count_open()) world_.fail("the hub has lost or kept a job");
    if (state.reservations.size() != facts_.count_placed()) {
      world_.fail("the hub has lost or kept an attempt");
    }
    for (std::size_t i = 0; i < dump.accounts.size(); ++i) {
      if (dump.accounts[i].balance != facts_.balances().at(i)) {
        world_.fail("the balance of " + dump.accounts[i].terms.name + " is not what was posted");
      }
    }
  }

  // The same log gives the same state: with and without snapshots, folded and lived through.
  void check_folds() {
    const std::string whole = hub_.fold_log();
    if (hub_.fold_from_snapshot() != whole) {
      world_.fail("the hub's snapshot and log give another state than its log");
    }
    if (hub_.is_idle() && hub_.machine().encode_state() != whole) {
      world_.fail("the hub's log gives another state than it lived through");
    }
  }

  void check_end() {
    recount();
    check_folds();
    for (const auto& site : sites_) site->check_log();
    for (const auto& [job, owner] : users_.jobs()) {
      const auto found = facts_.jobs().find(job);
      if (found == facts_.jobs().end() || found->second.ends != 1) {
        world_.fail("job " + std::to_string(job) + " was acknowledged and did not end once");
      }
    }
    std::string all = crypto::to_text(hub_.disk().store().last().chain) +
                      hub_.machine().encode_state() + std::to_string(world_.queue.steps());
    for (const auto& site : sites_) {
      all += crypto::to_text(site->disk().store().last().chain);
    }
    digest_ = crypto::to_text(crypto::compute_sha256(all));
  }

  World world_;
  Network network_;
  HubNode hub_;
  ProcessTable processes_;
  Facts facts_;
  Users users_;
  Disturbances::Sites sites_;
  Disturbances disturbances_;
  std::string digest_;
};

}  // namespace

core::Result<SimulationReport> run_simulation(const Scenario& scenario, std::uint64_t seed) {
  if (const auto checked = check_scenario(scenario); !checked) return checked.error();
  Run run(scenario, seed);
  run.play();
  return run.make_report(seed);
}

}  // namespace intertie::simulation
