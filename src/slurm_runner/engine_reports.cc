// What the drivers say, as it comes.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <list>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/identity/envelope.h"

#include "clocks.h"
#include "engine.h"

namespace intertie::slurm_runner {

using execution::TaskKey;
using execution_slurm::AgentLine;
using execution_slurm::DriverLine;
using execution_slurm::DriverReport;

namespace {

constexpr std::size_t kStreamsMax = 4'096;

struct Talk {
  LineStream stream;
  std::set<TaskKey> keys;  // Of whose tasks it has spoken.
};

}  // namespace

void SlurmRunner::Engine::listen() {
  std::list<Talk> talks;
  while (true) {
    std::vector<pollfd> watched = {{wake_event_.get(), POLLIN, 0},
                                   {listening_.socket.get(), POLLIN, 0}};
    for (const Talk& talk : talks) {
      const auto events = static_cast<short>(POLLIN | (talk.stream.has_unsent() ? POLLOUT : 0));
      watched.push_back({talk.stream.get(), events, 0});
    }
    ::poll(watched.data(), watched.size(), -1);
    std::uint64_t count = 0;
    (void)!::read(wake_event_.get(), &count, sizeof count);
    std::set<TaskKey> pushes;
    {
      const Lock lock(mutex_);
      if (is_stopping_) return;
      pushes.swap(pushes_);
    }
    std::size_t place = 2;
    for (Talk& talk : talks) {
      if (watched[place++].revents != 0) serve_lines(talk.stream, talk.keys);
      for (const TaskKey& key : pushes) {
        if (talk.keys.contains(key)) {
          talk.stream.send(codec::to_json(AgentLine{key, {}, {}, true}));
        }
      }
    }
    talks.remove_if([](const Talk& talk) { return !talk.stream.is_open(); });
    if (watched[1].revents == 0 || talks.size() >= kStreamsMax) continue;
    Descriptor arrived(
        ::accept4(listening_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (arrived.is_open()) talks.push_back({LineStream(std::move(arrived)), {}});
  }
}

void SlurmRunner::Engine::serve_lines(LineStream& stream, std::set<TaskKey>& keys) {
  stream.flush();
  for (const std::string& line : stream.receive()) {
    const std::string answer = take_line(line, keys);
    if (!answer.empty()) stream.send(answer);
  }
}

std::string SlurmRunner::Engine::take_line(const std::string& line, std::set<TaskKey>& keys) {
  const auto said = codec::from_json<DriverLine>(line, codec::Boundary::tolerant);
  if (!said) return {};
  const Lock lock(mutex_);
  const auto found = tasks_.find(said->key);
  if (found == tasks_.end()) return {};
  EngineTask& task = found->second;
  keys.insert(said->key);
  if (!said->envelope.empty()) {
    take_report(task, said->envelope);
    return {};
  }
  AgentLine answer;
  answer.key = said->key;
  answer.sent = said->sent;
  answer.cancel = task.sight.is_cancelled || task.result.has_value();
  if (task.lease_until) answer.lease = *task.lease_until - read_boot_time();
  return codec::to_json(answer);
}

/// False: it is not this task's own word. With the lock.
bool SlurmRunner::Engine::take_report(EngineTask& task, const std::string& envelope) {
  const auto key = crypto::parse_public_key(task.recorded.public_key);
  if (!key) return false;
  const auto opened =
      identity::open_envelope(envelope, execution_slurm::kReportPayloadType,
                              [&](const crypto::Digest& id) -> std::optional<crypto::PublicKey> {
                                if (id == crypto::compute_key_digest(*key)) return *key;
                                return std::nullopt;
                              });
  if (!opened) return false;
  auto report = codec::from_json<DriverReport>(opened->payload, codec::Boundary::tolerant);
  if (!report || report->key != task.recorded.key) return false;
  if (report->result && report->result->key != task.recorded.key) return false;
  task.sight.is_claimed = true;
  if (task.result || task.report) return true;
  if (report->started.micros > 0 && task.started.micros == 0) task.started = report->started;
  if (!report->result) {
    if (!std::exchange(task.is_start_told, true)) push({task.recorded.key, {}, task.started});
    return true;
  }
  task.report = std::move(*report);
  settle(task);
  return true;
}

/// Ends a task whose driver has reported, unless Slurm's word is needed first. With the lock.
void SlurmRunner::Engine::settle(EngineTask& task) {
  if (!task.report || task.result) return;
  auto result =
      execution_slurm::settle_report(*task.report->result, task.report->is_terminated, task.sight);
  if (result) finish(task, std::move(*result));
  if (!task.result) wake();  // The queue is asked at once.
}

}  // namespace intertie::slurm_runner
