// What the agent asks of the world outside: staging, starting, stopping, collecting.
#include <algorithm>
#include <utility>

#include "intertie/codec/json.h"
#include "intertie/hub/job_document.h"

#include "site_node.h"
#include "workload.h"

namespace intertie::simulation {

// Only what is durable is acted on, or a crash would leave tasks that nobody remembers. What has
// been overtaken since it was read is left out, a start that has become too late above all.
void SiteNode::look_for_actions() {
  if (is_looking_ || agent().state().attempts.empty()) return;
  is_looking_ = true;
  engine_->read([this](const core::Result<const SiteMachine*>& machine) -> Engine::DurableAction {
    if (!machine) return [this] { is_looking_ = false; };
    auto actions = (*machine)->agent().find_actions(core::Time{runner_.boot_now().count});
    return [this, actions = std::move(actions)] {
      is_looking_ = false;
      act(actions);
    };
  });
}

void SiteNode::act(const std::vector<agent::Action>& actions) {
  const auto current = agent().find_actions(core::Time{runner_.boot_now().count});
  for (const agent::Action& action : actions) {
    const auto is_same = [&](const agent::Action& other) {
      return other.kind == action.kind && other.attempt == action.attempt;
    };
    if (std::ranges::none_of(current, is_same)) continue;
    switch (action.kind) {
      case agent::Action::Kind::stage:
        stage(action.attempt);
        break;
      case agent::Action::Kind::start:
        start_attempt(action.attempt);
        break;
      case agent::Action::Kind::stop:
        stop_attempt(action.attempt);
        break;
      case agent::Action::Kind::collect:
        collect(action.attempt);
        break;
    }
  }
  forget_finished();
}

void SiteNode::stage(const agent::AttemptId& id) {
  if (!staging_.insert(id).second) return;
  const bool fails = world_.permille(5);
  later(world_.between(core::milliseconds(5), spec_.staging_max), [this, id, fails] {
    if (fails) {
      report(agent::ReportNotStarted{
          {id.first, id.second, core::Reason::staging_failed, "simulated"}});
    } else {
      report(agent::ReportStaged{id.first, id.second});
    }
  });
}

void SiteNode::start_attempt(const agent::AttemptId& id) {
  const agent::Attempt& attempt = agent().state().attempts.at(id);
  const auto body = disk_.reader().read_body(attempt.document);
  if (!body) return world_.fail("the job document is gone: " + core::to_text(body.error()));
  const auto document = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
  const auto work = document ? find_work(*document) : std::nullopt;
  if (!work) return world_.fail("the job document of a start is not the one submitted");
  for (const execution::TaskSlot& slot : attempt.order.slots) {
    TaskOrder order;
    order.key = {id.first, id.second, slot.rank};
    order.serial = work->serial;
    order.pool = attempt.order.pool;
    order.slot = slot;
    order.length = work->length;
    order.exit_code = slot.rank == 0 && id.second <= work->failing_attempts ? work->exit_code : 0;
    order.time_limit = attempt.order.time_limit;
    order.lease = attempt.order.lease;
    runner_.start(std::move(order));
  }
}

void SiteNode::stop_attempt(const agent::AttemptId& id) {
  const agent::Attempt& attempt = agent().state().attempts.at(id);
  for (const execution::TaskSlot& slot : attempt.order.slots) {
    if (!attempt.ended.contains(slot.rank)) runner_.cancel({id.first, id.second, slot.rank});
  }
}

void SiteNode::collect(const agent::AttemptId& id) {
  if (!collecting_.insert(id).second) return;
  later(world_.between(core::milliseconds(5), core::milliseconds(300)), [this, id] {
    report(agent::ReportCollected{id.first, id.second, {}, {}});
  });
}

void SiteNode::tell_task(const execution::TaskKey& key) {
  if (!is_up()) return;
  const Task& task = runner_.tasks().at(key);
  if (task.stage == TaskStage::running) {
    report(agent::ReportRankStarted{key, task.result.started});
  } else if (task.stage == TaskStage::ended) {
    report(agent::ReportRankEnded{task.result});
  }
}

// The runner keeps results until the hub has settled the attempt.
void SiteNode::forget_finished() {
  std::set<agent::AttemptId> gone;
  for (const auto& [key, task] : runner_.tasks()) {
    const agent::AttemptId id{key.job, key.attempt};
    if (!agent().state().attempts.contains(id)) gone.insert(id);
  }
  for (const agent::AttemptId& id : gone) runner_.forget(id.first, id.second);
}

}  // namespace intertie::simulation
