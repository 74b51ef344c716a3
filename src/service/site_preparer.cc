#include "site_preparer.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

#include "site_file_plan.h"
#include "site_push.h"
#include "site_secrets.h"

namespace intertie::service {
namespace {

constexpr std::size_t kPreparers = 3;
constexpr int kFetchTriesMax = 6;
// What a job has made is kept for eight minutes of a full disk; then it is given up as missing.
constexpr int kStoreTriesMax = 10;

// What the hub treats in another way than a failure to bring inputs.
bool is_told_as_it_is(core::Reason reason) {
  return reason == core::Reason::not_supported || reason == core::Reason::denied ||
         reason == core::Reason::secret_unreadable || reason == core::Reason::secrets_refused;
}

std::vector<std::uint32_t> list_ranks(const execution::StartAttempt& order) {
  std::vector<std::uint32_t> ranks;
  for (const execution::TaskSlot& slot : order.slots) ranks.push_back(slot.rank);
  std::ranges::sort(ranks);
  return ranks;
}

}  // namespace

bool is_worth_retrying(core::Reason reason) {
  return reason == core::Reason::unreachable || reason == core::Reason::timed_out ||
         reason == core::Reason::overloaded;
}

core::Result<hub::JobDocument> read_document(storage::Reader& reader, std::uint64_t index) {
  const auto body = reader.read_body(index);
  if (!body) return body.error();
  auto document = codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
  if (!document) return document.error();
  if (auto checked = hub::check_document(*document); !checked) return checked.error();
  return document;
}

/// One thread's own connections: to the journal and to the hub.
class SitePreparer::Worker {
 public:
  Worker(SitePreparer& owner, std::unique_ptr<storage::Reader> reader)
      : owner_(owner),
        context_(owner.context_),
        reader_(std::move(reader)),
        client_(context_.clients.make_client(core::limits::request_timeout)),
        sources_(context_.clients) {}

  void interrupt() {
    client_.interrupt();
    sources_.interrupt();
  }

  // Both give whether the report is durable.
  bool stage(const SiteWork& work) {
    const agent::AttemptId id = work.action.attempt;
    const auto done = bring_inputs(work);
    context_.content.release(id.first);
    context_.fail_points.pass(ServicePoint::inputs_after_copy);
    if (done) return finish(agent::ReportStaged{id.first, id.second}, work);
    // Interrupted by the agent's own end: nothing is wrong, the next start does it again.
    if (done.error().reason == core::Reason::stopping) return false;
    execution::AttemptNotStarted report{id.first, id.second, core::Reason::staging_failed,
                                        core::to_text(done.error())};
    if (is_told_as_it_is(done.error().reason)) report.reason = done.error().reason;
    return finish(agent::ReportNotStarted{std::move(report)}, work);
  }

  bool collect(const SiteWork& work) {
    const agent::AttemptId id = work.action.attempt;
    agent::ReportCollected report{id.first, id.second, {}, {}};
    auto collected = store_outputs_patiently(work);
    if (!collected) {
      if (collected.error().reason == core::Reason::stopping) return false;
      report.missing = core::to_text(collected.error());
      return finish(std::move(report), work);
    }
    report.missing = collected->missing;
    if (!work.has_failed && report.missing.empty()) {
      if (const auto pushed = push_outputs(work, *collected); !pushed) {
        // Interrupted by the agent's own end: the next start goes on with it.
        if (pushed.error().reason == core::Reason::stopping) return false;
        report.missing = pushed.error().detail;
        context_.log.write(
            LogLevel::warning, "site", "output_not_landed",
            {{"job", static_cast<std::int64_t>(id.first)}, {"error", report.missing}});
      }
    }
    report.outputs = std::move(collected->outputs);
    return finish(std::move(report), work);
  }

 private:
  core::Result<void> bring_inputs(const SiteWork& work) {
    if (context_.options.slurm) {
      const auto& users = context_.options.slurm->runner.users;
      const auto user = execution_slurm::find_unix_user(users, work.order.owner);
      if (!user) return user.error();
    }
    const auto document = read_document(*reader_, work.document);
    if (!document) return document.error();
    if (auto brought = bring_secrets_patiently(work, *document); !brought) return brought;
    const auto plan = plan_files(*document, context_.isolation);
    if (!plan) return plan.error();
    for (const std::uint32_t rank : list_ranks(work.order)) {
      const auto made = context_.tasks.make_rank(work.action.attempt, rank, *plan);
      if (!made) return made;
    }
    for (const PlannedInput& planned : plan->inputs) {
      const hub::DataIn& input = document->data.in[planned.index];
      SiteTasks::InputFile file{
          planned.place, {}, work.order.owner, input.content, input.executable};
      if (!input.from.empty()) {
        const auto dataset = fetch(input, work);
        if (!dataset) return dataset.error();
        file.dataset = *dataset;
      }
      for (const std::uint32_t rank : list_ranks(work.order)) {
        const auto put = context_.tasks.put_input(work.action.attempt, rank, file);
        if (!put) return put;
      }
    }
    return {};
  }

  core::Result<crypto::Digest> fetch(const hub::DataIn& input, const SiteWork& work) {
    const auto [job, attempt] = work.action.attempt;
    SiteContent::Wanted wanted{input.from, input.size, job, attempt, work.order.owner, {}};
    wanted.on_cut = [this, &input, job = job](const core::Error& error) {
      context_.log.write(LogLevel::info, "site", "input_cut",
                         {{"job", static_cast<std::int64_t>(job)},
                          {"dataset", input.from},
                          {"reason", core::reason_code(error.reason)},
                          {"detail", error.detail}});
    };
    auto fetched = try_patiently<SiteContent::Fetched>(
        [&] { return context_.content.fetch(wanted, sources_); });
    if (!fetched) return fetched.error();
    if (fetched->receipt) report_arrival(std::move(*fetched->receipt), work);
    return fetched->root;
  }

  // Its draft stays until the report is durable, so that a crash loses none.
  void report_arrival(transfer::Receipt receipt, const SiteWork& work) {
    const transfer::Receipt draft = receipt;
    if (receipt.source.empty()) receipt.source = context_.hub_id;
    if (receipt.fallback) {
      context_.log.write(LogLevel::warning, "site", "input_not_straight",
                         {{"job", static_cast<std::int64_t>(receipt.job)},
                          {"dataset", receipt.dataset},
                          {"source", receipt.source},
                          {"straight_bytes", receipt.direct.count},
                          {"reason", core::reason_code(*receipt.fallback)}});
    }
    context_.fail_points.pass(ServicePoint::receipt_before_report);
    const auto done = submit_and_wait(context_.engine, agent::ReportArrived{std::move(receipt)});
    if (done || done.error().reason != core::Reason::stopping) {
      context_.content.forget_draft(draft);
    }
    if (done) return;
    context_.log.write(LogLevel::warning, "site", "receipt_refused",
                       {{"job", static_cast<std::int64_t>(work.action.attempt.first)},
                        {"error", core::to_text(done.error())}});
  }

  core::Result<void> bring_secrets_patiently(const SiteWork& work,
                                             const hub::JobDocument& document) {
    return try_patiently<void>(
        [&] { return bring_secrets(context_, client_, work.action.attempt, document); });
  }

  // Repeats what failed for a reason that passes: because the hub did not answer.
  template <class T, class Try>
  core::Result<T> try_patiently(const Try& attempt,
                                bool (*is_passing)(core::Reason) = is_worth_retrying,
                                int tries_max = kFetchTriesMax) {
    core::Duration pause = core::limits::retry_backoff_first;
    for (int tries = 1;; ++tries) {
      core::Result<T> done = attempt();
      if (done || !is_passing(done.error().reason) || tries == tries_max) return done;
      if (!owner_.wait_before_retry(pause)) {
        return core::Error{core::Reason::stopping, "the agent"};
      }
      pause = pause + pause;
    }
  }

  core::Result<CollectedOutputs> store_outputs_patiently(const SiteWork& work) {
    const auto store = [&] {
      auto stored = store_outputs(work);
      if (!stored) {
        context_.log.write(LogLevel::warning, "site", "outputs_not_stored",
                           {{"job", static_cast<std::int64_t>(work.action.attempt.first)},
                            {"error", core::to_text(stored.error())}});
      }
      return stored;
    };
    const auto is_full = [](core::Reason reason) {
      return reason == core::Reason::store_unavailable;
    };
    return try_patiently<CollectedOutputs>(store, is_full, kStoreTriesMax);
  }

  core::Result<CollectedOutputs> store_outputs(const SiteWork& work) {
    const auto document = read_document(*reader_, work.document);
    if (!document) return document.error();
    const auto plan = plan_files(*document, context_.isolation);
    if (!plan) return plan.error();
    return context_.tasks.collect(work.action.attempt, list_ranks(work.order), *plan);
  }

  // To the datasets that the job file names. They stay here, too, whatever comes of it.
  core::Result<void> push_outputs(const SiteWork& work, const CollectedOutputs& collected) {
    const auto document = read_document(*reader_, work.document);
    if (!document) return document.error();
    SitePush push(context_, client_,
                  [this](core::Duration pause) { return owner_.wait_before_retry(pause); });
    return push.push(work.action.attempt, *document, collected);
  }

  bool finish(agent::Command report, const SiteWork& work) {
    const auto answer = submit_and_wait(context_.engine, std::move(report));
    if (answer) return true;
    context_.log.write(LogLevel::warning, "site", "report_refused",
                       {{"job", static_cast<std::int64_t>(work.action.attempt.first)},
                        {"error", core::to_text(answer.error())}});
    return answer.error().reason == core::Reason::not_found;  // It is over: nothing to repeat.
  }

  SitePreparer& owner_;
  const SiteContext& context_;
  const std::unique_ptr<storage::Reader> reader_;
  net::HttpClient client_;
  InputSources sources_;
};

SitePreparer::SitePreparer(const SiteContext& context) : context_(context) {}

core::Result<std::unique_ptr<SitePreparer>> SitePreparer::start(const SiteContext& context) {
  std::unique_ptr<SitePreparer> preparer(new SitePreparer(context));
  for (std::size_t i = 0; i < kPreparers; ++i) {
    auto reader = context.store.open_reader();
    if (!reader) return reader.error();
    preparer->workers_.push_back(std::make_unique<Worker>(*preparer, std::move(*reader)));
  }
  for (const auto& worker : preparer->workers_) {
    preparer->threads_.emplace_back(
        [owner = preparer.get(), each = worker.get()] { owner->run(*each); });
  }
  return preparer;
}

SitePreparer::~SitePreparer() { stop(); }

void SitePreparer::request(SiteWork work) {
  const std::lock_guard lock(mutex_);
  const WorkKey key{work.action.attempt, work.action.kind};
  if (is_stopping_ || !known_.emplace(key, false).second) return;
  queued_.push_back(std::move(work));
  changed_.notify_all();
}

void SitePreparer::forget_all_but(const std::set<WorkKey>& wanted) {
  const std::lock_guard lock(mutex_);
  std::erase_if(known_,
                [&](const auto& each) { return each.second && !wanted.contains(each.first); });
}

void SitePreparer::run(Worker& worker) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !queued_.empty(); });
    if (is_stopping_) return;
    const SiteWork work = std::move(queued_.front());
    queued_.pop_front();
    lock.unlock();
    const bool is_stage = work.action.kind == agent::Action::Kind::stage;
    const bool is_reported = is_stage ? worker.stage(work) : worker.collect(work);
    lock.lock();
    const WorkKey key{work.action.attempt, work.action.kind};
    if (is_reported) {
      known_[key] = true;
    } else {
      known_.erase(key);  // The next look asks again.
    }
  }
}

bool SitePreparer::wait_before_retry(core::Duration pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(pause.count), [this] { return is_stopping_; });
  return !is_stopping_;
}

void SitePreparer::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  for (const auto& worker : workers_) worker->interrupt();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace intertie::service
