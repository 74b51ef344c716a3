#include "site_engine.h"

namespace intertie::service {

core::Result<agent::Reply> submit_and_wait(SiteEngine& engine, agent::Command command) {
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<core::Result<agent::Reply>> answer;
  };
  const auto shared = std::make_shared<Shared>();
  engine.submit(std::move(command), [shared](core::Result<agent::Reply> answer) {
    const std::lock_guard lock(shared->mutex);
    shared->answer.emplace(std::move(answer));
    shared->changed.notify_all();
  });
  std::unique_lock lock(shared->mutex);
  if (!shared->changed.wait_for(lock, kAnswerPatience,
                                [&] { return shared->answer.has_value(); })) {
    return core::Error{core::Reason::timed_out, "the agent's journal"};
  }
  return std::move(*shared->answer);
}

}  // namespace intertie::service
