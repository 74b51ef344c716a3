// Forks meters; single-threaded as the launcher is.
#include "meter_pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "kernel_calls.h"
#include "packet_socket.h"

namespace intertie::execution_runners {
namespace {

using core::Result;

constexpr core::Duration kIdleMax = core::seconds(5);
constexpr core::Duration kLeavingMax = core::seconds(5);

}  // namespace

void MeterPool::open(int tasks_folder, int notices) {
  tasks_folder_ = tasks_folder;
  notices_ = notices;
}

Result<MeterPool::Member*> MeterPool::make() {
  auto pair = make_packet_pair();
  if (!pair) return pair.error();
  const pid_t process = ::fork();
  if (process == 0) run_meter({host_, tasks_folder_, notices_, pair->second.get()});
  if (process < 0) return make_io_error("fork", errno);
  const int channel = pair->first.get();
  Member& member = members_[channel];
  member.process = process;
  member.pidfd.reset(open_pidfd(process));
  member.channel = std::move(pair->first);
  member.idle_since = read_boot_clock();
  return &member;
}

Result<MeterPool::Member*> MeterPool::take() {
  Member* best = nullptr;
  for (auto& [channel, member] : members_) {
    if (member.key) continue;
    if (best == nullptr || member.idle_since > best->idle_since) best = &member;
  }
  if (best != nullptr) return best;
  return make();
}

std::optional<int> MeterPool::add_spare() {
  const bool has_idle = std::ranges::any_of(
      members_, [](const auto& entry) { return !entry.second.key.has_value(); });
  if (has_idle) return std::nullopt;
  const auto made = make();
  if (!made) return std::nullopt;
  return (*made)->channel.get();
}

MeterPool::Member* MeterPool::find(int channel) {
  const auto found = members_.find(channel);
  return found == members_.end() ? nullptr : &found->second;
}

void MeterPool::set_idle(Member& member) {
  member.key.reset();
  member.idle_since = read_boot_clock();
}

void MeterPool::remove(int channel) { members_.erase(channel); }

std::set<int> MeterPool::find_unneeded() const {
  std::vector<std::pair<core::Duration, int>> idle;
  for (const auto& [channel, member] : members_) {
    if (!member.key) idle.emplace_back(member.idle_since, channel);
  }
  std::ranges::sort(idle);
  std::set<int> unneeded;
  const core::Duration now = read_boot_clock();
  for (std::size_t index = 0; index + 1 < idle.size(); ++index) {
    if (now - idle[index].first > kIdleMax) unneeded.insert(idle[index].second);
  }
  return unneeded;
}

std::set<pid_t> MeterPool::list_processes() const {
  std::set<pid_t> processes;
  for (const auto& [channel, member] : members_) processes.insert(member.process);
  return processes;
}

void MeterPool::close() {
  std::vector<Descriptor> leaving;
  for (auto& [channel, member] : members_) leaving.push_back(std::move(member.pidfd));
  members_.clear();
  const core::Duration deadline = read_boot_clock() + kLeavingMax;
  for (const Descriptor& meter : leaving) {
    const core::Duration left = std::max(deadline - read_boot_clock(), core::Duration{});
    pollfd watched{meter.get(), POLLIN, 0};
    ::poll(&watched, 1, static_cast<int>(left.count / 1'000));
    send_pidfd_signal(meter.get(), SIGKILL);  // Without effect on those that have gone.
  }
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace intertie::execution_runners
