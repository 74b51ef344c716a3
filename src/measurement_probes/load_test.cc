// Rates from work whose amount and time are known.
#include "load.h"

#include <time.h>

#include <atomic>

#include <gtest/gtest.h>

namespace intertie::measurement_probes {
namespace {

TEST(Spread, IsMedianAndExtremes) {
  EXPECT_EQ(compute_spread({5, 1, 9, 3, 7}), (measurement::Spread{5, 1, 9}));
  EXPECT_EQ(compute_spread({4}), (measurement::Spread{4, 4, 4}));
  EXPECT_EQ(compute_spread({4, 1, 3, 2}), (measurement::Spread{2, 1, 4}));
}

TEST(Rate, IsCountPerSecond) {
  EXPECT_EQ(compute_rate(1000, 500'000'000), 2000);
  EXPECT_EQ(compute_rate(INT64_MAX, 1), INT64_MAX);
  EXPECT_EQ(compute_rate(5, 0), 0);
}

/// Burns CPU until told otherwise; counts one unit a chunk.
class CountingLoad final : public Load {
 public:
  void prepare(int) override { ++prepared; }
  std::int64_t run_chunk(int) override {
    ++chunks;
    for (int i = 0; i < 10'000; ++i) asm volatile("");
    return 1000;
  }
  bool is_correct(int thread) const override { return thread != wrong_thread; }

  std::atomic<int> prepared = 0;
  std::atomic<int> chunks = 0;
  int wrong_thread = -1;
};

TEST(Load, RunsEveryThreadAndMarksWhatItFound) {
  CountingLoad load;
  const auto figure = measure_load(load, {3, 5, core::milliseconds(4)});
  ASSERT_TRUE(figure);
  EXPECT_EQ(load.prepared, 3);
  EXPECT_GE(load.chunks, 3 * 6);
  EXPECT_EQ(figure->threads, 3);
  EXPECT_EQ(figure->repeats, 5);
  EXPECT_GT(figure->per_cpu_second.low, 0);
  EXPECT_GT(figure->wall_clock.low, 0);
  EXPECT_LE(figure->cpu_per_wall_permille, 1000);
  EXPECT_EQ(figure->contended,
            figure->cpu_per_wall_permille < measurement::contended_below_permille);
  // Threads together in a second of real time cannot beat each in a second of its own CPU time.
  EXPECT_LE(figure->wall_clock.high, 3 * figure->per_cpu_second.high * 11 / 10);
}

TEST(Load, SleepingWorkIsContended) {
  class Sleeping final : public Load {
    void prepare(int) override {}
    std::int64_t run_chunk(int) override {
      const timespec pause{0, 2'000'000};
      ::nanosleep(&pause, nullptr);
      return 1;
    }
    bool is_correct(int) const override { return true; }
  };
  Sleeping load;
  const auto figure = measure_load(load, {1, 5, core::milliseconds(4)});
  ASSERT_TRUE(figure);
  EXPECT_TRUE(figure->contended);
  EXPECT_LT(figure->wall_clock.median, figure->per_cpu_second.median);
}

TEST(Load, OneWrongThreadSpoilsTheFigure) {
  CountingLoad load;
  load.wrong_thread = 1;
  const auto figure = measure_load(load, {2, 5, core::milliseconds(1)});
  ASSERT_FALSE(figure);
  EXPECT_EQ(figure.error().reason, core::Reason::internal);
}

}  // namespace
}  // namespace intertie::measurement_probes
