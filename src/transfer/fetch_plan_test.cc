// The plan of a fetch against sources that cut, lie, stall and refuse: everything arrives once.
#include "intertie/transfer/fetch_plan.h"

#include <map>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::transfer {
namespace {

constexpr std::uint32_t kChunk = core::limits::chunk_bytes_min;

Manifest make_manifest(std::uint32_t chunks) {
  Manifest manifest;
  manifest.size = chunks == 0 ? 0 : std::uint64_t{chunks - 1} * kChunk + 1'000;
  manifest.chunk_bytes = kChunk;
  manifest.chunks.resize(chunks);
  return manifest;
}

// A fetch from sources that cut and lie, with an independent account of what was asked for and what
// the destination holds. Source 0 is honest.
class RandomFetch {
 public:
  explicit RandomFetch(std::uint64_t seed) : random_(seed) {
    const auto chunks = static_cast<std::uint32_t>(1 + random_.below(40));
    manifest_ = make_manifest(chunks);
    ChunkJournal journal(chunks);
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      accounts_[chunk].is_done = random_.chance(1, 4);
      if (accounts_[chunk].is_done) journal.add(chunk);
      if (!accounts_[chunk].is_done) wanted_ += get_chunk_span(manifest_, chunk).length;
    }
    rules_.in_flight_max = static_cast<std::uint32_t>(1 + random_.below(5));
    rules_.in_flight_per_source_max = static_cast<std::uint32_t>(1 + random_.below(4));
    const auto sources = static_cast<std::uint32_t>(1 + random_.below(3));
    plan_.emplace(manifest_, journal, sources, rules_);
  }

  void run() {
    for (int steps = 0; !plan_->is_done(); ++steps) {
      ASSERT_LT(steps, 100'000);
      ASSERT_FALSE(plan_->failure().has_value()) << core::to_text(*plan_->failure());
      while (const auto order = plan_->start_next(now_)) ASSERT_NO_FATAL_FAILURE(check(*order));
      if (!orders_.empty()) {
        step();
        continue;
      }
      const core::Time wake = plan_->get_next_wake(now_);
      ASSERT_GT(wake, now_);
      ASSERT_NE(wake, core::kNever);
      now_ = wake;
    }
    for (const auto& [chunk, account] : accounts_) EXPECT_TRUE(account.is_done) << chunk;
    EXPECT_EQ(plan_->bytes_verified(), manifest_.size);
    // What came more than once is what was dropped, and no more than one chunk an incident.
    EXPECT_EQ(received_, wanted_ + plan_->bytes_wasted());
    EXPECT_LE(plan_->bytes_wasted(), incidents_ * kChunk);
  }

 private:
  struct Account {
    std::uint64_t kept = 0;
    std::uint32_t source = 0;
    bool is_done = false;
    std::set<std::uint32_t> liars;
  };

  void check(const FetchOrder& order) {
    ASSERT_FALSE(orders_.contains(order.chunk));
    Account& account = accounts_[order.chunk];
    ASSERT_FALSE(account.is_done);
    ASSERT_FALSE(account.liars.contains(order.source));
    if (account.source != order.source) account.kept = 0;
    account.source = order.source;
    const ByteSpan span = get_chunk_span(manifest_, order.chunk);
    ASSERT_EQ(order.kept, account.kept);
    ASSERT_EQ(order.span, (ByteSpan{span.offset + account.kept, span.length - account.kept}));
    orders_[order.chunk] = order;
    ASSERT_LE(orders_.size(), rules_.in_flight_max);
    ASSERT_EQ(plan_->in_flight(), orders_.size());
  }

  // Some bytes of some order come, and perhaps its end.
  void step() {
    now_ = now_ + core::milliseconds(random_.between(0, 200));
    auto place = orders_.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(random_.below(orders_.size())));
    const FetchOrder order = place->second;
    Account& account = accounts_[order.chunk];
    const std::uint64_t left = get_chunk_span(manifest_, order.chunk).length - account.kept;
    const std::uint64_t part = random_.chance(1, 2) ? left : random_.below(left + 1);
    plan_->note_bytes(order.chunk, part, now_);
    account.kept += part;
    received_ += part;
    if (part < left && random_.chance(1, 2)) return;  // More will come.
    orders_.erase(place);
    const bool is_lie = order.source > 0 && random_.chance(1, 3);
    if (part == left && !is_lie) {
      plan_->end_verified(order.chunk);
      account.is_done = true;
      return;
    }
    ++incidents_;
    if (part == left) {
      account.liars.insert(order.source);
      plan_->end_wrong(order.chunk, now_);
      account.kept = 0;
      return;
    }
    const bool are_lost = random_.chance(1, 4);
    plan_->end_failed(order.chunk, {core::Reason::unreachable, "cut"}, are_lost, now_);
    if (are_lost) account.kept = 0;
  }

  core::Random random_;
  Manifest manifest_;
  FetchRules rules_;
  std::optional<FetchPlan> plan_;
  core::Time now_{1'000'000};
  std::map<std::uint32_t, Account> accounts_;
  std::map<std::uint32_t, FetchOrder> orders_;
  std::uint64_t wanted_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t incidents_ = 0;
};

TEST(FetchPlan, EverythingArrivesOnceWhateverHappens) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    ASSERT_NO_FATAL_FAILURE(RandomFetch(seed).run());
  }
}

TEST(FetchPlan, ACutRepeatsNothingAtTheSameSource) {
  FetchPlan plan(make_manifest(1), ChunkJournal(1), 1, {});
  const core::Time now{0};
  ASSERT_TRUE(plan.start_next(now).has_value());
  plan.note_bytes(0, 400, now);
  plan.end_failed(0, {core::Reason::unreachable, ""}, false, now);
  EXPECT_FALSE(plan.start_next(now).has_value());  // It rests.
  const core::Time later = plan.get_next_wake(now);
  EXPECT_EQ(later, now + FetchRules().backoff_first);
  EXPECT_EQ(plan.start_next(later), (FetchOrder{0, 0, {400, 600}, 400}));
}

TEST(FetchPlan, ALiarIsAskedNoMoreAndNobodyElseIsBlamed) {
  FetchPlan plan(make_manifest(9), ChunkJournal(9), 2, {});
  core::Time now{0};
  std::map<std::uint32_t, int> asked;
  while (!plan.is_done()) {
    const auto order = plan.start_next(now);
    if (!order) {
      now = plan.get_next_wake(now);
      continue;
    }
    ++asked[order->source];
    plan.note_bytes(order->chunk, order->span.length, now);
    order->source == 1 ? plan.end_wrong(order->chunk, now) : plan.end_verified(order->chunk);
    ASSERT_FALSE(plan.failure().has_value());
  }
  EXPECT_EQ(asked[0], 9);
  EXPECT_LE(asked[1], static_cast<int>(FetchPlan::kWrongChunksMax));
}

TEST(FetchPlan, GivesUpWhenNobodyIsLeft) {
  FetchPlan lying(make_manifest(2), ChunkJournal(2), 1, {});
  const core::Time now{0};
  ASSERT_TRUE(lying.start_next(now).has_value());
  lying.note_bytes(0, kChunk, now);
  lying.end_wrong(0, now);
  ASSERT_TRUE(lying.failure().has_value());
  EXPECT_EQ(lying.failure()->reason, core::Reason::bad_digest);
  EXPECT_FALSE(lying.start_next(now + core::hours(1)).has_value());

  FetchPlan gone(make_manifest(2), ChunkJournal(2), 2, {});
  gone.drop_source(0, {core::Reason::not_found, "a"});
  EXPECT_FALSE(gone.failure().has_value());
  gone.drop_source(1, {core::Reason::denied, "b"});
  ASSERT_TRUE(gone.failure().has_value());
  EXPECT_EQ(gone.failure()->reason, core::Reason::denied);

  FetchRules rules;
  rules.failures_max = 5;
  FetchPlan failing(make_manifest(1), ChunkJournal(1), 1, rules);
  core::Time time{0};
  int failures = 0;
  while (!failing.failure()) {
    if (failing.start_next(time)) {
      failing.end_failed(0, {core::Reason::unreachable, ""}, false, time);
      ++failures;
    }
    time = failing.get_next_wake(time);
  }
  EXPECT_EQ(failures, 5);
}

TEST(FetchPlan, GivesUpAfterFailuresWithoutProgressOrWhenToldAtTheFirstSlowOne) {
  const core::Error broken{core::Reason::unreachable, "cut"};
  const core::Error slow{core::Reason::timed_out, "slow"};
  FetchRules rules;
  rules.failures_max = 3;
  core::Time now{0};
  // Each cut comes in the middle of two chunks: none is verified, and it goes on.
  FetchPlan plan(make_manifest(3), ChunkJournal(3), 1, rules);
  for (int cut = 0; cut < 3; ++cut) {
    for (const std::uint32_t chunk : {0u, 1u}) {
      ASSERT_EQ(plan.start_next(now)->chunk, chunk);
      plan.note_bytes(chunk, kChunk * 3 / 10, now);
    }
    for (const std::uint32_t chunk : {0u, 1u}) plan.end_failed(chunk, broken, false, now);
    EXPECT_FALSE(plan.failure().has_value()) << cut;
    now = now + core::minutes(1);
  }
  // Without any bytes the third failure is the last.
  FetchPlan silent(make_manifest(2), ChunkJournal(2), 1, rules);
  for (int cut = 0; cut < 3; ++cut) {
    ASSERT_FALSE(silent.failure().has_value());
    const auto order = silent.start_next(now);
    ASSERT_TRUE(order.has_value());
    silent.end_failed(order->chunk, broken, false, now);
    now = now + core::minutes(1);
  }
  EXPECT_TRUE(silent.failure().has_value());
  rules.slow_max = 1;
  FetchPlan impatient(make_manifest(2), ChunkJournal(2), 1, rules);
  ASSERT_TRUE(impatient.start_next(now).has_value());
  impatient.note_bytes(0, 1, now);
  impatient.end_failed(0, broken, false, now);
  EXPECT_FALSE(impatient.failure().has_value());
  now = now + core::minutes(1);
  ASSERT_TRUE(impatient.start_next(now).has_value());
  impatient.end_failed(0, slow, false, now);
  EXPECT_EQ(impatient.failure()->reason, core::Reason::timed_out);
}

TEST(FetchPlan, ASlowSourceIsNoticedAfterAWindowAndAFastOneNot) {
  FetchRules rules;
  rules.bytes_per_second_min = 100;
  rules.rate_window = core::seconds(10);
  FetchPlan plan(make_manifest(2), ChunkJournal(2), 1, rules);
  core::Time now{0};
  ASSERT_EQ(plan.start_next(now)->chunk, 0u);
  ASSERT_EQ(plan.start_next(now)->chunk, 1u);
  for (int second = 1; second < 10; ++second) {
    now = now + core::seconds(1);
    plan.note_bytes(0, 100, now);  // Exactly the minimum.
    plan.note_bytes(1, 10, now);   // Too little (chunk 1 is small, but not done).
    EXPECT_TRUE(plan.list_slow(now).empty());
  }
  now = now + core::seconds(1);
  plan.note_bytes(0, 100, now);
  EXPECT_EQ(plan.list_slow(now), (std::vector<std::uint32_t>{1}));
  // A burst long ago does not help for ever: each window counts for itself.
  plan.note_bytes(0, 5'000, now);
  now = now + core::seconds(10);
  plan.note_bytes(0, 1, now);
  now = now + core::seconds(10);
  EXPECT_EQ(plan.list_slow(now), (std::vector<std::uint32_t>{0, 1}));
}

TEST(FetchPlan, AnEmptyOrCompleteDatasetNeedsNoSource) {
  EXPECT_TRUE(FetchPlan(make_manifest(0), ChunkJournal(0), 0, {}).is_done());
  ChunkJournal all(1);
  all.add(0);
  const FetchPlan plan(make_manifest(1), all, 0, {});
  EXPECT_TRUE(plan.is_done());
  EXPECT_FALSE(plan.failure().has_value());
  EXPECT_TRUE(FetchPlan(make_manifest(1), ChunkJournal(1), 0, {}).failure().has_value());
}

}  // namespace
}  // namespace intertie::transfer
