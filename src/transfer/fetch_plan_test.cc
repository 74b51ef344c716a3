// The plan of a fetch against sources that cut, lie, stall and refuse: everything arrives once.
#include "intertie/transfer/fetch_plan.h"

#include <map>

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

// An independent account of what a source was asked for and what the destination holds.
struct Account {
  std::uint64_t kept = 0;
  std::uint32_t source = 0;
  bool is_done = false;
};

TEST(FetchPlan, EverythingArrivesOnceWhateverHappens) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    const auto chunks = static_cast<std::uint32_t>(1 + random.below(40));
    const auto sources = static_cast<std::uint32_t>(1 + random.below(3));
    // Source 0 is honest; the others may lie.
    const Manifest manifest = make_manifest(chunks);
    ChunkJournal journal(chunks);
    std::map<std::uint32_t, Account> accounts;
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      if (random.chance(1, 4)) {
        journal.add(chunk);
        accounts[chunk].is_done = true;
      }
    }
    FetchRules rules;
    rules.in_flight_max = static_cast<std::uint32_t>(1 + random.below(5));
    rules.in_flight_per_source_max = static_cast<std::uint32_t>(1 + random.below(4));
    FetchPlan plan(manifest, journal, sources, rules);
    core::Time now{1'000'000};
    std::map<std::uint32_t, FetchOrder> orders;
    std::map<std::uint32_t, std::set<std::uint32_t>> liars;  // By chunk.
    std::uint64_t received = 0;
    std::uint64_t repeated_at_most = 0;
    int steps = 0;
    while (!plan.is_done()) {
      ASSERT_LT(++steps, 100'000);
      ASSERT_FALSE(plan.failure().has_value()) << core::to_text(*plan.failure());
      while (const auto order = plan.start_next(now)) {
        ASSERT_FALSE(orders.contains(order->chunk));
        Account& account = accounts[order->chunk];
        ASSERT_FALSE(account.is_done);
        ASSERT_FALSE(liars[order->chunk].contains(order->source));
        const ByteSpan span = get_chunk_span(manifest, order->chunk);
        if (account.source != order->source) account.kept = 0;
        account.source = order->source;
        ASSERT_EQ(order->kept, account.kept);
        ASSERT_EQ(order->span.offset, span.offset + account.kept);
        ASSERT_EQ(order->span.length, span.length - account.kept);
        orders[order->chunk] = *order;
        ASSERT_LE(orders.size(), rules.in_flight_max);
        ASSERT_EQ(plan.in_flight(), orders.size());
      }
      if (orders.empty()) {
        const core::Time wake = plan.get_next_wake(now);
        ASSERT_GT(wake, now);
        ASSERT_NE(wake, core::kNever);
        now = wake;
        continue;
      }
      now = now + core::milliseconds(random.between(0, 200));
      auto place = orders.begin();
      std::advance(place, static_cast<std::ptrdiff_t>(random.below(orders.size())));
      const FetchOrder order = place->second;
      Account& account = accounts[order.chunk];
      const std::uint64_t left = get_chunk_span(manifest, order.chunk).length - account.kept;
      const std::uint64_t part = random.chance(1, 2) ? left : random.below(left + 1);
      plan.note_bytes(order.chunk, part, now);
      account.kept += part;
      received += part;
      if (part < left && random.chance(1, 2)) continue;  // More will come.
      orders.erase(place);
      if (part < left) {
        const bool are_lost = random.chance(1, 4);
        plan.end_failed(order.chunk, {core::Reason::unreachable, "cut"}, are_lost, now);
        if (are_lost) account.kept = 0;
        ++repeated_at_most;
      } else if (order.source > 0 && random.chance(1, 3)) {
        liars[order.chunk].insert(order.source);
        plan.end_wrong(order.chunk, now);
        account.kept = 0;
        ++repeated_at_most;
      } else {
        plan.end_verified(order.chunk);
        account.is_done = true;
      }
    }
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) EXPECT_TRUE(accounts[chunk].is_done);
    EXPECT_EQ(plan.bytes_verified(), manifest.size);
    // What came more than once is what was dropped, and no more than one chunk an incident.
    std::uint64_t wanted = manifest.size;
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      if (journal.has(chunk)) wanted -= get_chunk_span(manifest, chunk).length;
    }
    EXPECT_EQ(received, wanted + plan.bytes_wasted());
    EXPECT_LE(plan.bytes_wasted(), repeated_at_most * kChunk);
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
