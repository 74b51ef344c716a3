#include "process_table.h"

#include <string>

namespace intertie::simulation {

std::vector<const SiteSpec*> list_sites(const Scenario& scenario) {
  std::vector<const SiteSpec*> sites;
  for (const SiteSpec& spec : scenario.sites) {
    for (std::int64_t i = 0; i < spec.count; ++i) sites.push_back(&spec);
  }
  return sites;
}

ProcessTable::ProcessTable(World& world) : world_(world), specs_(list_sites(world.scenario)) {}

void ProcessTable::start(const execution::TaskKey& key, Process process) {
  world_.trace.note(world_.now(), "process starts: job", static_cast<std::int64_t>(process.site),
                    key.job, key.attempt);
  check_attempts(key);
  take(key, process);
  if (!alive_.insert(key).second) world_.fail("task " + execution::to_text(key) + " runs twice");
  auto& ranks = attempts_[{key.job, key.attempt}];
  if (ranks.contains(key.rank)) {
    world_.fail("task " + execution::to_text(key) + " was started again after its end");
  }
  ranks.insert_or_assign(key.rank, std::move(process));
}

void ProcessTable::check_attempts(const execution::TaskKey& key) {
  const auto alive = alive_.lower_bound({key.job, 0, 0});
  if (alive != alive_.end() && alive->job == key.job && alive->attempt != key.attempt) {
    world_.fail("task " + execution::to_text(key) + " starts while " + execution::to_text(*alive) +
                " runs");
  }
  if (closed_.contains({key.job, key.attempt})) {
    world_.fail("task " + execution::to_text(key) + " starts after its attempt was declared over");
  }
  const auto newer = attempts_.upper_bound({key.job, key.attempt});
  if (newer != attempts_.end() && newer->first.first == key.job) {
    world_.fail("task " + execution::to_text(key) + " starts after a newer attempt");
  }
}

void ProcessTable::take(const execution::TaskKey& key, const Process& process) {
  const SiteSpec& spec = *specs_[process.site];
  Node& node = used_[{process.site, process.slot.node}];
  std::uint64_t devices = 0;
  for (const std::uint32_t device : process.slot.devices) devices |= std::uint64_t{1} << device;
  const bool has_room = process.slot.node < spec.nodes &&
                        node.cpus + process.slot.cpus <= core::MilliCpus{spec.cpus * 1000} &&
                        node.memory + process.slot.memory <= kNodeMemory &&
                        (node.devices & devices) == 0 &&
                        (spec.devices == 64 || devices >> spec.devices == 0);
  if (!has_room) {
    world_.fail("task " + execution::to_text(key) + " gets what another task has at site " +
                std::to_string(process.site) + " node " + std::to_string(process.slot.node));
  }
  node.cpus += process.slot.cpus;
  node.memory += process.slot.memory;
  node.devices |= devices;
}

void ProcessTable::end(const execution::TaskKey& key, core::Time at, execution::TaskEnd how,
                       std::int32_t exit) {
  Process& process = attempts_.at({key.job, key.attempt}).at(key.rank);
  world_.trace.note(world_.now(), "process ends: job", static_cast<std::int64_t>(process.site),
                    key.job, key.attempt);
  process.ended = at;
  process.end = how;
  process.exit_code = exit;
  Node& node = used_[{process.site, process.slot.node}];
  node.cpus -= process.slot.cpus;
  node.memory -= process.slot.memory;
  for (const std::uint32_t device : process.slot.devices) {
    node.devices &= ~(std::uint64_t{1} << device);
  }
  alive_.erase(key);
}

const ProcessTable::Ranks* ProcessTable::find(std::uint64_t job, std::uint32_t attempt) const {
  const auto found = attempts_.find({job, attempt});
  return found == attempts_.end() ? nullptr : &found->second;
}

}  // namespace intertie::simulation
