#include "users.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "intertie/hub/submission.h"

#include "workload.h"

namespace intertie::simulation {
namespace {

constexpr core::Duration kPatience = core::seconds(4);
constexpr core::Money kRescue{10'000'000'000};

// Whether a pool of some region could run the job if it were empty. One that none could is refused,
// but while a region is not heard its hub cannot know, and lets it wait.
bool can_ever_run(const Scenario& scenario, const hub::JobShape& shape) {
  std::int64_t devices = 0;
  for (const auto& request : shape.requirements.devices) devices += request.count;
  return std::ranges::any_of(scenario.sites, [&](const SiteSpec& site) {
    std::int64_t tasks = site.cpus * 1000 / shape.requirements.cpus.count;
    if (devices > 0) tasks = std::min(tasks, site.devices / devices);
    return tasks * site.nodes >= shape.requirements.tasks;
  });
}

bool is_passing(core::Reason reason) {
  return reason == core::Reason::store_unavailable || reason == core::Reason::overloaded;
}

}  // namespace

void Users::begin() {
  arrive();
  pay_in();
}

void Users::insist(hub::Command command, HubNode::Answer done) {
  struct Request {
    hub::Command command;
    HubNode::Answer done;
    bool is_answered = false;
  };
  ++open_;
  auto request = std::make_shared<Request>(Request{std::move(command), std::move(done)});
  const auto answer = [this, request](const core::Result<hub::Reply>& reply) {
    if (!reply && is_passing(reply.error().reason)) return;
    if (!std::exchange(request->is_answered, true)) --open_;
    request->done(reply);  // Every answer counts: two must not contradict each other.
  };
  // The request owns no copy of this function: its events do.
  auto attempt = std::make_shared<std::function<void()>>();
  *attempt = [this, request, answer, weak = std::weak_ptr(attempt)] {
    if (request->is_answered) return;
    network_.send_user([this, request, answer] {
      hub_.ask(request->command, [this, answer](const core::Result<hub::Reply>& reply) {
        network_.send_user([answer, reply] { answer(reply); });
      });
    });
    world_.queue.after(kPatience, [again = weak.lock()] { (*again)(); });
  };
  (*attempt)();
}

void Users::arrive() {
  if (world_.is_quiet) return;
  // At the peak everyone comes who may; at other times so much fewer.
  const std::int64_t load = compute_load(world_.scenario, hub_.number(), world_.now());
  if (random_.below(1000) < static_cast<std::uint64_t>(load)) submit();
  const std::int64_t mean = core::minutes(1).count / world_.scenario.jobs.per_minute;
  world_.queue.after({random_.between(0, 2 * mean)}, [this] { arrive(); });
}

void Users::submit() {
  const bool is_bulk =
      random_.below(1000) < static_cast<std::uint64_t>(world_.scenario.jobs.bulk_permille);
  hub::SubmitJobs command;
  command.owner = static_cast<std::uint32_t>(
      random_.below(static_cast<std::uint64_t>(world_.scenario.users.count)));
  for (std::int64_t left = is_bulk ? random_.between(2, 8) : 1; left > 0; --left) {
    const std::string key = "key " + std::to_string(++submissions_);
    const std::uint64_t serial = (hub_.number() + 1) << 32 | submissions_;
    auto submission = hub::prepare_submission(draw_job(world_, random_, serial), key);
    if (!submission) return world_.fail("a job is refused: " + core::to_text(submission.error()));
    submitted_.emplace(serial, world_.now());
    facts_.expect(*submission->head.idempotency, {serial, submission->shape.requirements.tasks});
    command.jobs.push_back(std::move(*submission));
  }
  insist(command, [this, command](const core::Result<hub::Reply>& reply) {
    take_submitted(command, reply);
  });
}

void Users::take_submitted(const hub::SubmitJobs& asked, const core::Result<hub::Reply>& reply) {
  if (!reply) return world_.fail("a submission is refused: " + core::to_text(reply.error()));
  const auto& submitted = std::get<hub::Submitted>(*reply);
  for (std::size_t i = 0; i < asked.jobs.size(); ++i) {
    const auto& answer = submitted.jobs.at(i);
    if (!answer) {
      ++refused_;
      continue;
    }
    facts_.check_job(asked.owner, *asked.jobs[i].head.idempotency, answer->job);
    // An answer from before the backup: that job is lost.
    if (!facts_.knows(*asked.jobs[i].head.idempotency, answer->job)) continue;
    if (!jobs_.emplace(answer->job, asked.owner).second) continue;
    world_.trace.note(world_.now(), "acknowledges job", who_, answer->job);
    const bool is_dear = asked.jobs[i].shape.price_max.count > 0 ||
                         !can_ever_run(world_.scenario, asked.jobs[i].shape);
    if (is_dear) dear_.emplace_back(answer->job, asked.owner);
    if (is_dear && world_.is_quiet) cancel(answer->job, asked.owner);
    if (!world_.permille(world_.scenario.jobs.cancel_permille)) continue;
    world_.queue.after(world_.between({}, core::minutes(1)),
                       [this, job = answer->job, owner = asked.owner] { cancel(job, owner); });
  }
}

void Users::cancel(std::uint64_t job, std::uint32_t owner) {
  insist(hub::CancelJob{job, owner}, [this, job](const core::Result<hub::Reply>& reply) {
    if (reply) {
      world_.trace.note(world_.now(), "acknowledges the cancellation of job", who_, job);
      facts_.check_cancelled(job);
    } else if (reply.error().reason != core::Reason::already_final && !facts_.is_restored()) {
      world_.fail("a job cannot be cancelled: " + core::to_text(reply.error()));
    }
  });
}

void Users::deposit(std::int64_t user, core::Money amount) {
  const ledger::EntryId id{2, ++deposits_};
  insist(hub::Deposit{id, make_name(user), amount},
         [this, id](const core::Result<hub::Reply>& reply) {
           if (!reply) return world_.fail("a deposit is refused: " + core::to_text(reply.error()));
           facts_.check_entry(id);
         });
}

void Users::pay_in() {
  world_.queue.after(core::seconds(1), [this] {
    if (world_.is_quiet) return;
    const std::int64_t rate = world_.scenario.users.deposits_per_minute_permille;
    if (world_.random.below(60'000) < static_cast<std::uint64_t>(rate)) {
      deposit(world_.random.between(0, world_.scenario.users.count - 1),
              core::Money{world_.random.between(1, 5'000'000)});
    }
    pay_in();
  });
}

void Users::give_up_waiting() {
  for (const auto& [number, job] : hub_.machine().state().jobs) {
    if (job.phase == hub::JobPhase::waiting) cancel(number, job.owner);
  }
}

// A submission that the network doubled may be refused, as its user hears, and a later copy taken,
// whose answer a crash swallows. Then the job stands in the list of the user's jobs, where they
// find it: it waits for a price that nobody offers.
void Users::cancel_unheard() {
  if (hub_.is_dead()) return;
  if (!hub_.is_up()) return world_.queue.after(core::seconds(1), [this] { cancel_unheard(); });
  const hub::State& state = hub_.machine().state();
  for (const auto& [number, job] : state.jobs) {
    if (job.phase != hub::JobPhase::waiting || job.owner == hub::kNobody) continue;
    if (state.shapes[job.shape].price_max.count == 0) continue;
    if (jobs_.emplace(number, job.owner).second) cancel(number, job.owner);
  }
}

void Users::rescue() {
  for (const auto& [job, owner] : dear_) cancel(job, owner);
  world_.queue.after(core::seconds(30), [this] { cancel_unheard(); });
  for (std::int64_t user = 0; user < world_.scenario.users.count; ++user) deposit(user, kRescue);
  if (!world_.scenario.is_joined) return;
  // What one job can cost may be more than a peer was trusted with.
  for (std::size_t hub = 0; hub < static_cast<std::size_t>(world_.scenario.hubs); ++hub) {
    if (hub == hub_.number()) continue;
    insist(hub::SetCreditLimit{"peer " + make_hub_id(hub), kRescue},
           [this](const core::Result<hub::Reply>& reply) {
             if (!reply) world_.fail("a credit is refused: " + core::to_text(reply.error()));
           });
  }
}

}  // namespace intertie::simulation
