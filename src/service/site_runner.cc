#include "site_runner.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "clock.h"
#include "files.h"
#include "site_clock.h"
#include "site_run_request.h"
#include "site_secrets.h"

namespace intertie::service {
namespace {

using agent::Action;
using execution::TaskEnd;
using execution::TaskKey;
using execution::TaskResult;
using execution_runners::TaskRunner;

constexpr int kPollMilliseconds = 1'000;
/// How often running tasks are asked what they have used.
constexpr core::Duration kListInterval = core::seconds(15);
/// Without a change: a start may have become allowed, a lost report may be due again.
constexpr core::Duration kLookInterval = core::seconds(2);

TaskResult make_result(const TaskKey& key, TaskEnd end, std::string detail) {
  TaskResult result;
  result.key = key;
  result.end = end;
  result.exit_code = 127;
  result.detail = std::move(detail);
  return result;
}

}  // namespace

/// An attempt of the agent and, if there is one, what is to be done for it.
struct SiteRunner::Todo {
  agent::AttemptId id;
  std::optional<Action::Kind> kind;
  agent::AttemptPhase phase = agent::AttemptPhase::staging;
  execution::StartAttempt order;
  std::uint64_t document = 0;
  std::optional<core::Reason> stop;
  core::Time began_at;
  std::set<std::uint32_t> ended;
  bool has_failed = false;
};

SiteRunner::SiteRunner(const SiteContext& context, SitePreparer& preparer,
                       std::unique_ptr<storage::Reader> reader, std::unique_ptr<TaskRunner> runner,
                       AttachRunner attach)
    : context_(context),
      preparer_(preparer),
      reader_(std::move(reader)),
      attach_(std::move(attach)),
      wake_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      runner_(std::move(runner)) {}

core::Result<std::unique_ptr<SiteRunner>> SiteRunner::start(const SiteContext& context,
                                                            SitePreparer& preparer,
                                                            std::unique_ptr<TaskRunner> runner,
                                                            AttachRunner attach) {
  auto reader = context.store.open_reader();
  if (!reader) return reader.error();
  std::unique_ptr<SiteRunner> made(
      new SiteRunner(context, preparer, std::move(*reader), std::move(runner), std::move(attach)));
  if (!made->wake_event_.is_open()) return make_io_error("eventfd");
  made->thread_ = std::thread([owner = made.get()] { owner->run(); });
  return made;
}

SiteRunner::~SiteRunner() { stop(false); }

void SiteRunner::wake() {
  {
    const std::lock_guard lock(mutex_);
    has_change_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(wake_event_.get(), &one, sizeof one);
}

void SiteRunner::extend_lease(const agent::AttemptId& attempt, core::Time until_boot) {
  {
    const std::lock_guard lock(mutex_);
    leases_.emplace_back(attempt, until_boot);
  }
  wake();
}

void SiteRunner::stop(bool stop_tasks) {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake();
  if (!thread_.joinable()) return;
  thread_.join();
  if (stop_tasks && runner_ != nullptr) {
    if (const auto stopped = runner_->stop(true); !stopped) note_failure(stopped.error());
  }
  runner_.reset();
}

void SiteRunner::run() {
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
    }
    if (!is_attached_) attach_again();
    const core::Time now = read_boot_time();
    if (is_attached_ && (!is_adopted_ || now - listed_at_ >= kListInterval)) {
      if (take_list()) listed_at_ = now;
    }
    if (is_attached_) take_events();
    take_outcomes();
    take_leases();
    bool is_due = now - looked_at_ >= kLookInterval;
    {
      const std::lock_guard lock(mutex_);
      is_due = is_due || has_change_;
      has_change_ = false;
    }
    if (is_due && is_attached_ && is_adopted_) {
      looked_at_ = now;
      submit_ends();
      act();
    }
    wait_for_work();
  }
}

void SiteRunner::wait_for_work() {
  pollfd watched[2] = {{wake_event_.get(), POLLIN, 0}, {-1, POLLIN, 0}};
  if (is_attached_) {
    watched[1].fd = runner_->descriptor();
    if (runner_->write_pending()) watched[1].events |= POLLOUT;
  }
  ::poll(watched, 2, kPollMilliseconds);
  std::uint64_t count = 0;
  (void)!::read(wake_event_.get(), &count, sizeof count);
}

void SiteRunner::note_failure(const core::Error& error) {
  context_.log.write(LogLevel::warning, "site", "runner", {{"error", core::to_text(error)}});
}

void SiteRunner::attach_again() {
  auto attached = attach_();
  if (!attached) {
    note_failure(attached.error());
    return;
  }
  runner_ = std::move(*attached);
  is_attached_ = true;
  is_adopted_ = false;
  known_.clear();
}

bool SiteRunner::take_list() {
  const auto tasks = runner_->list();
  if (!tasks) {
    note_failure(tasks.error());
    is_attached_ = tasks.error().reason != core::Reason::unreachable;
    return false;
  }
  for (const execution_runners::RunnerTask& task : *tasks) {
    Known& known = known_[task.key];
    if (task.result) {
      if (!known.result) known.result = task.result;
      continue;
    }
    if (task.is_started) {
      if (!known.is_start_submitted) submit_start(task.key, task.started);
      context_.engine.submit(agent::NoteMeasured{task.key, task.measured, read_boot_time()},
                             nullptr);
    }
  }
  if (!is_adopted_) find_lost(read_attempts());
  is_adopted_ = true;
  submit_ends();
  return true;
}

/// Ranks that the journal says were started and that the launcher does not know: its folder was
/// emptied or the machine was set up anew. They run no more.
void SiteRunner::find_lost(const std::vector<Todo>& attempts) {
  for (const Todo& todo : attempts) {
    if (todo.phase != agent::AttemptPhase::running) continue;
    for (const execution::TaskSlot& slot : todo.order.slots) {
      const TaskKey key{todo.id.first, todo.id.second, slot.rank};
      if (todo.ended.contains(slot.rank) || known_.contains(key)) continue;
      TaskResult result = make_result(key, TaskEnd::lost, "the launcher does not know the task");
      result.started = todo.began_at;
      result.ended = std::max(read_clock(), todo.began_at);
      known_[key].result = std::move(result);
    }
  }
}

void SiteRunner::take_events() {
  auto events = runner_->poll();
  if (!events) {
    note_failure(events.error());
    is_attached_ = events.error().reason != core::Reason::unreachable;
    return;
  }
  for (const execution_runners::RunnerEvent& event : *events) {
    if (event.is_start()) {
      submit_start(event.key, event.started);
    } else {
      known_[event.key].result = event.result;
    }
  }
  if (!events->empty()) submit_ends();
}

void SiteRunner::submit_start(const TaskKey& key, core::Time at) {
  known_[key].is_start_submitted = true;
  context_.engine.submit(agent::ReportRankStarted{key, at},
                         [this, key](core::Result<agent::Reply> answer) {
                           if (answer) return;
                           {
                             const std::lock_guard lock(mutex_);
                             outcomes_.push_back({key, false, answer.error()});
                           }
                           wake();
                         });
}

void SiteRunner::submit_end(const TaskKey& key, const TaskResult& result) {
  context_.engine.submit(agent::ReportRankEnded{result},
                         [this, key](core::Result<agent::Reply> answer) {
                           Outcome outcome{key, true, std::nullopt};
                           if (!answer) outcome.error = answer.error();
                           {
                             const std::lock_guard lock(mutex_);
                             outcomes_.push_back(std::move(outcome));
                           }
                           wake();
                         });
}

void SiteRunner::submit_ends() {
  for (auto& [key, known] : known_) {
    if (!known.result || known.is_end_submitted) continue;
    known.is_end_submitted = true;
    submit_end(key, *known.result);
  }
}

void SiteRunner::take_outcomes() {
  std::vector<Outcome> outcomes;
  {
    const std::lock_guard lock(mutex_);
    outcomes.swap(outcomes_);
  }
  for (const Outcome& outcome : outcomes) {
    const auto known = known_.find(outcome.key);
    if (known == known_.end()) continue;
    // An attempt that the agent does not know was given up: nothing of it may run on.
    const bool is_unknown = outcome.error && outcome.error->reason == core::Reason::not_found;
    if (!outcome.is_end) {
      if (is_unknown && is_attached_) (void)runner_->cancel(outcome.key);
      known->second.is_start_submitted = is_unknown;  // Else told again with the next list.
      continue;
    }
    if (outcome.error && !is_unknown) {
      known->second.is_end_submitted = false;  // Told again at the next look.
      continue;
    }
    context_.fail_points.pass(ServicePoint::task_forget_before_send);
    if (is_attached_ && runner_->acknowledge(outcome.key)) known_.erase(known);
    context_.fail_points.pass(ServicePoint::task_forget_after_send);
  }
}

void SiteRunner::take_leases() {
  std::vector<std::pair<agent::AttemptId, core::Time>> leases;
  {
    const std::lock_guard lock(mutex_);
    leases.swap(leases_);
  }
  const core::Time now = read_boot_time();
  for (const auto& [attempt, until] : leases) {
    if (until <= now) continue;
    const TaskKey first{attempt.first, attempt.second, 0};
    for (auto known = known_.lower_bound(first);
         known != known_.end() && known->first.job == attempt.first &&
         known->first.attempt == attempt.second;
         ++known) {
      if (!known->second.result && is_attached_) {
        context_.fail_points.pass(ServicePoint::lease_before_send);
        (void)runner_->extend_lease(known->first, until - now);
        context_.fail_points.pass(ServicePoint::lease_after_send);
      }
    }
  }
}

std::vector<SiteRunner::Todo> SiteRunner::read_attempts() {
  const auto look = [](const agent::AgentMachine& machine) {
    std::map<agent::AttemptId, Action::Kind> kinds;
    for (const Action& action : machine.find_actions(read_boot_time())) {
      kinds.emplace(action.attempt, action.kind);
    }
    std::vector<Todo> found;
    for (const auto& [id, attempt] : machine.state().attempts) {
      if (attempt.phase == agent::AttemptPhase::reported) continue;
      Todo todo;
      todo.id = id;
      if (const auto kind = kinds.find(id); kind != kinds.end()) todo.kind = kind->second;
      todo.phase = attempt.phase;
      todo.order = attempt.order;
      todo.document = attempt.document;
      todo.stop = attempt.stop;
      todo.began_at = attempt.began_at;
      for (const auto& [rank, ended] : attempt.ended) {
        todo.ended.insert(rank);
        if (ended.end != TaskEnd::exited || ended.exit_code != 0) todo.has_failed = true;
      }
      found.push_back(std::move(todo));
    }
    return found;
  };
  auto found = read_durable<std::vector<Todo>>(context_.engine, look);
  return found ? std::move(*found) : std::vector<Todo>();
}

void SiteRunner::act() {
  const std::vector<Todo> todos = read_attempts();
  std::set<SitePreparer::WorkKey> wanted;
  for (const Todo& todo : todos) {
    if (todo.kind) wanted.insert({todo.id, *todo.kind});
  }
  preparer_.forget_all_but(wanted);
  for (const Todo& todo : todos) {
    if (!todo.kind) continue;
    switch (*todo.kind) {
      case Action::Kind::stage:
      case Action::Kind::collect:
        preparer_.request({{*todo.kind, todo.id}, todo.order, todo.document, todo.has_failed});
        break;
      case Action::Kind::start:
        start_ranks(todo);
        break;
      case Action::Kind::stop:
        stop_ranks(todo);
        break;
    }
  }
}

void SiteRunner::start_ranks(const Todo& todo) {
  std::optional<core::Result<hub::JobDocument>> document;
  for (const execution::TaskSlot& slot : todo.order.slots) {
    const TaskKey key{todo.id.first, todo.id.second, slot.rank};
    if (todo.ended.contains(slot.rank) || known_.contains(key)) continue;
    if (!document) document = read_document(*reader_, todo.document);
    start_rank(todo, slot, *document);
    if (!is_attached_) return;
  }
}

void SiteRunner::start_rank(const Todo& todo, const execution::TaskSlot& slot,
                            const core::Result<hub::JobDocument>& document) {
  const TaskKey key{todo.id.first, todo.id.second, slot.rank};
  std::optional<core::Error> failure;
  if (document) {
    auto request = make_run_request(context_, todo.order, slot, *document);
    core::Result<void> asked = request ? core::Result<void>() : request.error();
    if (asked) asked = add_secrets(context_, todo.id, *document, *request);
    if (asked) {
      context_.fail_points.pass(ServicePoint::task_start_before_send);
      const auto size = static_cast<std::uint32_t>(todo.order.slots.size());
      asked = runner_->start_task(*request, {todo.order.owner, todo.order.pool, size});
      context_.fail_points.pass(ServicePoint::task_start_after_send);
    }
    if (request) wipe_secrets(*document, *request);
    if (!asked) failure = asked.error();
  } else {
    failure = document.error();
  }
  if (!failure) {
    known_[key];
    return;
  }
  if (failure->reason == core::Reason::unreachable) {
    is_attached_ = false;  // Whether it got there is found out by attaching anew.
    return;
  }
  if (failure->reason == core::Reason::overloaded) return;  // The next look tries again.
  known_[key].result = make_result(key, TaskEnd::start_failed, core::to_text(*failure));
  submit_ends();
}

void SiteRunner::stop_ranks(const Todo& todo) {
  std::vector<TaskKey> never_started;
  bool is_any_known = !todo.ended.empty();
  for (const execution::TaskSlot& slot : todo.order.slots) {
    if (todo.ended.contains(slot.rank)) continue;
    const TaskKey key{todo.id.first, todo.id.second, slot.rank};
    const auto known = known_.find(key);
    if (known == known_.end()) {
      never_started.push_back(key);
      continue;
    }
    is_any_known = true;
    if (known->second.is_cancelled || known->second.result) continue;
    context_.fail_points.pass(ServicePoint::task_cancel_before_send);
    known->second.is_cancelled = runner_->cancel(key).has_value();
    context_.fail_points.pass(ServicePoint::task_cancel_after_send);
  }
  if (!is_any_known) {
    execution::AttemptNotStarted report{todo.id.first, todo.id.second,
                                        todo.stop.value_or(core::Reason::cancelled_by_user),
                                        "before it started"};
    context_.engine.submit(agent::ReportNotStarted{std::move(report)}, nullptr);
    return;
  }
  for (const TaskKey& key : never_started) {
    known_[key].result = make_result(key, TaskEnd::cancelled, "before it started");
  }
  if (!never_started.empty()) submit_ends();
}

}  // namespace intertie::service
