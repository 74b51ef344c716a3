#include "intertie/engine/engine.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "counter_machine.h"

namespace intertie::engine {
namespace {

using Answer = std::optional<core::Result<std::int64_t>>;
using Conduct = CounterMachine::Conduct;

core::Time at(std::int64_t milliseconds) {
  return core::Time{} + core::milliseconds(1'000'000 + milliseconds);
}

/// An engine whose log already holds ten records, the last one at at(0).
class EngineTest : public testing::Test {
 protected:
  using CounterEngine = Engine<CounterMachine>;

  static CounterEngine::Completion keep(Answer& answer) {
    return [&answer](core::Result<std::int64_t> result) {
      EXPECT_FALSE(answer.has_value()) << "answered twice";
      answer = std::move(result);
    };
  }

  void submit(CounterMachine::Command command, Answer& answer) {
    engine_.submit(command, keep(answer));
  }

  // Notes the sum when the read looks, and says so once that sum is durable.
  void read(std::optional<std::int64_t>& seen, Answer& released) {
    engine_.read([&](const core::Result<const CounterMachine*>& machine) {
      if (!machine) {
        return CounterEngine::DurableAction(
            [&released, error = machine.error()] { released = error; });
      }
      seen = (*machine)->sum;
      return CounterEngine::DurableAction([&released, sum = *seen] { released = sum; });
    });
  }

  CounterMachine machine_;
  HandLog log_;
  CounterEngine engine_{machine_, log_, storage::LogPosition{10, {}}, at(0)};
};

TEST_F(EngineTest, AnswersOnlyWhenTheEventIsDurable) {
  Answer answer;
  submit({.added = 5}, answer);
  EXPECT_FALSE(engine_.is_idle());
  engine_.poll(at(1));
  EXPECT_EQ(machine_.sum, 5);
  EXPECT_TRUE(machine_.applied_at_once);
  ASSERT_EQ(log_.given.size(), 1u);
  EXPECT_FALSE(engine_.poll(at(2)));
  EXPECT_FALSE(answer.has_value());
  EXPECT_EQ(engine_.durable_index(), 10u);
  EXPECT_FALSE(engine_.is_idle());

  log_.finish();
  engine_.poll(at(3));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->value(), 5);
  EXPECT_EQ(engine_.durable_index(), 11u);
  EXPECT_TRUE(engine_.is_idle());
  engine_.poll(at(4));
  EXPECT_EQ(log_.given.size(), 1u) << "an empty batch was appended";
}

TEST_F(EngineTest, ABatchHoldsTheRecordsAndTheIndexRowsOfTheirEvents) {
  Answer answer;
  submit({.added = 5, .events = 2}, answer);
  engine_.poll(at(1));
  const storage::Batch& batch = *log_.given.at(0);
  ASSERT_EQ(batch.records.size(), 2u);
  EXPECT_EQ(batch.records[0], (storage::Record{11, at(1), 7, 1, "5", "a body"}));
  EXPECT_EQ(batch.records[1], (storage::Record{12, at(1), 7, 1, "5", "a body"}));
  const std::vector<storage::IndexWrite> rows = {storage::put(1, "11", "0"),
                                                 storage::put(1, "12", "5")};
  EXPECT_EQ(batch.writes, rows);  // The sums before each event: index() runs before apply().
}

TEST_F(EngineTest, TheNextBatchFormsWhileOneIsInFlight) {
  Answer first, second, third;
  submit({.added = 1}, first);
  engine_.poll(at(1));
  submit({.added = 2}, second);
  engine_.poll(at(2));
  submit({.added = 3}, third);
  engine_.poll(at(3));
  EXPECT_EQ(machine_.sum, 6);
  ASSERT_EQ(log_.given.size(), 1u);

  log_.finish();
  engine_.poll(at(4));
  ASSERT_EQ(log_.given.size(), 2u);
  ASSERT_EQ(log_.given[1]->records.size(), 2u);
  EXPECT_EQ(log_.given[1]->records[0].index, 12u);
  EXPECT_EQ(log_.given[1]->writes.size(), 2u);
  EXPECT_TRUE(first.has_value());
  EXPECT_FALSE(second.has_value());

  log_.finish();
  engine_.poll(at(5));
  EXPECT_EQ(second.value().value(), 3);
  EXPECT_EQ(third.value().value(), 6);
}

TEST_F(EngineTest, AnAnswerThatWroteNothingWaitsForWhatItSaw) {
  Answer wrote, refused, looked;
  submit({.added = 1}, wrote);
  submit({.conduct = Conduct::refuse}, refused);
  submit({.conduct = Conduct::answer_only}, looked);
  engine_.poll(at(1));
  EXPECT_FALSE(refused.has_value());
  EXPECT_FALSE(looked.has_value());
  log_.finish();
  engine_.poll(at(2));
  EXPECT_EQ(refused.value().error().reason, core::Reason::denied);
  EXPECT_EQ(looked.value().value(), 1);

  Answer again;  // Nothing is on its way: answered in the same turn.
  submit({.conduct = Conduct::refuse}, again);
  engine_.poll(at(3));
  EXPECT_TRUE(again.has_value());
}

TEST_F(EngineTest, AReadSeesTheStateOfItsTurnAndWaitsUntilThatIsDurable) {
  Answer first, second;
  std::optional<std::int64_t> seen;
  Answer released;
  submit({.added = 5}, first);
  read(seen, released);
  engine_.poll(at(1));
  EXPECT_EQ(seen, 5);
  submit({.added = 7}, second);
  engine_.poll(at(2));
  EXPECT_FALSE(released.has_value());

  log_.finish();
  engine_.poll(at(3));
  EXPECT_EQ(released.value().value(), 5);  // Not 12, and not held back by it.
  EXPECT_FALSE(second.has_value());

  std::optional<std::int64_t> seen_later;
  Answer released_later;
  read(seen_later, released_later);
  engine_.poll(at(4));
  EXPECT_EQ(seen_later, 12);  // Undurable: the answer to a reader must wait for it.
  EXPECT_FALSE(released_later.has_value());
  log_.finish();
  engine_.poll(at(5));
  EXPECT_EQ(released_later.value().value(), 12);
}

TEST_F(EngineTest, WhatWasSeenMayHaveBeenWrittenByNobodyWhoWaits) {
  Answer refused, released;
  std::optional<std::int64_t> seen;
  engine_.submit({.added = 5}, {});
  submit({.conduct = Conduct::refuse}, refused);
  engine_.poll(at(1));
  EXPECT_FALSE(refused.has_value());
  log_.finish();
  engine_.poll(at(2));
  EXPECT_TRUE(refused.has_value());

  engine_.submit({.added = 7}, {});
  read(seen, released);
  engine_.poll(at(3));
  EXPECT_EQ(seen, 12);
  EXPECT_FALSE(released.has_value());
  log_.finish();
  engine_.poll(at(4));
  EXPECT_EQ(released.value().value(), 12);
}

TEST_F(EngineTest, WhoeverWaitsForAStoreThatStaysFullIsTold) {
  Answer waiting;
  Answer read_waiting;
  std::optional<std::int64_t> seen;
  submit({.added = 1}, waiting);
  read(seen, read_waiting);
  engine_.poll(at(1));
  core::Time time = at(2);
  for (int i = 0; i < core::limits::append_tries_max; ++i) {
    EXPECT_FALSE(waiting.has_value() || read_waiting.has_value()) << i;
    log_.fail();
    engine_.poll(time);
    time = time + core::limits::append_retry_interval;
    engine_.poll(time);
  }
  EXPECT_EQ(waiting.value().error().reason, core::Reason::store_unavailable);
  EXPECT_EQ(read_waiting.value().error().reason, core::Reason::store_unavailable);
  // What was decided is not undone: the batch is given until it is taken.
  log_.finish();
  engine_.poll(time + core::seconds(1));
  EXPECT_FALSE(engine_.is_store_unavailable());
  EXPECT_EQ(engine_.durable_index(), 11u);
  EXPECT_EQ(machine_.sum, 1);
}

TEST_F(EngineTest, AFailedAppendStopsDecisionsUntilTheSameBatchIsTaken) {
  Answer in_flight, collected, refused;
  std::optional<std::int64_t> seen;
  Answer read_refused;
  submit({.added = 1}, in_flight);
  engine_.poll(at(1));
  submit({.added = 2}, collected);
  engine_.poll(at(2));
  log_.fail();
  submit({.added = 4}, refused);
  read(seen, read_refused);
  engine_.poll(at(3));

  EXPECT_TRUE(engine_.is_store_unavailable());
  EXPECT_EQ(engine_.store_failure()->detail, "disk full");
  EXPECT_EQ(refused.value().error().reason, core::Reason::store_unavailable);
  EXPECT_EQ(read_refused.value().error().reason, core::Reason::store_unavailable);
  EXPECT_FALSE(seen.has_value());
  EXPECT_EQ(machine_.sum, 3);
  EXPECT_FALSE(in_flight.has_value());
  EXPECT_EQ(engine_.durable_index(), 10u);

  const core::Time retry = at(3) + core::limits::append_retry_interval;
  engine_.poll(retry - core::microseconds(1));
  EXPECT_EQ(log_.given.size(), 1u) << "retried too early";
  engine_.poll(retry);
  ASSERT_EQ(log_.given.size(), 2u);
  EXPECT_EQ(log_.given[1], log_.given[0]) << "not the same batch";
  EXPECT_TRUE(engine_.is_store_unavailable()) << "nothing has been taken yet";

  log_.fail();
  engine_.poll(retry + core::milliseconds(1));
  engine_.poll(retry + core::milliseconds(1) + core::limits::append_retry_interval);
  ASSERT_EQ(log_.given.size(), 3u);
  EXPECT_EQ(log_.given[2], log_.given[0]);
  EXPECT_FALSE(in_flight.has_value());

  log_.finish();
  engine_.poll(retry + core::seconds(1));
  EXPECT_FALSE(engine_.is_store_unavailable());
  EXPECT_EQ(in_flight.value().value(), 1);
  EXPECT_FALSE(collected.has_value());
  ASSERT_EQ(log_.given.size(), 4u);
  EXPECT_EQ(log_.given[3]->records.at(0).index, 12u);  // What was collected before the failure.
  log_.finish();
  Answer after;
  submit({.added = 4}, after);
  engine_.poll(retry + core::seconds(2));
  EXPECT_EQ(collected.value().value(), 3);
  EXPECT_EQ(machine_.sum, 7);
}

TEST_F(EngineTest, AClockThatJumpsBackDoesNotDelayTheRetryForLong) {
  Answer answer;
  submit({.added = 1}, answer);
  engine_.poll(at(1'000'000));
  log_.fail();
  engine_.poll(at(1'000'000));
  engine_.poll(at(10));  // The clock was set back by 1,000 s.
  EXPECT_EQ(log_.given.size(), 2u);
}

TEST_F(EngineTest, NoWorkIsDoneWhileTheStoreIsUnavailable) {
  Answer answer;
  submit({.added = 1, .owed = 2}, answer);
  engine_.poll(at(1));
  EXPECT_EQ(machine_.worked_at.size(), 1u);
  log_.fail();
  EXPECT_FALSE(engine_.poll(at(2)));
  EXPECT_EQ(machine_.worked_at.size(), 1u);
  EXPECT_FALSE(engine_.is_idle());  // Nothing is in flight or queued, but somebody waits.
}

TEST_F(EngineTest, IsNotIdleWhileARefusedBatchWaitsForItsRetry) {
  engine_.submit({.added = 1}, {});  // Nobody waits for the answer.
  engine_.poll(at(1));
  log_.fail();
  engine_.poll(at(2));
  EXPECT_FALSE(engine_.is_idle());
  engine_.poll(at(1'000));
  ASSERT_EQ(log_.given.size(), 2u);
  log_.finish();
  engine_.poll(at(1'001));
  EXPECT_TRUE(engine_.is_idle());
}

TEST_F(EngineTest, LogTimeNeverDecreases) {
  Answer first, second, third;
  submit({.added = 1}, first);
  engine_.poll(at(-5'000));  // Behind the last record of the log.
  submit({.added = 1}, second);
  engine_.poll(at(500));
  submit({.added = 1}, third);
  engine_.poll(at(200));
  log_.finish();
  engine_.poll(at(200));
  EXPECT_EQ(log_.given.at(0)->records.at(0).time, at(0));
  EXPECT_EQ(log_.given.at(1)->records.at(0).time, at(500));
  EXPECT_EQ(log_.given.at(1)->records.at(1).time, at(500));
  EXPECT_EQ(machine_.decided_at, (std::vector{at(0), at(500), at(500)}));
  EXPECT_EQ(engine_.log_time(), at(500));
}

// Else a clock that was set back by an hour would stop every deadline for that hour.
TEST_F(EngineTest, LogTimeGoesOnAtHalfPaceUntilTheClockHasCaughtUp) {
  engine_.poll(at(10'000));
  engine_.poll(at(4'000));  // Set back by 6 s.
  EXPECT_EQ(engine_.log_time(), at(10'000));
  engine_.poll(at(4'400));
  EXPECT_EQ(engine_.log_time(), at(10'200));
  engine_.poll(at(9'400));  // A long pause counts as one second.
  EXPECT_EQ(engine_.log_time(), at(10'700));
  engine_.poll(at(10'600));
  EXPECT_EQ(engine_.log_time(), at(11'200));
  engine_.poll(at(11'300));
  EXPECT_EQ(engine_.log_time(), at(11'300));
}

TEST_F(EngineTest, AFullQueueRefusesAtOnce) {
  for (std::size_t count = 0; count < core::limits::commands_queued_max; ++count) {
    engine_.submit({.conduct = Conduct::refuse}, {});
  }
  Answer answer;
  submit({.added = 1}, answer);
  EXPECT_EQ(answer.value().error().reason, core::Reason::overloaded);
  engine_.poll(at(1));
  EXPECT_EQ(machine_.decided_at.size(), core::limits::commands_queued_max);
  Answer later;
  submit({.added = 1}, later);
  EXPECT_FALSE(later.has_value());
}

TEST_F(EngineTest, AFullBatchLeavesTheRestForTheNextTurn) {
  Answer first, second;
  submit({.added = 1, .owed = 1, .events = core::limits::batch_events_max / 2}, first);
  submit({.added = 1}, second);
  EXPECT_TRUE(engine_.poll(at(1)));
  ASSERT_EQ(log_.given.size(), 1u);
  EXPECT_EQ(log_.given[0]->records.size(), core::limits::batch_events_max / 2);
  EXPECT_EQ(machine_.decided_at.size(), 1u);
  EXPECT_TRUE(machine_.worked_at.empty());
  EXPECT_FALSE(engine_.poll(at(2)));
  EXPECT_EQ(machine_.decided_at.size(), 2u);
  EXPECT_EQ(machine_.worked_at.size(), 1u);
}

TEST_F(EngineTest, DoesAPieceOfWorkATurnAndSaysWhetherMoreIsLeft) {
  machine_.work_from = at(100);
  Answer answer;
  submit({.added = 1, .owed = 2}, answer);
  EXPECT_FALSE(engine_.poll(at(99)));
  EXPECT_TRUE(machine_.worked_at.empty());
  EXPECT_TRUE(engine_.poll(at(100)));
  EXPECT_FALSE(engine_.poll(at(101)));
  EXPECT_EQ(machine_.worked_at, (std::vector{at(100), at(101)}));
  EXPECT_EQ(machine_.sum, 201);
  log_.finish();
  engine_.poll(at(102));
  EXPECT_EQ(log_.given.at(1)->records.size(), 2u);  // Its events are logged like any others.
}

TEST_F(EngineTest, TheObserverHearsTheSubjectsOfWhatBecameDurable) {
  std::vector<std::vector<std::uint64_t>> heard;
  engine_.set_durable_observer([&](const auto& subjects) { heard.push_back(subjects); });
  Answer first, second, third, fourth;
  submit({.added = 1, .subject = 8}, first);
  submit({.added = 1, .subject = 3}, second);
  engine_.poll(at(1));
  submit({.added = 1}, third);  // About nothing that could be watched.
  submit({.added = 1, .subject = 9}, fourth);
  engine_.poll(at(2));
  EXPECT_TRUE(heard.empty());
  log_.fail();
  engine_.poll(at(3));
  engine_.poll(at(1'000));
  EXPECT_TRUE(heard.empty());
  log_.finish();
  engine_.set_durable_observer([&](const auto& subjects) {
    EXPECT_EQ(engine_.durable_index(), heard.empty() ? 12u : 14u);
    heard.push_back(subjects);
  });
  engine_.poll(at(2'000));
  EXPECT_EQ(heard, (std::vector<std::vector<std::uint64_t>>{{8, 3}}));
  log_.finish();
  engine_.poll(at(3'000));
  EXPECT_EQ(heard, (std::vector<std::vector<std::uint64_t>>{{8, 3}, {9}}));
}

TEST_F(EngineTest, ACommandWithoutCompletionIsDecidedAllTheSame) {
  engine_.submit({.added = 6}, {});
  engine_.poll(at(1));
  EXPECT_EQ(machine_.sum, 6);
  log_.finish();
  engine_.poll(at(2));
  EXPECT_TRUE(engine_.is_idle());
}

TEST_F(EngineTest, ACompletionMaySubmitTheNextCommand) {
  Answer second;
  engine_.submit({.added = 1}, [&](const auto&) { submit({.added = 2}, second); });
  engine_.poll(at(1));
  log_.finish();
  EXPECT_TRUE(engine_.poll(at(2)));
  engine_.poll(at(3));
  log_.finish();
  engine_.poll(at(4));
  EXPECT_EQ(second.value().value(), 3);
}

using EngineDeathTest = EngineTest;

TEST_F(EngineDeathTest, ARefusalThatHasEmittedIsAFaultOfTheMachine) {
  EXPECT_DEATH(
      {
        engine_.submit({.added = 1, .conduct = Conduct::refuse_after_emitting}, {});
        engine_.poll(at(1));
      },
      "next_ == before");
}

TEST_F(EngineDeathTest, ABatchThatCanNeverBeStoredIsAFaultOfTheMachine) {
  engine_.submit({.added = 1}, {});
  engine_.poll(at(1));
  log_.fail(core::Reason::too_large);
  EXPECT_DEATH(engine_.poll(at(2)), "too_large");
}

}  // namespace
}  // namespace intertie::engine
