// From tasks that wait to batches that Slurm has.
#include <algorithm>
#include <tuple>
#include <utility>

#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/secret.h"

#include "clocks.h"
#include "engine.h"
#include "shared_files.h"
#include "slurm_commands.h"

namespace intertie::slurm_runner {

using core::Duration;
using core::Result;
using execution::TaskEnd;
using execution::TaskKey;
using execution::TaskResult;
using execution_slurm::BatchKind;
using execution_slurm::BatchPlan;
using execution_slurm::Gres;
using execution_slurm::Submission;
using execution_slurm::SubmitVerdict;
using execution_slurm::TaskNeed;
using execution_slurm::TaskPlan;

namespace {

constexpr std::size_t kBatchTasksMax = 500;
constexpr std::uint32_t kTriesMax = 5;
constexpr Duration kPauseLeast = core::seconds(1);
constexpr Duration kPauseMost = core::seconds(30);
constexpr Duration kBeat = core::seconds(3);

/// Whole devices of each kind, by the device numbers of the hub's order.
std::vector<Gres> count_gres(const std::vector<std::uint32_t>& indices,
                             const std::vector<Gres>& groups) {
  std::vector<Gres> counted;
  std::int64_t first = 0;
  for (const Gres& group : groups) {
    const auto belongs = [&](std::uint32_t index) {
      return index >= first && index < first + group.count;
    };
    const auto count = std::ranges::count_if(indices, belongs);
    if (count > 0) counted.push_back({group.kind, group.type, count});
    first += group.count;
  }
  return counted;
}

auto make_sort_key(const WaitingStart& start) {
  const execution::RunRequest& request = start.request;
  return std::tuple(start.user.name, start.user.account, start.user.qos, start.origin.pool,
                    request.cpus, request.memory, request.devices.indices.size(),
                    request.time_limit);
}

}  // namespace

std::uint32_t SlurmRunner::Engine::compute_slots(const TaskNeed& need, std::uint32_t pool,
                                                 std::size_t tasks) const {
  const topology::Pool& node = options_.pools[pool].pool;
  const std::int64_t cpus =
      node.cpus_per_node.count / 1'000 / execution_slurm::compute_cpus(need.cpus);
  const std::int64_t memory =
      need.memory.count > 0 ? node.memory_per_node.count / need.memory.count : cpus;
  const std::int64_t fit = std::max<std::int64_t>(1, std::min(cpus, memory));
  return static_cast<std::uint32_t>(std::min<std::int64_t>(fit, static_cast<std::int64_t>(tasks)));
}

Submission SlurmRunner::Engine::make_submission(const std::vector<WaitingStart>& group,
                                                BatchKind kind) const {
  const WaitingStart& first = group.front();
  const execution_slurm::SlurmPool& pool = options_.pools[first.origin.pool];
  Submission made;
  made.kind = kind;
  made.tasks = static_cast<std::uint32_t>(group.size());
  made.need = {first.request.cpus, first.request.memory,
               count_gres(first.request.devices.indices, pool.gres), first.request.time_limit};
  if (kind == BatchKind::pilot)
    made.slots = compute_slots(made.need, first.origin.pool, group.size());
  made.partition = pool.partition;
  made.account = first.user.account;
  made.qos = first.user.qos;
  made.constraint = options_.constraint;
  made.minutes_max = pool.minutes_max;
  return made;
}

Result<void> SlurmRunner::Engine::write_task(const WaitingStart& start,
                                             const std::string& unix_user,
                                             RecordedTask& recorded) const {
  const auto owner = find_owner(unix_user);
  if (!owner) return owner.error();
  if (auto given = give_rank(start.request.folder, *owner); !given) return given;
  const auto seed = crypto::random_bytes(crypto::KeyPair::kSeedLength);
  TaskPlan plan{start.request, crypto::encode_base64url(seed), start.request.lease.has_value()};
  recorded.key = start.request.key;
  recorded.folder = start.request.folder;
  recorded.public_key = crypto::to_text(crypto::KeyPair::from_seed(seed).public_key());
  recorded.is_leased = plan.is_leased;
  const std::string engine = recorded.folder + "/" + std::string(execution_slurm::kEngineFolder);
  return write_shared(engine, "task.plan", codec::to_cbor(plan), *owner);
}

Result<void> SlurmRunner::Engine::write_batch(const BatchRecord& record) const {
  const auto owner = find_owner(record.unix_user);
  if (!owner) return owner.error();
  const std::string& folder = record.submission.folder;
  if (auto made = make_folder(folder, 0700); !made) return made;
  BatchPlan plan;
  plan.name = record.submission.name;
  plan.kind = record.submission.kind;
  plan.slots = record.submission.slots;
  for (const RecordedTask& task : record.tasks) plan.folders.push_back(task.folder);
  plan.report = report_address_;
  plan.silence = options_.silence;
  plan.beat = std::min(kBeat, Duration{options_.silence.count / 5});
  // The driver must have written its report before Slurm's SIGKILL.
  plan.grace = Duration{facts_.kill_wait_seconds * 500'000};
  if (auto done = write_shared(folder, "plan.json", codec::to_json(plan), *owner); !done)
    return done;
  if (::chown(folder.c_str(), owner->user, owner->group) != 0) return make_errno_error(folder);
  return store_.write(record);
}

void SlurmRunner::Engine::fail_all(const std::vector<WaitingStart>& group,
                                   const core::Error& error) {
  const Lock lock(mutex_);
  for (const WaitingStart& start : group) {
    if (waiting_.erase(start.request.key) == 0) continue;  // Cancelled meanwhile.
    TaskResult result;
    result.key = start.request.key;
    result.end = TaskEnd::start_failed;
    result.exit_code = 127;
    result.detail = core::to_text(error);
    push({result.key, result, {}});
  }
}

/// Puts it into the table; what the agent has cancelled meanwhile is cancelled there.
void SlurmRunner::Engine::open_batch(BatchRecord record) {
  const std::uint64_t number = record.number;
  std::uint32_t index = 0;
  for (const RecordedTask& recorded : record.tasks) {
    EngineTask& task = tasks_[recorded.key];
    const bool is_new = task.batch == 0;
    task.batch = number;
    task.index = index++;
    task.recorded = recorded;
    const bool is_cancelled = task.sight.is_cancelled;
    task.sight = {};
    task.sight.is_cancelled = is_cancelled;
    if (!is_new) continue;
    const auto start = waiting_.find(recorded.key);
    if (start == waiting_.end()) {
      task.sight.is_cancelled = true;
    } else {
      task.lease_until = start->second.lease_until;
      waiting_.erase(start);
    }
  }
  EngineBatch& batch = batches_[number];
  batch.record = std::move(record);
  batch.must_submit = true;
}

void SlurmRunner::Engine::submit_group(std::vector<WaitingStart> group, BatchKind kind) {
  BatchRecord record;
  record.unix_user = group.front().user.name;
  record.submission = make_submission(group, kind);
  {
    const Lock lock(mutex_);
    record.number = next_number_++;
  }
  record.submission.name = execution_slurm::make_batch_name(tag_, record.number);
  record.submission.folder = options_.shared + "/batches/" + record.submission.name;
  for (const WaitingStart& start : group) {
    RecordedTask recorded;
    if (auto written = write_task(start, record.unix_user, recorded); !written) {
      return fail_all(group, written.error());
    }
    record.tasks.push_back(std::move(recorded));
  }
  if (auto written = write_batch(record); !written) return fail_all(group, written.error());
  {
    const Lock lock(mutex_);
    open_batch(record);
  }
  submit_one(record.number);
}

/// Puts all that waits into batches: gangs by themselves, equal tasks together.
void SlurmRunner::Engine::submit_waiting() {
  std::vector<WaitingStart> singles;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<WaitingStart>> gangs;
  {
    const Lock lock(mutex_);
    for (const auto& [key, start] : waiting_) {
      if (start.origin.size <= 1) {
        singles.push_back(start);
      } else {
        gangs[{key.job, key.attempt}].push_back(start);
      }
    }
  }
  for (auto& [id, gang] : gangs) {
    if (gang.size() < gang.front().origin.size) continue;  // The others are being told.
    const bool must_share = gang.front().request.network == execution::Network::gang;
    submit_group(std::move(gang), must_share ? BatchKind::gang_on_node : BatchKind::gang);
  }
  std::ranges::stable_sort(singles, [](const WaitingStart& a, const WaitingStart& b) {
    return make_sort_key(a) < make_sort_key(b);
  });
  const std::size_t array_max = std::min<std::size_t>(
      kBatchTasksMax,
      static_cast<std::size_t>(std::max<std::int64_t>(1, facts_.array_size_max - 1)));
  for (std::size_t first = 0; first < singles.size();) {
    std::size_t last = first + 1;
    while (last < singles.size() && make_sort_key(singles[first]) == make_sort_key(singles[last])) {
      ++last;
    }
    const Duration limit = singles[first].request.time_limit;
    const bool is_short = limit.count > 0 && limit <= options_.pilot_below;
    const bool is_pilot = is_short && last - first >= options_.pilot_tasks_min;
    std::size_t most = array_max;
    if (is_pilot) {
      // As many pilots as there are nodes, so that all of them work.
      const auto& nodes = options_.pools[singles[first].origin.pool].pool.nodes;
      const std::size_t up = static_cast<std::size_t>(std::max<std::int64_t>(
          1, std::ranges::count_if(nodes, [](const topology::Node& node) { return node.is_up; })));
      most = std::min(kBatchTasksMax, (last - first + up - 1) / up);
    }
    for (; first < last; first = std::min(first + most, last)) {
      const auto begin = singles.begin() + static_cast<std::ptrdiff_t>(first);
      const auto end = singles.begin() + static_cast<std::ptrdiff_t>(std::min(first + most, last));
      submit_group({begin, end}, is_pilot ? BatchKind::pilot : BatchKind::tasks);
    }
  }
}

void SlurmRunner::Engine::submit_due() {
  std::vector<std::uint64_t> due;
  {
    const Lock lock(mutex_);
    const core::Time now = read_boot_time();
    for (const auto& [number, batch] : batches_) {
      if (batch.must_submit && batch.submit_from <= now) due.push_back(number);
    }
  }
  for (const std::uint64_t number : due) submit_one(number);
}

void SlurmRunner::Engine::submit_one(std::uint64_t number) {
  BatchRecord record;
  {
    const Lock lock(mutex_);
    const auto found = batches_.find(number);
    if (found == batches_.end()) return;
    record = found->second.record;
    // Until Slurm has answered, it may be there.
    found->second.must_submit = false;
  }
  const auto outcome =
      submit_batch(options_.config, record.unix_user, make_sbatch_arguments(record.submission),
                   make_script(record.submission, options_.program));
  ++submissions_;
  if (outcome.verdict == SubmitVerdict::accepted) {
    record.job = outcome.job;
    // If it cannot be written the name still tells it after a restart.
    if (auto written = store_.write(record); !written) tell(core::to_text(written.error()));
  } else {
    tell("submission of " + record.submission.name + ": " + outcome.detail);
  }
  const Lock lock(mutex_);
  EngineBatch& batch = batches_.at(number);
  batch.record.job = record.job;
  if (outcome.verdict == SubmitVerdict::later) {
    batch.must_submit = true;
    batch.submit_pause =
        std::clamp(batch.submit_pause + batch.submit_pause, kPauseLeast, kPauseMost);
    batch.submit_from = read_boot_time() + batch.submit_pause;
  }
  for (const RecordedTask& recorded : record.tasks) {
    EngineTask& task = tasks_.at(recorded.key);
    task.sight.is_submitted = record.job != 0;
    if (outcome.verdict != SubmitVerdict::refused) continue;
    TaskResult result;
    result.key = recorded.key;
    result.end = TaskEnd::start_failed;
    result.exit_code = 127;
    result.detail = outcome.detail;
    finish(task, std::move(result));
  }
}

/// No driver has taken these tasks, and their job has gone: they get another batch. Files and keys
/// are as they were; should an old job come back after all, one claim is the first.
void SlurmRunner::Engine::run_again(std::uint64_t number, const std::vector<TaskKey>& keys) {
  BatchRecord record;
  {
    const Lock lock(mutex_);
    const BatchRecord& old = batches_.at(number).record;
    record.unix_user = old.unix_user;
    record.submission = old.submission;
    record.number = next_number_++;
    for (const TaskKey& key : keys) {
      EngineTask& task = tasks_.at(key);
      if (task.recorded.tries < kTriesMax) {
        record.tasks.push_back(task.recorded);
        ++record.tasks.back().tries;
        continue;
      }
      TaskResult result;
      result.key = key;
      result.end = TaskEnd::start_failed;
      result.exit_code = 127;
      result.detail = "Slurm ended the job before the task could start, too often";
      finish(task, std::move(result));
    }
  }
  if (record.tasks.empty()) return;
  record.submission.tasks = static_cast<std::uint32_t>(record.tasks.size());
  record.submission.slots = std::min(record.submission.slots, record.submission.tasks);
  record.submission.name = execution_slurm::make_batch_name(tag_, record.number);
  record.submission.folder = options_.shared + "/batches/" + record.submission.name;
  if (auto written = write_batch(record); !written) {
    tell(core::to_text(written.error()));  // The next look decides the same.
    return;
  }
  tell(record.submission.name + " runs " + std::to_string(record.tasks.size()) +
       " tasks whose job ended before they began");
  {
    const Lock lock(mutex_);
    open_batch(record);
  }
  submit_one(record.number);
}

}  // namespace intertie::slurm_runner
