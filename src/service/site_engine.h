// The agent's engine as the site's threads use it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "intertie/agent/machine.h"
#include "intertie/core/result.h"

#include "engine_thread.h"

namespace intertie::service {

using SiteEngine = EngineThread<agent::AgentMachine>;

/// How long a thread waits for the journal: a full disk may delay an answer for ever.
inline constexpr std::chrono::seconds kAnswerPatience{20};

/// Waits for a command's durable answer; timed_out leaves open whether it will still be decided.
/// Not to be called on the engine's thread.
core::Result<agent::Reply> submit_and_wait(SiteEngine& engine, agent::Command command);

/// Looks at the state and waits until what was seen is durable.
template <class T>
core::Result<T> read_durable(SiteEngine& engine,
                             std::function<T(const agent::AgentMachine&)> look) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<core::Result<T>> answer;
  };
  const auto shared = std::make_shared<Shared>();
  const auto give = [shared](core::Result<T> answer) {
    const std::lock_guard lock(shared->mutex);
    shared->answer.emplace(std::move(answer));
    shared->changed.notify_all();
  };
  engine.read(
      [look = std::move(look),
       give](const core::Result<const agent::AgentMachine*>& seen) -> SiteEngine::DurableAction {
        if (!seen) return [give, error = seen.error()] { give(error); };
        return [give, found = look(**seen)]() mutable { give(std::move(found)); };
      });
  std::unique_lock lock(shared->mutex);
  if (!shared->changed.wait_for(lock, kAnswerPatience,
                                [&] { return shared->answer.has_value(); })) {
    return core::Error{core::Reason::timed_out, "the agent's journal"};
  }
  return std::move(*shared->answer);
}

}  // namespace intertie::service
