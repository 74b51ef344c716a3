// Lines between regions: who may register them, what beacons say of them, and what jobs make of it.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "state_codec.h"
#include "test_lines.h"

namespace intertie::hub {
namespace {

using core::Money;
using core::Reason;
using topology::RegionLines;

TEST_F(TwoRegions, OnlyTheSendingHubRegistersTheNextVersion) {
  const auto refusal = [&](const LineRecord& record, const LineHub& signer) {
    const auto reply = home.ask(RegisterLine{signer.sign(record)});
    return reply ? Reason::internal : reply.error().reason;
  };
  LineRecord record = home.make_record("42");
  EXPECT_EQ(refusal(record, away), Reason::bad_signature);
  EXPECT_EQ(refusal(away.make_record("22"), home), Reason::denied);
  EXPECT_EQ(refusal(home.make_record("42", 2), home), Reason::stale_sequence);
  EXPECT_EQ(refusal(home.make_record("42", 1, 0), home), Reason::out_of_range);
  EXPECT_EQ(refusal(home.make_record("42", 1, 1, 7), home), Reason::bad_field);
  EXPECT_TRUE(home.machine().state().lines.empty());
  EXPECT_EQ(record.line.identifier.substr(0, 3), "22T");

  home.must(RegisterLine{home.sign(record)});
  EXPECT_EQ(home.get_terms({"22", "42"}), (topology::LineTerms{100'000'000, 20, Money{50'000}}));
  EXPECT_EQ(refusal(record, home), Reason::stale_sequence);
  home.must(RegisterLine{home.sign(home.make_record("52", 1, 5, 1))});
  home.must(RegisterLine{home.sign(home.make_record("42", 2, 7))});
  EXPECT_EQ(home.get_terms({"22", "42"}).bits_per_second, 7);
  ASSERT_EQ(home.machine().state().lines.size(), 2u);
  EXPECT_NE(home.machine().state().lines[0].line.identifier,
            home.machine().state().lines[1].line.identifier);
}

TEST_F(TwoRegions, ARetiredLineIsNoLineAnywhere) {
  const auto retire = [&](std::int64_t seq) {
    LineRecord record = away.make_record("22", seq);
    record.status = kLineRetired;
    return away.ask(RegisterLine{away.sign(record)});
  };
  EXPECT_EQ(retire(1).error().reason, Reason::not_found);
  away.must(RegisterLine{away.sign(away.make_record("22"))});
  away.must(ReserveLine{"22", "22/9", core::Bytes{7'500'000}});
  ASSERT_EQ(away.machine().state().line_legs.size(), 1u);
  tell(away.make_beacon());
  ASSERT_NE(home.machine().lines().find({"42", "22"}), nullptr);
  const std::uint64_t leaves = away.machine().state().public_log.frontier.size();
  EXPECT_EQ(retire(1).error().reason, Reason::stale_sequence);
  ASSERT_TRUE(retire(2).has_value());
  EXPECT_EQ(away.machine().state().public_log.frontier.size(), leaves + 1);
  // Nothing is reserved of it, nobody reckons with it, and peers are told.
  EXPECT_TRUE(away.machine().state().line_legs.empty());
  EXPECT_EQ(away.machine().state().find_line("22"), nullptr);
  EXPECT_EQ(away.ask(ReserveLine{"22", "22/9", core::Bytes{7'500'000}}).error().reason,
            Reason::not_found);
  EXPECT_TRUE(away.machine().lines().rows().empty());
  tell(away.make_beacon());
  EXPECT_EQ(home.machine().lines().find({"42", "22"}), nullptr);
  // A hub that was away hears of it, too; and so it is after a restart.
  EXPECT_EQ(away.make_beacon(true).lines.size(), 1u);
  away.restart();
  EXPECT_TRUE(away.machine().lines().rows().empty());
  State copy;
  ASSERT_TRUE(decode_hub_state(away.machine().encode_state(), copy).has_value());
  EXPECT_EQ(copy.find_line("22"), nullptr);
  EXPECT_EQ(retire(3).error().reason, Reason::not_found);
  // The next version may bring it back under its identifier.
  away.must(RegisterLine{away.sign(away.make_record("22", 3, 7))});
  tell(away.make_beacon());
  EXPECT_EQ(home.get_terms({"42", "22"}).bits_per_second, 7);
}

TEST_F(TwoRegions, ALineIsActiveOrRetired) {
  LineRecord record = home.make_record("42");
  record.status = "gone";
  EXPECT_EQ(home.ask(RegisterLine{home.sign(record)}).error().reason, Reason::bad_field);
  // As hubs wrote records before there was a status.
  std::string payload = codec::to_json(home.make_record("42"));
  const std::string status = R"(,"status":"active")";
  ASSERT_NE(payload.find(status), std::string::npos) << payload;
  payload.erase(payload.find(status), status.size());
  home.must(RegisterLine{identity::seal_envelope(kLineRecordType, payload, home.key).value()});
  EXPECT_NE(home.machine().state().find_line("42"), nullptr);
}

TEST_F(TwoRegions, LinesSurviveRestartsAndSnapshots) {
  home.must(RegisterLine{home.sign(home.make_record("42"))});
  const std::vector<LineRegistered> lines = home.machine().state().lines;
  State copy;
  ASSERT_TRUE(decode_hub_state(home.machine().encode_state(), copy).has_value());
  EXPECT_EQ(copy.lines, lines);
  home.restart();
  EXPECT_EQ(home.machine().state().lines, lines);
  EXPECT_EQ(home.get_terms({"22", "42"}).bits_per_second, 100'000'000);
}

TEST_F(TwoRegions, EveryVersionIsALeafOfThePublicLog) {
  const std::uint64_t before = home.machine().state().public_log.frontier.size();
  const LineRecord record = home.make_record("42");
  const std::string envelope = home.sign(record);
  const LineRegistered event{record.line, 1, envelope, crypto::compute_sha256(envelope)};
  const auto leaf = find_public_leaf(home.machine().state(), event, home.now);
  ASSERT_TRUE(leaf.has_value());
  EXPECT_EQ(leaf->kind, LeafKind::line);
  EXPECT_EQ(leaf->subject, record.line.identifier);
  EXPECT_EQ(leaf->digest, crypto::to_text(crypto::compute_sha256(envelope)));
  home.must(RegisterLine{envelope});
  EXPECT_EQ(home.machine().state().public_log.frontier.size(), before + 1);
}

TEST_F(TwoRegions, BeaconsTellOfLinesOnce) {
  away.must(RegisterLine{away.sign(away.make_record("22"))});
  Beacon beacon = away.make_beacon();
  ASSERT_EQ(beacon.lines.size(), 1u);
  tell(beacon);
  EXPECT_EQ(home.get_terms({"42", "22"}), (topology::LineTerms{100'000'000, 20, Money{50'000}}));
  EXPECT_EQ(away.make_beacon().number, 0u);  // No news.
  away.must(RegisterLine{away.sign(away.make_record("22", 2, 7))});
  beacon = away.make_beacon();
  ASSERT_EQ(beacon.lines.size(), 1u);
  tell(beacon);
  EXPECT_EQ(home.get_terms({"42", "22"}).bits_per_second, 7);
  EXPECT_EQ(away.make_beacon(true).lines.size(), 1u);
}

TEST_F(TwoRegions, TheReceiverMeasuresAndEverybodyReckonsWithIt) {
  home.must(RegisterLine{home.sign(home.make_record("42"))});
  EXPECT_FALSE(away.ask(NoteLine{"42", 1, {}}).has_value());
  away.must(NoteLine{"22", 30'000'000, core::milliseconds(35)});
  away.advance(core::seconds(3));
  Beacon beacon = away.make_beacon();
  ASSERT_EQ(beacon.measured.size(), 1u);
  EXPECT_EQ(beacon.measured[0].age, core::seconds(3));
  tell(beacon);
  EXPECT_EQ(home.get_terms({"22", "42"}), (topology::LineTerms{30'000'000, 35, Money{50'000}}));
  EXPECT_EQ(away.make_beacon().number, 0u);
  // It grows old at the reader, by the age that it had.
  const core::Duration fresh = core::limits::line_rate_fresh - core::seconds(3);
  EXPECT_EQ(home.machine().lines().get_terms({"22", "42"}, home.now + fresh).bits_per_second,
            100'000'000);
  // Whoever is silent has measured nothing.
  home.advance(core::limits::beacon_lifetime + core::seconds(2));
  EXPECT_EQ(home.get_terms({"22", "42"}), (topology::LineTerms{100'000'000, 20, Money{50'000}}));
}

TEST_F(TwoRegions, NobodySpeaksForTheLinesOfOthers) {
  Beacon beacon = away.make_beacon(true);
  LineRecord stolen = away.make_record("22");
  stolen.line.from = "52";
  LineRecord foreign = away.make_record("22");
  foreign.line.owner = home.id;
  beacon.lines = {home.sign(away.make_record("22")), away.sign(stolen), away.sign(foreign), "x"};
  beacon.measured = {{"42", 5, {}, {}}, {"522", 5, {}, {}}, {"52", -5, {}, core::Duration{-1}}};
  tell(beacon);
  EXPECT_TRUE(home.machine().lines().rows().empty());
  beacon.number = 0;
  beacon.lines.assign(core::limits::peers_max + 1, "");
  EXPECT_FALSE(home.ask(AcceptBeacon{0, beacon}).has_value());
}

// Computing is dear where the data lies, and cheap at home.
class DataFarAway : public TwoRegions {
 protected:
  DataFarAway() {
    topology::Pool cheap = TestWorld::make_pool(2);
    cheap.price.per_cpu_hour = Money{360'000};
    near = home.join("near", cheap);
    home.measure(*near);
    topology::Pool dear = TestWorld::make_pool(2);
    dear.region = "42";
    far = away.join("far", dear);
    away.measure(*far);
    LineRecord record = away.make_record("22");
    away.must(RegisterLine{away.sign(record)});
    tell(away.make_beacon(true));
  }

  static JobDocument make_document(core::Bytes size) {
    JobDocument document = TestWorld::make_document();
    DataIn input;
    input.from = "sha256:" + std::string(64, 'a');
    input.to = "in";
    input.size = size;
    input.regions = {"42"};
    document.data.in = {input};
    return document;
  }

  bool is_sent_away(const JobDocument& document) {
    const auto job = home.submit(document);
    EXPECT_TRUE(job.has_value()) << core::to_text(job.error());
    return home.machine().state().find_job(job->job)->phase == JobPhase::asked;
  }

  std::unique_ptr<TestWorld::TestSite> near;
  std::unique_ptr<TestWorld::TestSite> far;
};

// Ten minutes cost 0.06 at home and 0.60 there; a gigabyte to home costs 0.05.
TEST_F(DataFarAway, AHeavyInputDrawsTheJobAndALightOneDoesNot) {
  EXPECT_TRUE(is_sent_away(make_document(core::Bytes{11'000'000'000})));
  EXPECT_FALSE(is_sent_away(make_document(core::Bytes{10'000'000'000})));
}

// The far pool is reached over the line from the users, registered by home.
TEST_F(DataFarAway, ALatencyLimitCountsTheLineBetweenTheRegions) {
  JobDocument document = make_document(core::Bytes{11'000'000'000});
  document.where.max_latency_ms = 30;
  EXPECT_FALSE(is_sent_away(document));  // 50 ms are assumed.
  const std::uint32_t shape = static_cast<std::uint32_t>(home.machine().state().shapes.size() - 1);
  const auto explain = [&] {
    return home.machine().explain_pools(home.machine().state().shapes[shape], core::kNever,
                                        home.now);
  };
  EXPECT_EQ(explain().at(1).reason, Reason::latency_too_high);
  home.must(RegisterLine{home.sign(home.make_record("42"))});
  EXPECT_FALSE(explain().at(1).reason.has_value());
  EXPECT_TRUE(is_sent_away(document));
  document.where.regions = {"42"};
  document.where.max_latency_ms = 19;
  const auto refused = home.submit(document);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail.find("latency_too_high"), std::string::npos)
      << core::to_text(refused.error());
}

TEST_F(DataFarAway, ACopyAtHomeCounts) {
  JobDocument document = make_document(core::Bytes{11'000'000'000});
  document.data.in[0].regions = {"42", "22"};
  EXPECT_FALSE(is_sent_away(document));
}

TEST_F(DataFarAway, DataStaysWhereItsPolicyKeepsIt) {
  JobDocument document = make_document(core::Bytes{1});
  document.data.in[0].allowed = {"42", "52"};
  EXPECT_TRUE(is_sent_away(document));
  DataIn other = document.data.in[0];
  other.to = "other";
  other.allowed = {"52", "22"};
  document.data.in.push_back(other);
  auto refused = home.submit(document);
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail.find("2 x data_policy"), std::string::npos)
      << core::to_text(refused.error());
  document = make_document(core::Bytes{1});
  document.data.in[0].classification = core::Classification::confidential;
  EXPECT_EQ(home.submit(document).error().reason, Reason::data_policy);
}

// Jobs of one shape share a queue: "nowhere" must not become "anywhere" in a record.
TEST_F(DataFarAway, NowhereAndAnywhereAreDifferentShapes) {
  placement::Requirements nowhere;
  const placement::Requirements anywhere;
  nowhere.data_regions.emplace();
  EXPECT_NE(codec::to_cbor(nowhere), codec::to_cbor(anywhere));
  EXPECT_EQ(codec::from_cbor<placement::Requirements>(codec::to_cbor(nowhere)).value(), nowhere);
}

TEST_F(DataFarAway, FilesOfOneRegionAreOneAmount) {
  JobDocument document = make_document(core::Bytes{3});
  for (const char* name : {"b", "c"}) {
    DataIn input = document.data.in[0];
    input.to = name;
    if (input.to == "c") input.regions = {"52", "42"};
    document.data.in.push_back(input);
  }
  const auto submission = prepare_submission(document, std::nullopt);
  ASSERT_TRUE(submission.has_value());
  EXPECT_EQ(submission->shape.input, core::Bytes{9});
  ASSERT_EQ(submission->shape.inputs.size(), 2u);
  EXPECT_EQ(submission->shape.inputs[0], (placement::DataLocation{core::Bytes{6}, {"42"}}));
  EXPECT_EQ(submission->shape.inputs[1], (placement::DataLocation{core::Bytes{3}, {"42", "52"}}));
}

}  // namespace
}  // namespace intertie::hub
