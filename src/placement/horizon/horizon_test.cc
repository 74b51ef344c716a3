// The horizon against a plain array of slots, and promises against a replay of who runs when.
#include "intertie/placement/horizon/horizon.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/placement/horizon/conservative_backfill.h"

namespace intertie::placement::horizon {
namespace {

/// Free amounts of every slot there will ever be.
struct PlainSlots {
  std::vector<std::int64_t> free;

  void add(Slot from, Slot to, std::int64_t change) {
    for (Slot slot = std::max<Slot>(from, 0); slot < to; ++slot) {
      free[static_cast<std::size_t>(slot)] += change;
    }
  }
  std::int64_t find_least(Slot from, Slot to) const {
    return *std::min_element(free.begin() + from, free.begin() + to);
  }
  std::optional<Slot> find_earliest(std::int64_t amount, std::int64_t duration, Slot from,
                                    Slot end) const {
    for (Slot start = from; start + duration <= end; ++start) {
      if (find_least(start, start + duration) >= amount) return start;
    }
    return std::nullopt;
  }
};

TEST(Horizon, AgreesWithAPlainArray) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const std::int64_t slots = random.between(1, 40);
    const Slot first = random.between(0, 50);
    Horizon horizon(100, first, slots);
    PlainSlots plain{std::vector<std::int64_t>(1'000, 100)};
    for (int step = 0; step < 150; ++step) {
      const Slot begin = horizon.begin();
      const Slot from = begin + random.between(-3, slots + 20);
      const Slot to = from + random.between(0, slots + 20);
      const std::int64_t amount = random.between(-40, 40);
      switch (random.below(5)) {
        case 0:
          horizon.add(from, to, amount);
          plain.add(from, to, amount);
          break;
        case 1:
          horizon.advance(begin + random.between(0, 3));
          break;
        case 2:
          horizon.change_capacity(amount, from);
          plain.add(std::max(from, begin), 1'000, amount);
          break;
        default:
          const Slot low = begin + random.between(0, slots - 1);
          const Slot high = random.between(low + 1, horizon.end());
          ASSERT_EQ(horizon.find_least(low, high), plain.find_least(low, high));
          const std::int64_t duration = random.between(1, slots + 1);
          const std::int64_t wanted = random.between(0, 130);
          ASSERT_EQ(horizon.find_earliest(wanted, duration, from),
                    plain.find_earliest(wanted, duration, std::max(from, begin), horizon.end()));
      }
    }
  }
}

/// A day of jobs that end early, with capacity lost and returned.
class BackfillWorld {
 public:
  explicit BackfillWorld(std::uint64_t seed) : random_(seed) {}

  void run() {
    for (now_ = 0; now_ < 200; ++now_) {
      plan_.advance(now_);
      for (int i = 0; i < 2; ++i) step();
      if (now_ % 3 == 0) expect_only_forward(plan_.compress(now_));
      expect_within_capacity();
    }
  }

 private:
  struct Known {
    Claim claim;
    std::optional<Slot> start;
  };

  void step() {
    if (random_.chance(1, 3) && !known_.empty()) {  // Somebody ends early or is withdrawn.
      auto at = known_.begin();
      std::advance(at, random_.below(known_.size()));
      plan_.finish(at->first, now_);
      known_.erase(at);
    } else if (random_.chance(1, 12)) {
      const std::int64_t change = capacity_ < 100 ? 100 - capacity_ : -random_.between(1, 60);
      capacity_ += change;
      for (const Promise& promise : plan_.change_capacity(change, now_)) {
        known_.at(promise.job).start = promise.start;
      }
    } else {
      const Claim claim{random_.between(1, 60), random_.between(1, 30),
                        now_ + random_.between(0, 5)};
      const std::optional<Slot> expected =
          plan_.horizon().find_earliest(claim.amount, claim.duration, claim.not_before);
      const std::optional<Slot> start = plan_.add(++last_id_, claim);
      EXPECT_EQ(start, expected) << "who comes last delays nobody";
      known_.emplace(last_id_, Known{claim, start});
    }
  }

  void expect_only_forward(const std::vector<Promise>& promises) {
    for (const Promise& promise : promises) {
      std::optional<Slot>& start = known_.at(promise.job).start;
      ASSERT_TRUE(promise.start);
      EXPECT_TRUE(!start || *promise.start < *start);
      EXPECT_TRUE(!start || *start > now_) << "a running job was moved";
      start = promise.start;
    }
  }

  /// Adds up all promises; capacity lost below what runs may be exceeded by the running alone.
  void expect_within_capacity() {
    std::map<Slot, std::int64_t> used;
    std::map<Slot, std::int64_t> running;
    for (const auto& [id, job] : known_) {
      ASSERT_EQ(job.start.has_value() && *job.start + job.claim.duration <= now_, false) << id;
      if (!job.start) continue;
      EXPECT_GE(*job.start, job.claim.not_before);
      for (Slot slot = *job.start; slot < *job.start + job.claim.duration; ++slot) {
        used[slot] += job.claim.amount;
        if (*job.start <= now_) running[slot] += job.claim.amount;
      }
    }
    for (const auto& [slot, amount] : used) {
      if (slot < now_) continue;
      EXPECT_LE(amount, std::max(capacity_, running[slot])) << slot;
      if (slot < plan_.horizon().end()) {
        EXPECT_EQ(plan_.horizon().find_least(slot, slot + 1), capacity_ - amount) << slot;
      }
    }
    std::erase_if(known_, [this](const auto& item) {
      return item.second.start && *item.second.start + item.second.claim.duration <= now_ + 1;
    });
  }

  core::Random random_;
  ConservativeBackfill plan_{Horizon(100, 0, 96)};
  std::map<std::uint64_t, Known> known_;
  std::uint64_t last_id_ = 0;
  std::int64_t capacity_ = 100;
  Slot now_ = 0;
};

TEST(ConservativeBackfill, KeepsPromisesWithinTheCapacity) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    BackfillWorld(seed).run();
  }
}

TEST(ConservativeBackfill, SmallJobsOvertakeWithoutDelay) {
  ConservativeBackfill plan{Horizon(8, 0, 100)};
  EXPECT_EQ(plan.add(1, {6, 10, 0}), 0);   // Runs.
  EXPECT_EQ(plan.add(2, {8, 5, 0}), 10);   // Waits for all cards.
  EXPECT_EQ(plan.add(3, {2, 10, 0}), 0);   // Fits beside the first, before the second.
  EXPECT_EQ(plan.add(4, {2, 11, 0}), 15);  // Would delay the second.
  EXPECT_EQ(plan.add(5, {1, 101, 0}), std::nullopt);
  plan.finish(1, 4);
  EXPECT_EQ(plan.compress(4), (std::vector<Promise>{}));  // The third still runs until 10.
  plan.finish(3, 5);
  EXPECT_EQ(plan.compress(5), (std::vector<Promise>{{2, 5}, {4, 10}}));
  EXPECT_EQ(plan.get_start(5), std::nullopt);
}

}  // namespace
}  // namespace intertie::placement::horizon
