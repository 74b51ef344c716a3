#include "intertie/execution_slurm/fate.h"

#include <gtest/gtest.h>

namespace intertie::execution_slurm {
namespace {

using execution::TaskEnd;
using execution::TaskResult;
using Kind = Fate::Kind;

constexpr core::Duration kSilence = core::seconds(60);
constexpr core::Duration kPatience = core::seconds(80);
constexpr core::Time kGone{1'000'000'000};

TaskSight make_sight(std::optional<JobEnd> end, bool is_claimed) {
  TaskSight sight;
  sight.is_submitted = true;
  sight.is_claimed = is_claimed;
  sight.gone_since = kGone;
  if (end) {
    sight.row = QueueRow{{12, {}}, JobStage::ended, end, "STATE", "", true, "it-x-1"};
  }
  return sight;
}

Fate decide(const TaskSight& sight, core::Duration after, bool may_rerun = false) {
  return decide_fate(sight, kSilence, may_rerun, kGone + after);
}

TEST(DecideFate, NothingIsOverBeforeSlurmSaysSo) {
  TaskSight sight = make_sight({}, true);
  sight.gone_since.reset();
  EXPECT_EQ(decide(sight, core::hours(99)).kind, Kind::keep);
  sight = make_sight({}, false);
  sight.is_submitted = false;
  EXPECT_EQ(decide(sight, core::hours(99)).kind, Kind::keep);
}

// The node may be cut off from slurmctld: its driver ends the task after its silence.
TEST(DecideFate, ATakenTaskIsOverWhenItsLeaseIs) {
  TaskSight sight = make_sight(JobEnd::node_failed, true);
  EXPECT_EQ(decide(sight, kPatience - core::seconds(1)).kind, Kind::keep);
  EXPECT_EQ(decide(sight, kPatience).kind, Kind::over);
  EXPECT_EQ(decide(sight, kPatience).end, TaskEnd::lost);
  sight.alive_at = kGone + core::seconds(30);
  EXPECT_EQ(decide(sight, kPatience).kind, Kind::keep);
  EXPECT_EQ(decide(sight, kPatience + core::seconds(30)).kind, Kind::over);
}

TEST(DecideFate, NeverRunsATakenTaskAgain) {
  for (const auto end : {std::optional<JobEnd>(), std::optional(JobEnd::cancelled),
                         std::optional(JobEnd::preempted)}) {
    EXPECT_NE(decide(make_sight(end, true), core::hours(9), true).kind, Kind::run_again);
  }
}

TEST(DecideFate, SaysWhyItEnded) {
  EXPECT_EQ(decide(make_sight(JobEnd::time_limit, true), kPatience).end, TaskEnd::time_limit);
  EXPECT_EQ(decide(make_sight(JobEnd::memory_limit, true), kPatience).end, TaskEnd::memory_limit);
  TaskSight cancelled = make_sight(JobEnd::time_limit, true);
  cancelled.is_cancelled = true;
  EXPECT_EQ(decide(cancelled, kPatience).end, TaskEnd::cancelled);
  EXPECT_EQ(decide(make_sight(JobEnd::failed, true), kPatience).detail, "Slurm: job 12 STATE");
}

TEST(DecideFate, AForgottenJobThatNobodyTookRunsAgain) {
  EXPECT_EQ(decide(make_sight({}, false), kPatience).kind, Kind::run_again);
  EXPECT_EQ(decide(make_sight({}, false), core::seconds(1)).kind, Kind::keep);
  EXPECT_EQ(decide(make_sight({}, true), kPatience).end, TaskEnd::lost);
}

TEST(DecideFate, AnUntakenTask) {
  TaskSight sight = make_sight(JobEnd::failed, false);
  EXPECT_EQ(decide(sight, kPatience).kind, Kind::over);
  EXPECT_EQ(decide(sight, kPatience).end, TaskEnd::start_failed);
  EXPECT_EQ(decide(sight, kPatience, true).kind, Kind::run_again);
  // Without a node there was never a driver: no need to wait.
  sight.row->has_node = false;
  EXPECT_EQ(decide(sight, {}).kind, Kind::over);
  sight.is_cancelled = true;
  EXPECT_EQ(decide(sight, {}, true).end, TaskEnd::cancelled);
}

TaskResult make_result(TaskEnd end) {
  TaskResult result;
  result.end = end;
  return result;
}

TEST(SettleReport, TheMetersWordStandsAlone) {
  for (const TaskEnd end : {TaskEnd::exited, TaskEnd::time_limit, TaskEnd::signalled}) {
    EXPECT_EQ(settle_report(make_result(end), false, make_sight({}, true))->end, end);
  }
  // It ended well while Slurm was about to end it.
  EXPECT_EQ(settle_report(make_result(TaskEnd::exited), true, {})->end, TaskEnd::exited);
}

TEST(SettleReport, SlurmsWordExplainsASignal) {
  const TaskResult killed = make_result(TaskEnd::cancelled);
  TaskSight sight = make_sight(JobEnd::preempted, true);
  EXPECT_EQ(settle_report(killed, true, sight)->end, TaskEnd::lost);
  EXPECT_EQ(settle_report(killed, true, make_sight(JobEnd::time_limit, true))->end,
            TaskEnd::time_limit);
  sight.row->stage = JobStage::running;  // It is not over for Slurm: wait.
  EXPECT_FALSE(settle_report(killed, true, sight));
  EXPECT_FALSE(settle_report(killed, true, {}));
  sight.is_cancelled = true;
  EXPECT_EQ(settle_report(killed, true, sight)->end, TaskEnd::cancelled);
}

}  // namespace
}  // namespace intertie::execution_slurm
