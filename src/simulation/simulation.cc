#include "intertie/simulation/simulation.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/hub/line_record.h"
#include "intertie/identity/envelope.h"

#include "checks.h"
#include "disturbances.h"
#include "network.h"
#include "operators.h"
#include "process_table.h"
#include "region.h"
#include "world.h"

namespace intertie::simulation {
namespace {

constexpr std::uint64_t kStepsPerRecount = 1000;
constexpr core::Duration kSettleMax = core::minutes(5);

// The next version of a line's record.
hub::RegisterLine make_line(const hub::State& state, const LineSpec& spec, const std::string& to,
                            const crypto::KeyPair& key) {
  hub::LineRecord record;
  const hub::LineRegistered* known = state.find_line(to);
  record.seq = known == nullptr ? 1 : known->seq + 1;
  record.line.owner = state.facts.id;
  record.line.from = state.facts.region;
  record.line.to = to;
  record.line.identifier =
      known == nullptr ? hub::make_line_identifier(record.line.from, to,
                                                   static_cast<std::uint32_t>(state.lines.size()))
                       : known->line.identifier;
  record.line.bandwidth_bits_per_second = spec.bandwidth_bits_per_second;
  record.line.latency_ms = spec.latency_ms;
  record.line.price_per_gigabyte = spec.price_per_gigabyte;
  auto envelope = identity::seal_envelope(hub::kLineRecordType, codec::to_json(record), key);
  return {envelope.value()};
}

class Run {
 public:
  Run(const Scenario& scenario, std::uint64_t seed)
      : world_(scenario, seed),
        network_(world_, list_sites(scenario).size()),
        processes_(world_),
        disturbances_(world_, network_, regions_),
        operators_(world_, regions_),
        checks_(world_, processes_, regions_) {
    std::vector<HubNode*> hubs;
    for (std::size_t hub = 0; hub < static_cast<std::size_t>(scenario.hubs); ++hub) {
      regions_.push_back(std::make_unique<Region>(world_, network_, processes_, hub));
      hubs.push_back(&regions_.back()->hub);
    }
    if (!scenario.is_joined) hubs.clear();
    const auto places = list_sites(scenario);
    for (std::size_t site = 0; site < places.size(); ++site) {
      Region& region = *regions_[places[site].hub];
      region.sites.push_back(
          std::make_unique<SiteNode>(world_, network_, region.hub, processes_, site));
      sites_.push_back(region.sites.back().get());
    }
    for (const auto& region : regions_) connect(*region, hubs);
    processes_.set_witness(
        [this](std::size_t hub, const execution::TaskKey& key, std::uint64_t serial) {
          regions_[hub]->facts.check_started(key);
          regions_[(serial >> 32) - 1]->facts.check_chosen(serial, key.attempt);
        });
  }

  void play() {
    set_up();
    const core::Duration began = began_ = world_.now();
    for (const auto& region : regions_) region->users.begin();
    disturbances_.prepare();
    disturbances_.begin();
    operators_.begin();
    for (const auto& region : regions_) snapshot_later(*region);
    const Scenario& scenario = world_.scenario;
    while (is_sound() && !(world_.is_quiet && checks_.is_done() && operators_.is_done())) {
      step();
      const core::Duration passed = world_.now() - began;
      if (!world_.is_quiet && passed >= scenario.duration) {
        world_.is_quiet = true;
        for (const auto& region : regions_) region->users.rescue();
        give_up_later();
      }
      if (passed > scenario.duration + scenario.quiet_max)
        return checks_.fail_stuck(operators_.describe_left());
    }
    if (is_sound()) checks_.check_end();
  }

  SimulationReport make_report() const {
    SimulationReport report;
    report.seed = world_.seed;
    report.simulated = world_.now();
    for (const auto& region : regions_) add_region(*region, report);
    add_figures(report);
    report.disturbances = world_.disturbances;
    report.violations = world_.violations;
    report.events = world_.queue.steps();
    report.state_digest = checks_.digest();
    if (!is_sound()) {
      report.replay_command = "intertie simulate --seed " + std::to_string(world_.seed) +
                              " --scenario " + world_.scenario.name + ".yaml";
      report.last_lines = world_.trace.describe();
    }
    return report;
  }

  std::vector<std::string> write_logs() {
    std::vector<std::string> logs;
    for (const auto& region : regions_) {
      std::string& text = logs.emplace_back();
      const auto write = [&text](const storage::HeadView& head) {
        text += std::to_string(head.time.micros) + " " + std::to_string(head.kind) + " " +
                std::to_string(head.version) + " " +
                crypto::encode_base64url(crypto::as_bytes(head.head)) + "\n";
        return true;
      };
      const auto read = region->hub.disk().reader().read_heads(1, SIZE_MAX, write);
      assert(read.has_value());
    }
    return logs;
  }

 private:
  bool is_sound() const { return world_.violations.empty(); }

  void connect(Region& region, const std::vector<HubNode*>& hubs) {
    region.hub.join(hubs);
    region.hub.set_observer([&region] { region.facts.follow(region.hub.disk().reader()); });
    region.facts.set_trust([this](std::size_t site) {
      const Lies& lies = sites_[site]->lies();
      return Facts::SiteTrust{lies.permille > 0, &lies.unsigned_envelopes};
    });
  }

  static void add_region(const Region& region, SimulationReport& report) {
    report.jobs_submitted += region.users.acknowledged();
    report.jobs_refused += region.users.refused();
    report.log_records += region.facts.last_index();
    report.offers += region.facts.count_asked();
    report.remote_attempts += region.facts.count_remote();
    report.beacons.push_back(region.hub.peers().traffic());
    for (const auto& [number, job] : region.facts.jobs()) {
      if (!job.is_guest) report.cost += job.charge;
    }
    if (!region.hub.is_up()) return;
    const hub::Counters& counters = region.hub.machine().state().counters;
    report.jobs_succeeded += counters.succeeded;
    report.jobs_failed += counters.failed;
    report.jobs_cancelled += counters.cancelled;
    report.attempts += counters.attempts;
    report.usage_disputes += counters.disputes;
  }

  void add_figures(SimulationReport& report) const {
    std::int64_t cpus = 0;
    for (const SitePlace& place : list_sites(world_.scenario)) {
      cpus += place.spec->pools * place.spec->nodes * place.spec->cpus;
    }
    const core::Duration duration = world_.scenario.duration;
    report.utilisation_permille = processes_.compute_used(began_, began_ + duration) /
                                  std::max<std::int64_t>(1, cpus * duration.count / 1'000'000);
    std::vector<core::Duration> waits;
    core::Duration sum;
    for (const auto& region : regions_) {
      for (const auto& [serial, submitted] : region->users.submitted()) {
        const auto started = processes_.find_first_start(serial);
        if (!started) continue;
        waits.push_back(*started - submitted);
        sum += waits.back();
      }
    }
    if (waits.empty()) return;
    std::ranges::sort(waits);
    report.waiting_mean = {sum.count / static_cast<std::int64_t>(waits.size())};
    report.waiting_p95 = waits[(waits.size() - 1) * 95 / 100];
  }

  void step() {
    if (!world_.queue.step()) return world_.fail("nothing more happens");
    if (world_.queue.steps() % kStepsPerRecount == 0) checks_.recount_next();
  }

  // One command before anything is disturbed.
  void set_up_with(HubNode& hub, hub::Command command) {
    bool is_answered = false;
    hub.ask(std::move(command), [&](const core::Result<hub::Reply>& reply) {
      is_answered = true;
      if (!reply) world_.fail("set-up: " + core::to_text(reply.error()));
    });
    while (!is_answered && is_sound()) step();
  }

  void set_up_region(Region& region) {
    HubNode& hub = region.hub;
    hub.start();
    const std::string code = make_region(hub.number());
    set_up_with(hub,
                hub::CreateHub{{make_hub_id(hub.number()), code, "simulated", "CNY",
                                crypto::to_text(make_hub_key(hub.number()).public_key()), 10}});
    const UserSpec& users = world_.scenario.users;
    for (std::int64_t user = 0; user < users.count; ++user) {
      set_up_with(hub, hub::CreatePrincipal{Users::make_name(user), hub::Role::user, 0, {}});
      const ledger::EntryId id{1, static_cast<std::uint64_t>(user)};
      set_up_with(hub, hub::Deposit{id, Users::make_name(user), users.deposit});
    }
    set_up_with(hub, hub::CreatePrincipal{"plant", hub::Role::provider, 0, {}});
    for (const auto& other : regions_) {
      if (other.get() == &region || !world_.scenario.is_joined) continue;
      hub::AddPeer add;
      add.peer.id = make_hub_id(other->hub.number());
      add.peer.region = make_region(other->hub.number());
      add.peer.name = "hub " + add.peer.region;
      add.peer.sign_key = crypto::to_text(make_hub_key(other->hub.number()).public_key());
      add.credit_max = world_.scenario.peer_credit;
      set_up_with(hub, std::move(add));
    }
    if (world_.scenario.is_joined) register_lines(hub);
    for (const auto& site : region.sites) set_up_with(hub, site->make_join());
  }

  void register_lines(HubNode& hub) {
    const auto from = static_cast<std::int64_t>(hub.number());
    for (const LineSpec& spec : world_.scenario.lines) {
      for (std::int64_t to = 0; to < world_.scenario.hubs; ++to) {
        const bool is_meant =
            (spec.from < 0 || spec.from == from) && (spec.to < 0 || spec.to == to);
        if (!is_meant || to == from) continue;
        set_up_with(
            hub, make_line(hub.machine().state(), spec, make_region(static_cast<std::size_t>(to)),
                           make_hub_key(hub.number())));
      }
    }
  }

  void set_up() {
    for (const auto& region : regions_) set_up_region(*region);
    for (const auto& site : sites_) {
      site->start();
      site->create();
    }
    const core::Duration settled = world_.now() + kSettleMax;
    while (is_sound() && !is_measured() && world_.now() < settled) step();
  }

  bool is_measured() const {
    for (const auto& region : regions_) {
      const topology::Snapshot& topology = *region->hub.machine().state().topology;
      for (std::uint32_t pool = 0; pool < topology.pool_count(); ++pool) {
        if (!topology.find_pool({pool})->capability) return false;
      }
    }
    return true;
  }

  // What only the dead hub's sites could run waits for ever; its users lose patience. Whatever was
  // sent there must come back by itself.
  void give_up_later() {
    world_.queue.after(core::minutes(5), [this] {
      for (const auto& region : regions_) {
        if (is_any_dead() && region->hub.is_up()) region->users.give_up_waiting();
      }
      give_up_later();
    });
  }

  bool is_any_dead() const {
    return std::ranges::any_of(regions_, [](const auto& region) { return region->hub.is_dead(); });
  }

  void snapshot_later(Region& region) {
    world_.queue.after(world_.between(core::minutes(1), core::minutes(3)), [this, &region] {
      if (region.hub.is_up()) {
        region.hub.write_snapshot();
        checks_.check_folds(region);
      }
      if (!world_.is_quiet) snapshot_later(region);
    });
  }

  World world_;
  Network network_;
  ProcessTable processes_;
  Regions regions_;
  std::vector<SiteNode*> sites_;  // By number.
  Disturbances disturbances_;
  Operators operators_;
  Checks checks_;
  core::Duration began_;
};

}  // namespace

core::Result<SimulationReport> run_simulation(const Scenario& scenario, std::uint64_t seed) {
  if (const auto checked = check_scenario(scenario); !checked) return checked.error();
  Run run(scenario, seed);
  run.play();
  return run.make_report();
}

core::Result<std::vector<std::string>> record_logs(const Scenario& scenario, std::uint64_t seed) {
  if (const auto checked = check_scenario(scenario); !checked) return checked.error();
  Run run(scenario, seed);
  run.play();
  const SimulationReport report = run.make_report();
  if (!report.violations.empty()) {
    return {core::Reason::store_damaged, report.violations.front()};
  }
  return run.write_logs();
}

core::Result<Comparison> compare_islands(Scenario scenario, std::uint64_t seed) {
  if (scenario.hubs < 2) return {core::Reason::out_of_range, "hubs: at least 2 to compare"};
  scenario.is_joined = false;
  auto islands = run_simulation(scenario, seed);
  if (!islands) return islands.error();
  scenario.is_joined = true;
  auto joined = run_simulation(scenario, seed);
  if (!joined) return joined.error();
  return Comparison{std::move(*islands), std::move(*joined)};
}

}  // namespace intertie::simulation
