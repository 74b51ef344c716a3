// What is simulated: hubs, sites, users, their jobs and everything that goes wrong. Read from YAML.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/result.h"

namespace intertie::simulation {

/// `count` equal sites of `pools` equal pools each.
struct SiteSpec {
  std::string name = "site";
  std::int64_t count = 1;
  std::int64_t hub = -1;  // In whose region, from 0; below 0: as many in every one.
  std::int64_t pools = 1;
  std::int64_t nodes = 2;
  std::int64_t cpus = 4;     // Whole processors of a node.
  std::int64_t devices = 0;  // Of a node.
  core::Money per_cpu_hour{3'600'000};
  core::Money per_device_hour{36'000'000};
  std::int64_t lies_permille = 0;  // Usage records that its agent falsifies.
  core::Duration staging_max = core::seconds(1);
};
BOOST_DESCRIBE_STRUCT(SiteSpec, (),
                      (name, count, hub, pools, nodes, cpus, devices, per_cpu_hour, per_device_hour,
                       lies_permille, staging_max))

/// Of each hub.
struct UserSpec {
  std::int64_t count = 6;
  core::Money deposit{20'000'000};
  std::int64_t deposits_per_minute_permille = 500;  // Further deposits, over all users.
};
BOOST_DESCRIBE_STRUCT(UserSpec, (), (count, deposit, deposits_per_minute_permille))

/// A site whose operator pads the bills.
inline SiteSpec make_liar() {
  SiteSpec liar;
  liar.name = "liar";
  liar.count = 1;
  liar.lies_permille = 300;
  return liar;
}

/// Each `*_permille` is the share of jobs with that property.
struct JobMix {
  std::int64_t per_minute = 30;  // At each hub, at the peak of its day.
  core::Duration shortest = core::milliseconds(100);
  core::Duration longest = core::seconds(90);  // Of the usual ones.
  std::int64_t bulk_permille = 50;             // Submissions of several jobs at once.
  std::int64_t long_permille = 10;             // Run 10 to 14 minutes: more than one usage record.
  std::int64_t failing_permille = 100;         // Exit with another code than 0.
  std::int64_t endless_permille = 30;          // Would run beyond their time limit.
  std::int64_t gang_permille = 120;
  std::int64_t device_permille = 100;
  std::int64_t restart_permille = 400;  // on_loss: restart.
  std::int64_t retry_permille = 300;
  std::int64_t cancel_permille = 80;
  std::int64_t deadline_permille = 50;
  std::int64_t later_permille = 30;  // start_after.
  std::int64_t too_large_permille = 10;
  std::int64_t dear_permille = 20;  // price.max below every price.
  std::int64_t input_permille = 0;  // Have an input that lies in some region, up to so large.
  core::Bytes input_max{16'000'000'000};
};
BOOST_DESCRIBE_STRUCT(JobMix, (),
                      (per_minute, shortest, longest, bulk_permille, long_permille,
                       failing_permille, endless_permille, gang_permille, device_permille,
                       restart_permille, retry_permille, cancel_permille, deadline_permille,
                       later_permille, too_large_permille, dear_permille, input_permille,
                       input_max))

/// What the network does to every message.
struct NetworkSpec {
  core::Duration delay_min = core::milliseconds(2);
  core::Duration delay_max = core::milliseconds(60);
  std::int64_t slow_permille = 10;  // Take up to 5 s, so later messages overtake them.
  std::int64_t lost_permille = 10;
  std::int64_t doubled_permille = 10;
};
BOOST_DESCRIBE_STRUCT(NetworkSpec, (),
                      (delay_min, delay_max, slow_permille, lost_permille, doubled_permille))

/// How load goes up and down: a triangle from `trough_permille` of the peak to the peak and back.
/// The hubs' peaks are spread evenly over one length, as in provinces with different days.
struct DayCurve {
  core::Duration length;  // 0: the load is always at its peak.
  std::int64_t trough_permille = 1000;
};
BOOST_DESCRIBE_STRUCT(DayCurve, (), (length, trough_permille))

/// How often each disturbance comes, in thousandths a simulated minute, over the whole grid.
struct DisturbanceRates {
  std::int64_t hub_crash = 200;
  std::int64_t agent_crash = 500;
  std::int64_t power_loss = 200;  // A whole site: its agent and all that runs there.
  std::int64_t node_loss = 200;   // One node of a site.
  std::int64_t partition = 300;
  std::int64_t one_way_partition = 200;
  std::int64_t slow_disk = 200;
  std::int64_t failing_disk = 200;
  std::int64_t full_disk = 100;
  std::int64_t clock_step = 200;
  std::int64_t drain = 100;
  std::int64_t price_change = 200;
  // Only with several hubs.
  std::int64_t peer_partition = 300;
  std::int64_t peer_one_way_partition = 300;
  std::int64_t hub_restored = 0;         // From a backup; hubs without sites of their own only.
  std::int64_t peer_long_partition = 0;  // For minutes: longer than a home lease.
  std::int64_t hub_death = 0;            // For good; at most one hub of a run.
};
BOOST_DESCRIBE_STRUCT(DisturbanceRates, (),
                      (hub_crash, agent_crash, power_loss, node_loss, partition, one_way_partition,
                       slow_disk, failing_disk, full_disk, clock_step, drain, price_change,
                       peer_partition, peer_one_way_partition, hub_restored, peer_long_partition,
                       hub_death))

/// Lines from one hub's region to another's, as their owner registers them.
struct LineSpec {
  std::int64_t from = -1;  // Below 0: from every region.
  std::int64_t to = -1;    // Below 0: to every other one.
  std::int64_t bandwidth_bits_per_second = 1'000'000'000;
  std::int64_t latency_ms = 20;
  core::Money price_per_gigabyte{50'000};
};
BOOST_DESCRIBE_STRUCT(LineSpec, (),
                      (from, to, bandwidth_bits_per_second, latency_ms, price_per_gigabyte))

struct Scenario {
  std::string name = "default";
  core::Duration duration = core::minutes(10);  // Of arrivals and disturbances.
  core::Duration quiet_max = core::hours(3);    // By then every job must have ended.
  std::int64_t hubs = 1;
  bool is_joined = true;                   // Every two hubs are peers.
  core::Money peer_credit{1'000'000'000};  // What each may owe each other one.
  std::vector<SiteSpec> sites = {{"basic", 8}, {"cards", 3, -1, 1, 2, 8, 4}, make_liar()};
  UserSpec users;
  JobMix jobs;
  DayCurve day;
  NetworkSpec network;
  DisturbanceRates disturbances;
  std::vector<LineSpec> lines;  // Between peers. A later one replaces an earlier one.
  /// By number: they speak to the others as the first version of hub-channel.md did.
  std::vector<std::int64_t> older_hubs;
  /// By number: for small jobs they reserve, and charge for, twice the processors that they are
  /// asked for.
  std::vector<std::int64_t> padded_hubs;
  /// By number: they lie to the others about what they have and what they are owed (lies.h).
  std::vector<std::int64_t> lying_hubs;
};
BOOST_DESCRIBE_STRUCT(Scenario, (),
                      (name, duration, quiet_max, hubs, is_joined, peer_credit, sites, users, jobs,
                       day, network, disturbances, lines, older_hubs, padded_hubs, lying_hubs))

/// Reads a scenario file; what is left out has the values above. Errors carry line and field.
core::Result<Scenario> parse_scenario(std::string_view yaml);

/// Refuses with out_of_range what cannot be simulated: no site, no user, a share above 1000, more
/// hubs than there are regions (31).
core::Result<void> check_scenario(const Scenario& scenario);

}  // namespace intertie::simulation
