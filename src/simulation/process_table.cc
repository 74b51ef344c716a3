#include "process_table.h"

#include <algorithm>
#include <string>

namespace intertie::simulation {

ProcessTable::ProcessTable(World& world) : world_(world), places_(list_sites(world.scenario)) {}

void ProcessTable::start(const execution::TaskKey& key, Process process) {
  world_.trace.note(world_.now(), "process starts: job", static_cast<std::int64_t>(process.site),
                    key.job, key.attempt);
  const Attempt attempt{places_[process.site].hub, key.job, key.attempt};
  check_attempts(key, attempt, process.serial);
  if (witness_) witness_(attempt.hub, key, process.serial);
  take(key, process);
  if (!alive_.insert({attempt.hub, key}).second) {
    world_.fail("task " + execution::to_text(key) + " runs twice");
  }
  auto& ranks = attempts_[attempt];
  if (ranks.contains(key.rank)) {
    world_.fail("task " + execution::to_text(key) + " was started again after its end");
  }
  ranks.insert_or_assign(key.rank, std::move(process));
}

void ProcessTable::check_attempts(const execution::TaskKey& key, const Attempt& attempt,
                                  std::uint64_t serial) {
  Serial& job = serials_[serial];
  if (job.attempts.empty()) job.first_start = world_.now();
  const std::string task = "task " + execution::to_text(key) + " at hub " +
                           std::to_string(attempt.hub) + " (serial " + std::to_string(serial) + ")";
  const bool is_promised = !forgotten_.contains(serial);
  for (const auto& [other, processes] : job.alive) {
    if (other == attempt || !is_promised) continue;
    world_.fail(task + " starts while job " + std::to_string(other.job) + " attempt " +
                std::to_string(other.attempt) + " at hub " + std::to_string(other.hub) + " runs");
  }
  if (closed_.contains(attempt)) {
    world_.fail(task + " starts after its attempt was declared over");
  }
  if (is_promised && closed_serials_.contains({serial, key.attempt})) {
    world_.fail(task + " starts after its home hub declared its attempt over");
  }
  if (is_promised && job.newest > key.attempt) world_.fail(task + " starts after a newer attempt");
  const auto known = job.attempts.emplace(key.attempt, attempt).first;
  if (is_promised && known->second != attempt) world_.fail(task + " has run elsewhere before");
  job.newest = std::max(job.newest, key.attempt);
  ++job.alive[attempt];
}

void ProcessTable::take(const execution::TaskKey& key, const Process& process) {
  const SiteSpec& spec = *places_[process.site].spec;
  Node& node = used_[{process.site, process.pool, process.slot.node}];
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

void ProcessTable::end(std::size_t site, const execution::TaskKey& key, core::Time at,
                       execution::TaskEnd how, std::int32_t exit) {
  const Attempt attempt{places_[site].hub, key.job, key.attempt};
  Process& process = attempts_.at(attempt).at(key.rank);
  world_.trace.note(world_.now(), "process ends: job", static_cast<std::int64_t>(process.site),
                    key.job, key.attempt);
  process.ended = at;
  process.over = world_.now();
  process.end = how;
  process.exit_code = exit;
  Node& node = used_[{process.site, process.pool, process.slot.node}];
  node.cpus -= process.slot.cpus;
  node.memory -= process.slot.memory;
  for (const std::uint32_t device : process.slot.devices) {
    node.devices &= ~(std::uint64_t{1} << device);
  }
  alive_.erase({attempt.hub, key});
  Serial& job = serials_.at(process.serial);
  if (--job.alive.at(attempt) == 0) job.alive.erase(attempt);
}

std::int64_t ProcessTable::compute_used(core::Duration from, core::Duration to) const {
  std::int64_t used = 0;
  for (const auto& [attempt, ranks] : attempts_) {
    for (const auto& [rank, process] : ranks) {
      const core::Duration low = std::max(from, process.began);
      const core::Duration high = std::min(to, process.over);
      if (high > low) used += process.slot.cpus.count * ((high - low).count / 1'000) / 1'000;
    }
  }
  return used;
}

std::optional<core::Duration> ProcessTable::find_first_start(std::uint64_t serial) const {
  const auto found = serials_.find(serial);
  if (found == serials_.end()) return std::nullopt;
  return found->second.first_start;
}

const ProcessTable::Ranks* ProcessTable::find(std::size_t hub, std::uint64_t job,
                                              std::uint32_t attempt) const {
  const auto found = attempts_.find({hub, job, attempt});
  return found == attempts_.end() ? nullptr : &found->second;
}

const ProcessTable::Ranks* ProcessTable::find_serial(std::uint64_t serial,
                                                     std::uint32_t attempt) const {
  const auto job = serials_.find(serial);
  if (job == serials_.end()) return nullptr;
  const auto found = job->second.attempts.find(attempt);
  return found == job->second.attempts.end() ? nullptr : &attempts_.at(found->second);
}

}  // namespace intertie::simulation
