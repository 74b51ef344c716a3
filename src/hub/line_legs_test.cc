// Rates reserved on lines: with the cards, by whoever sends, and never more than there is.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/hub/explanation.h"
#include "intertie/hub/line_key.h"

#include "state_codec.h"
#include "test_lines.h"

namespace intertie::hub {
namespace {

using core::Bytes;
using core::Reason;

constexpr std::int64_t kHuge = 10'000'000'000;  // Bytes: wishes for all that one may have.

// The data lies at home, and only the other region computes; 100 Mbit/s lead there.
class DataAtHome : public TwoRegions {
 protected:
  DataAtHome() {
    topology::Pool pool = TestWorld::make_pool(16);
    pool.region = "42";
    far = away.join("far", pool);
    away.measure(*far);
    home.must(RegisterLine{home.sign(home.make_record("42"))});
    tell(away.make_beacon(true));
    engine::ChannelHello hello;
    hello.incarnation = "away";
    hello.sent_hash = hello.received_hash = crypto::to_text(crypto::Digest{});
    home.must(OpenPeerChannel{0, hello});
  }

  std::uint64_t submit(std::int64_t bytes, const std::vector<std::string>& regions = {"22"}) {
    JobDocument document = TestWorld::make_document();
    DataIn input;
    input.from = "sha256:" + std::string(64, 'a');
    input.to = "in";
    input.size = Bytes{bytes};
    input.regions = regions;
    document.data.in = {input};
    const auto job = home.submit(document);
    EXPECT_TRUE(job.has_value()) << core::to_text(job.error());
    return job->job;
  }

  void answer(const PeerMessage& message) {
    AcceptPeerRows rows;
    rows.incarnation = "away";
    rows.first = ++told;
    rows.payloads = {codec::to_cbor(message)};
    rows.attachments = {""};
    home.must(std::move(rows));
  }

  const State& state() { return home.machine().state(); }
  const Job& get_job(std::uint64_t number) { return *state().find_job(number); }
  std::int64_t count_reserved(const std::string& to = "42") {
    std::int64_t sum = 0;
    for (const auto& [number, leg] : state().line_legs) {
      if (leg.to == to) sum += leg.bits_per_second;
    }
    return sum;
  }

  std::unique_ptr<TestWorld::TestSite> far;
  std::uint64_t told = 0;
};

TEST_F(DataAtHome, AJobThatIsSentAwayReservesItsShareInTheSameDecision) {
  const std::uint64_t job = submit(kHuge);
  EXPECT_EQ(get_job(job).phase, JobPhase::asked);
  ASSERT_EQ(state().line_legs.size(), 1u);
  const LineReserved& leg = state().line_legs.begin()->second;
  EXPECT_EQ(leg.to, "42");
  EXPECT_EQ(leg.key, "22/" + std::to_string(get_job(job).offer));
  EXPECT_EQ(leg.size.count, kHuge);
  EXPECT_EQ(leg.bits_per_second,
            40'000'000);  // Half of the 80 % that may be reserved.
  EXPECT_EQ(leg.from, home.now);
  EXPECT_EQ(state().find_leg("42", leg.key), &leg);
  const auto reader = home.store().open_reader().value();
  const auto body = reader->read_body(home.durable());  // Of OfferAsked, the last record.
  const auto read = codec::from_json<Explanation>(body->bytes, codec::Boundary::tolerant);
  ASSERT_TRUE(read.has_value() && read->line.has_value());
  EXPECT_EQ(read->line->bits_per_second, 40'000'000);
  EXPECT_EQ(read->line->until, leg.until);
}

TEST_F(DataAtHome, WhatDoesNotCrossTheLineReservesNothing) {
  submit(core::limits::line_leg_bytes_min.count - 1);
  submit(kHuge, {"42"});
  submit(kHuge, {"22", "42"});
  submit(kHuge, {"52"});
  EXPECT_TRUE(state().line_legs.empty());
  submit(core::limits::line_leg_bytes_min.count);
  EXPECT_EQ(state().line_legs.size(), 1u);
}

TEST_F(DataAtHome, AFullLineMakesJobsWaitUntilATransferHasEnded) {
  const std::uint64_t first = submit(kHuge);
  for (int more = 0; more < 3; ++more) submit(kHuge);
  const std::uint64_t last = submit(kHuge);
  EXPECT_EQ(count_reserved(), 75'000'000);  // 40, 20, 10 and 5; the next would be too little.
  EXPECT_EQ(get_job(last).phase, JobPhase::waiting);
  EXPECT_EQ(state().offers.size(), 4u);
  const JobShape& shape = state().shapes[get_job(last).shape];
  const auto verdicts = home.machine().explain_pools(shape, core::kNever, home.now);
  EXPECT_EQ(verdicts.at(0).reason, Reason::line_full);
  // There is room for less data, and for none.
  EXPECT_EQ(get_job(submit(core::limits::line_leg_bytes_min.count)).phase, JobPhase::asked);
  EXPECT_EQ(get_job(submit(1)).phase, JobPhase::asked);
  const std::uint64_t offer = get_job(first).offer;
  answer(ReserveGranted{offer, home.now + core::seconds(60)});
  EXPECT_EQ(get_job(last).phase, JobPhase::waiting);
  answer(OfferBegan{offer, home.now});  // Its inputs are there.
  EXPECT_EQ(state().find_leg("42", make_leg_key("22", offer)), nullptr);
  EXPECT_EQ(get_job(last).phase, JobPhase::asked);
}

TEST_F(DataAtHome, AJobThatWaitsForTheLineGoesWhenAnybodysShareIsOver) {
  for (int key = 1; key <= 4; ++key) {
    home.must(ReserveLine{"42", "52/" + std::to_string(key), Bytes{kHuge}});
  }
  const std::uint64_t job = submit(kHuge);
  EXPECT_EQ(get_job(job).phase, JobPhase::waiting);
  home.must(ReleaseLine{"42", "52/2"});
  EXPECT_EQ(get_job(job).phase, JobPhase::asked);
}

TEST_F(DataAtHome, ARefusalGivesTheShareBack) {
  const std::uint64_t job = submit(kHuge);
  submit(kHuge);
  EXPECT_EQ(count_reserved(), 60'000'000);
  answer(ReserveRefused{get_job(job).offer, Reason::credit_exhausted, ""});
  EXPECT_EQ(count_reserved(), 20'000'000);
  // Nor does one that is not answered keep it.
  home.advance(core::limits::offer_answer_max + core::seconds(2));
  EXPECT_TRUE(state().line_legs.empty());
}

TEST_F(DataAtHome, AnAttemptThatNeverBeginsGivesTheShareBack) {
  const std::uint64_t job = submit(kHuge);
  const std::uint64_t offer = get_job(job).offer;
  answer(ReserveGranted{offer, home.now + core::seconds(60)});
  EXPECT_EQ(state().line_legs.size(), 1u);
  answer(OfferOver{offer, Reason::staging_failed, 0, home.now, true});
  EXPECT_EQ(state().find_leg("42", make_leg_key("22", offer)), nullptr);
}

TEST_F(DataAtHome, WhoeverSendsReservesForOthersToo) {
  const Bytes size{7'500'000};
  EXPECT_EQ(home.ask(ReserveLine{"52", "52/9", size}).error().reason, Reason::not_found);
  EXPECT_EQ(home.ask(ReserveLine{"42", "", size}).error().reason, Reason::bad_field);
  home.must(ReserveLine{"42", "52/9", size});
  home.must(ReserveLine{"42", "52/9", size});
  ASSERT_EQ(state().line_legs.size(), 1u);
  EXPECT_EQ(count_reserved(), 1'000'000);
  home.must(ReserveLine{"42", "52/10", Bytes{1}});
  EXPECT_EQ(state().line_legs.size(), 1u);
  home.must(ReleaseLine{"42", "52/10"});
  home.must(ReleaseLine{"42", "52/9"});
  home.must(ReleaseLine{"42", "52/9"});
  EXPECT_TRUE(state().line_legs.empty());
  EXPECT_EQ(state().next_line_leg, 2u);
}

TEST_F(DataAtHome, ALegEndsWithItsTimeAlsoAfterARestart) {
  home.must(ReserveLine{"42", "52/9", Bytes{7'500'000}});
  const LineReserved leg = state().line_legs.begin()->second;
  State copy;
  ASSERT_TRUE(decode_hub_state(home.machine().encode_state(), copy).has_value());
  ASSERT_NE(copy.find_leg("42", "52/9"), nullptr);
  EXPECT_EQ(*copy.find_leg("42", "52/9"), leg);
  EXPECT_EQ(copy.leg_expiries.size(), 1u);
  EXPECT_EQ(copy.next_line_leg, 2u);
  home.restart();
  ASSERT_NE(state().find_leg("42", "52/9"), nullptr);
  while (home.now < leg.until) {
    EXPECT_EQ(state().line_legs.size(), 1u);
    home.advance(core::seconds(30));
  }
  home.advance(core::seconds(2));
  EXPECT_TRUE(state().line_legs.empty());
  EXPECT_TRUE(state().legs_of_keys.empty());
  EXPECT_TRUE(state().leg_expiries.empty());
}

TEST_F(DataAtHome, ALineThatCarriesLessKeepsItsOldestLegs) {
  for (int key = 1; key <= 3; ++key) {
    home.must(ReserveLine{"42", "52/" + std::to_string(key), Bytes{75'000'000}});  // 10 Mbit/s.
  }
  EXPECT_EQ(count_reserved(), 30'000'000);
  home.must(RegisterLine{home.sign(home.make_record("42", 2, 25'000'000))});
  EXPECT_EQ(count_reserved(), 20'000'000);
  EXPECT_EQ(state().find_leg("42", "52/3"), nullptr);
  EXPECT_NE(state().find_leg("42", "52/1"), nullptr);
}

// Two lines, whose figures change, and transfers that come, end and run out at random.
TEST_F(DataAtHome, NoMoreIsEverReservedThanTheLinesCarry) {
  core::Random random(7);
  std::map<std::string, std::int64_t> bandwidths = {{"42", 100'000'000}, {"52", 1'000'000}};
  std::map<std::string, std::int64_t> versions = {{"42", 1}, {"52", 1}};
  home.must(RegisterLine{home.sign(home.make_record("52", 1, bandwidths["52"], 1))});
  std::size_t most = 0;
  for (int step = 0; step < 400; ++step) {
    const std::string to = random.chance(1, 2) ? "42" : "52";
    const std::string key = "61/" + std::to_string(random.between(1, 40));
    switch (random.below(8)) {
      case 0:
        home.must(ReleaseLine{to, key});
        break;
      case 1:
        home.advance(core::seconds(random.between(1, 40)));
        break;
      case 2:
        bandwidths[to] = random.between(1, 50) * 1'000'000;
        home.must(RegisterLine{
            home.sign(home.make_record(to, ++versions[to], bandwidths[to], to == "42" ? 0 : 1))});
        break;
      case 3:
        submit(random.between(1, 100) * 10'000'000);
        break;
      default:
        home.must(ReserveLine{to, key, Bytes{random.between(1, 1'000) * 1'000'000}});
    }
    most = std::max(most, state().line_legs.size());
    for (const auto& [region, bandwidth] : bandwidths) {
      ASSERT_LE(count_reserved(region), bandwidth * 8 / 10) << "step " << step;
    }
    ASSERT_EQ(state().line_legs.size(), state().legs_of_keys.size());
    ASSERT_EQ(state().line_legs.size(), state().leg_expiries.size());
  }
  EXPECT_GT(most, 5u);
}

}  // namespace
}  // namespace intertie::hub
