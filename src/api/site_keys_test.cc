// A site proves its keys when it joins, and changes them later.
#include <gtest/gtest.h>

#include "intertie/identity/signed_record.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

std::string join_code(ApiWorld& world, const ApiWorld::Site& site, const JoinRequest& request) {
  return ApiWorld::read_code(
      world.send_site(site, "POST", "/site/v1/join", codec::to_json(request)));
}

TEST(Join, NeedsTheSitesSignatureBesideTheHubs) {
  ApiWorld world;
  const auto site = world.make_site(1);
  JoinRequest join = world.make_join(site, "alpha", 1);
  EXPECT_EQ(join_code(world, site, join), "bad_syntax");  // No record at all.
  const auto proposal = ApiWorld::read<JoinProposal>(
      world.send_site(site, "POST", "/site/v1/join:propose", codec::to_json(join)));
  EXPECT_EQ(proposal.hub_sign_key, crypto::to_text(world.backend.registry_key.public_key()));

  join.record = proposal.record;  // The hub's signature alone.
  EXPECT_EQ(join_code(world, site, join), "bad_signature");
  join.record = identity::add_signature(proposal.record, site.next).value();  // Somebody else's.
  EXPECT_EQ(join_code(world, site, join), "bad_signature");
  const auto payload =
      identity::read_unverified_payload(proposal.record, identity::kRecordType).value();
  join.record = identity::seal_envelope(identity::kRecordType, payload, site.key).value();
  EXPECT_EQ(join_code(world, site, join), "bad_signature");  // The site's alone.
  join.record =
      identity::add_signature(
          identity::seal_envelope(identity::kRecordType, payload, site.tls).value(), site.key)
          .value();
  EXPECT_EQ(join_code(world, site, join), "bad_signature");  // A hub of its own making.
  EXPECT_TRUE(world.backend.machine().state().sites.empty());

  join.record = identity::add_signature(proposal.record, site.key).value();
  const auto joined = ApiWorld::read<JoinAnswer>(
      world.send_site(site, "POST", "/site/v1/join", codec::to_json(join)));
  const auto record =
      identity::open_record(joined.record, {world.backend.registry_key.public_key(), {}});
  ASSERT_TRUE(record.has_value()) << core::to_text(record.error());
  EXPECT_TRUE(record->is_countersigned);
  EXPECT_EQ(record->record.status, identity::RecordStatus::registered);
  EXPECT_EQ(record->record.next_key_hash, crypto::compute_key_digest(site.next.public_key()));
}

TEST(Join, TakesOnlyWhatItProposedForThisRequest) {
  ApiWorld world;
  const auto site = world.make_site(1);
  JoinRequest join = world.make_join(site, "alpha", 1);
  join.record = world.countersign(site, join);
  JoinRequest other = join;  // The same record for a site with another key to come.
  other.keys.next = crypto::to_text(crypto::Digest{});
  EXPECT_EQ(join_code(world, site, other), "bad_field");
  world.backend.time = world.backend.time + core::minutes(11);
  EXPECT_EQ(join_code(world, site, join), "record_expired");
  // Two sites ask at once: the second asks again.
  const auto rival = world.make_site(2);
  JoinRequest second = world.make_join(rival, "beta", 1);
  join.record = world.countersign(site, join);
  second.record = world.countersign(rival, second);
  EXPECT_EQ(world.send_site(site, "POST", "/site/v1/join", codec::to_json(join)).status, 201);
  EXPECT_EQ(join_code(world, rival, second), "already_exists");
  second.record = world.countersign(rival, second);
  EXPECT_EQ(world.send_site(rival, "POST", "/site/v1/join", codec::to_json(second)).status, 201);
}

struct Rotation {
  ApiWorld world;
  ApiWorld::Site site = world.join("alpha", 2);
  crypto::KeyPair new_tls = make_test_key(77);
  crypto::KeyPair after = make_test_key(78);

  identity::SignedRecord present() {
    const std::string text = world.get<RecordView>("ada", "/v1/ids/" + site.identifier).record;
    return identity::open_record(text, {world.backend.registry_key.public_key(), {}}).value();
  }

  // The version that follows, with the key that was committed to.
  identity::RegistrationRecord make_next() {
    const identity::SignedRecord older = present();
    identity::RegistrationRecord record = older.record;
    record.seq += 1;
    record.prev_hash = older.hash;
    record.keys = {identity::make_record_key(identity::KeyPurpose::tls, new_tls.public_key()),
                   identity::make_record_key(identity::KeyPurpose::sign, site.next.public_key())};
    record.next_key_hash = crypto::compute_key_digest(after.public_key());
    record.issued = world.backend.time;
    record.valid_until = record.issued + identity::record_lifetime_default;
    return record;
  }

  std::string sign(const identity::RegistrationRecord& record, const crypto::KeyPair& first,
                   const crypto::KeyPair& second) {
    return identity::add_signature(
               identity::seal_envelope(identity::kRecordType, codec::to_json(record), first)
                   .value(),
               second)
        .value();
  }

  Response send(const std::string& record, std::uint64_t rows) {
    return world.send_site(site, "POST", "/site/v1/keys",
                           codec::to_json(KeysRequest{record, rows}));
  }
  std::string code(const std::string& record, std::uint64_t rows = 0) {
    return ApiWorld::read_code(send(record, rows));
  }
};

TEST(SiteKeys, ChangeToTheKeyThatWasCommittedTo) {
  Rotation rotation;
  ApiWorld& world = rotation.world;
  ApiWorld::Site& site = rotation.site;
  const identity::RegistrationRecord next = rotation.make_next();
  const std::string record = rotation.sign(next, site.key, site.next);
  const Response done = rotation.send(record, 0);
  ASSERT_EQ(done.status, 200) << done.body;
  const auto answer = ApiWorld::read<KeysAnswer>(done);
  EXPECT_EQ(rotation.present().record, next);
  EXPECT_EQ(rotation.present().envelope, answer.record);
  // The old certificate is nobody's now, also where it was remembered; the new one works, and the
  // same request again is answered like the first.
  EXPECT_EQ(world.send_site(site, "POST", "/site/v1/beat", R"({"sequence":1})").status, 403);
  site.certificate_der = ApiWorld::make_certificate(rotation.new_tls);
  EXPECT_EQ(world.send_site(site, "POST", "/site/v1/beat", R"({"sequence":2})").status, 200);
  const Response again = rotation.send(record, 0);
  ASSERT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(ApiWorld::read<KeysAnswer>(again).record, answer.record);
  EXPECT_EQ(world.backend.machine().state().sites[0].record->seq, 2);
}

TEST(SiteKeys, RefuseEverythingElse) {
  Rotation rotation;
  ApiWorld::Site& site = rotation.site;
  const identity::RegistrationRecord right = rotation.make_next();
  const crypto::KeyPair thief = make_test_key(90);

  EXPECT_EQ(rotation.code("nonsense"), "bad_syntax");
  const std::string new_alone =
      identity::seal_envelope(identity::kRecordType, codec::to_json(right), site.next).value();
  EXPECT_EQ(rotation.code(new_alone), "bad_signature");
  const std::string old_alone =
      identity::seal_envelope(identity::kRecordType, codec::to_json(right), site.key).value();
  EXPECT_EQ(rotation.code(old_alone), "bad_signature");
  EXPECT_EQ(rotation.code(rotation.sign(right, site.next, thief)), "bad_signature");

  identity::RegistrationRecord planted = right;  // A key that nobody committed to.
  planted.keys[1] = identity::make_record_key(identity::KeyPurpose::sign, thief.public_key());
  EXPECT_EQ(rotation.code(rotation.sign(planted, site.key, thief)), "bad_key");
  identity::RegistrationRecord jumped = right;
  jumped.seq += 1;
  EXPECT_EQ(rotation.code(rotation.sign(jumped, site.key, site.next)), "stale_sequence");
  identity::RegistrationRecord forked = right;
  forked.prev_hash->bytes[0] ^= 1;
  EXPECT_EQ(rotation.code(rotation.sign(forked, site.key, site.next)), "record_forked");
  identity::RegistrationRecord moved = right;
  moved.place = "440300";
  EXPECT_EQ(rotation.code(rotation.sign(moved, site.key, site.next)), "bad_field");
  identity::RegistrationRecord eternal = right;
  eternal.valid_until = right.issued + core::hours(24 * 365);
  EXPECT_EQ(rotation.code(rotation.sign(eternal, site.key, site.next)), "out_of_range");
  EXPECT_EQ(rotation.code(rotation.sign(right, site.key, site.next), UINT64_MAX), "out_of_range");
  EXPECT_EQ(rotation.present().record.seq, 1);
  EXPECT_EQ(rotation.send(rotation.sign(right, site.key, site.next), 0).status, 200);
}

TEST(SiteKeys, OldRowsCountWithTheOldKeyAndBillsStayVerified) {
  Rotation rotation;
  ApiWorld& world = rotation.world;
  ApiWorld::Site& site = rotation.site;
  world.measure(site);
  const std::uint64_t job = world.submit("ada");
  const auto messages = world.read_rows(site);
  const auto& start = std::get<execution::StartAttempt>(messages.at(0));
  const core::Time began = world.backend.time;
  world.say(site, execution::AttemptStarted{start.job, start.attempt, began});
  // One more row is on its way when the keys change: signed with the old key, number rows + 1.
  const std::uint64_t rows = site.outbox.last_number();
  world.backend.advance(core::minutes(1));
  ASSERT_EQ(
      rotation.send(rotation.sign(rotation.make_next(), site.key, site.next), rows + 1).status,
      200);
  site.certificate_der = ApiWorld::make_certificate(rotation.new_tls);
  world.report_usage(site, start, began, 1, false);
  const auto& state = world.backend.machine().state();
  EXPECT_EQ(state.counters.disputes, 0u);
  // The old key is done with: the next row of its kind is disputed, the new key's is charged.
  const core::Time middle = world.backend.time;
  world.backend.advance(core::minutes(1));
  world.report_usage(site, start, middle, 2, false);
  EXPECT_EQ(state.counters.disputes, 1u);
  std::swap(site.key, site.next);
  world.report_usage(site, start, middle, 2, true);
  EXPECT_EQ(state.counters.disputes, 1u);
  world.say(site, execution::AttemptEnded{
                      start.job, start.attempt, world.backend.time, {}, "", {{0, 0, 0}}, {}});
  const auto bill = world.get<JobBillView>("ada", "/v1/jobs/" + std::to_string(job) + "/bill");
  ASSERT_EQ(bill.records.size(), 2u);
  EXPECT_TRUE(bill.records[0].is_verified) << bill.records[0].problem;
  EXPECT_TRUE(bill.records[1].is_verified) << bill.records[1].problem;
}

TEST(SiteKeys, CountNoMoreOnceRevoked) {
  Rotation rotation;
  ApiWorld& world = rotation.world;
  const std::string target = "/v1/sites/alpha:revoke";
  const std::string body = R"({"reason":"key_lost"})";
  EXPECT_EQ(world.send_site(rotation.site, "POST", "/site/v1/beat", "{}").status, 200);
  EXPECT_EQ(ApiWorld::read_code(world.call("plant", "POST", target, body)), "denied");
  const Response done = world.call("root", "POST", target, body);
  ASSERT_EQ(done.status, 200) << done.body;
  const auto record = identity::open_record(ApiWorld::read<KeysAnswer>(done).record,
                                            {world.backend.registry_key.public_key(), {}});
  ASSERT_TRUE(record.has_value()) << core::to_text(record.error());
  EXPECT_EQ(record->record.status, identity::RecordStatus::revoked);
  EXPECT_EQ(world.send_site(rotation.site, "POST", "/site/v1/beat", "{}").status, 403);
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", target, body)), "already_final");
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", "/v1/sites/alpha:resume")),
            "already_final");
  const auto site = world.get<SiteView>("root", "/v1/sites/alpha");
  EXPECT_TRUE(site.is_drained);
}

}  // namespace
}  // namespace intertie::api
