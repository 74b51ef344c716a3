// A site's record over its life: measured, active, stale, renewed, expired, suspended, retired.
#include <gtest/gtest.h>

#include "intertie/api/public_views.h"
#include "intertie/api/record_keeper.h"
#include "intertie/hub/public_mirror.h"
#include "intertie/identity/signed_record.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

using identity::RecordStatus;

class RecordWorld : public ApiWorld {
 public:
  Site site = join("alpha", 2);

  bool is_due() {
    const Response answer = send_site(site, "POST", "/site/v1/beat", R"({"sequence":1})");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return read<execution::HeartbeatAnswer>(answer).is_record_due;
  }
  RecordDue ask_due() {
    const Response answer = send_site(site, "GET", "/site/v1/record");
    EXPECT_EQ(answer.status, 200) << answer.body;
    return read<RecordDue>(answer);
  }
  identity::SignedRecord open(const std::string& text) {
    auto opened = identity::open_record(text, {backend.registry_key.public_key(), {}});
    EXPECT_TRUE(opened.has_value()) << text;
    return std::move(*opened);
  }
  identity::SignedRecord present() { return open(ask_due().record); }
  RecordStatus status() { return present().record.status; }

  identity::RegistrationRecord make_next(RecordStatus status) {
    const identity::SignedRecord older = present();
    identity::RegistrationRecord next = older.record;
    next.seq += 1;
    next.prev_hash = older.hash;
    next.status = status;
    next.issued = backend.time;
    next.valid_until = backend.time + identity::record_lifetime_default;
    return next;
  }
  Response send_record(const identity::RegistrationRecord& next, const crypto::KeyPair& key,
                       std::uint64_t rows = 0) {
    const std::string text =
        identity::seal_envelope(identity::kRecordType, codec::to_json(next), key).value();
    return send_site(site, "POST", "/site/v1/record", codec::to_json(AmendRequest{text, rows}));
  }
  // "" or the reason's code.
  std::string amend(const identity::RegistrationRecord& next, std::uint64_t rows = 0) {
    const Response done = send_record(next, site.key, rows);
    return done.status == 200 ? "" : read_code(done);
  }
  std::string amend(RecordStatus status) { return amend(make_next(status)); }
  // What an agent does that was told in a heartbeat's answer.
  void sign_due() {
    const RecordDue due = ask_due();
    ASSERT_TRUE(due.status.has_value());
    ASSERT_EQ(amend(*due.status), "");
  }
  // Signs until nothing is due; the number of versions.
  int settle_record() {
    int versions = 0;
    for (; is_due() && versions < 10; ++versions) sign_due();
    return versions;
  }
  void make_active() {
    measure(site);
    EXPECT_EQ(settle_record(), 2);
    EXPECT_EQ(status(), RecordStatus::active);
  }
  void mark_stale() {
    mark_stale_records(backend,
                       [](const core::Error& error) { ADD_FAILURE() << core::to_text(error); });
    backend.settle();
  }
  // Time passes as it does, not in one jump of the clock; the site is heard.
  void pass(core::Duration duration, bool is_heard = true) {
    // Beyond two seconds at once the hub was not listening, which is no silence of the site.
    const core::Duration step = is_heard ? core::seconds(10) : core::seconds(2);
    for (core::Duration passed; passed < duration; passed += step) {
      backend.advance(step);
      if (is_heard) must(hub::BeatSite{site.handle, {}, {}});
    }
  }
  topology::PoolStatus pool_status() {
    return backend.machine().state().topology->find_pool({0})->status;
  }
  // Why a job of ada's is refused.
  std::string plan_code() {
    const Response response = call("ada", "POST", "/v1/jobs", make_document());
    return response.status == 201 ? "" : read_code(response);
  }
  // All leaves of the public log, verified as a witness does.
  hub::PublicMirror mirror() {
    hub::PublicMirror mirror(backend.registry_key.public_key(), std::nullopt);
    const auto leaves =
        read<PublicLeafList>(send(make_request("GET", "/v1/public/leaves?limit=1000"))).leaves;
    for (const PublicLeafView& leaf : leaves) {
      const auto added = mirror.add(leaf.number, leaf.leaf, leaf.envelope);
      EXPECT_TRUE(added.has_value()) << core::to_text(added.error());
    }
    return mirror;
  }
};

TEST(SiteRecord, SaysWhatTheSiteSaidWhenItJoined) {
  ApiWorld world;
  const auto site = world.make_site(1);
  JoinRequest join = world.make_join(site, "alpha", 2);
  join.place = "440300";
  join.commissioned = core::Time{1'600'000'000'000'000};
  join.claimed = {{core::Precision::fp64, 1'500'000'000}};
  join.aka = {{"handle", "20.500/1"}};
  join.record = world.countersign(site, join);
  JoinRequest other = join;  // Another claim than was signed.
  other.claimed[0].ops_per_second += 1;
  EXPECT_EQ(
      ApiWorld::read_code(world.send_site(site, "POST", "/site/v1/join", codec::to_json(other))),
      "bad_field");
  const Response joined = world.send_site(site, "POST", "/site/v1/join", codec::to_json(join));
  ASSERT_EQ(joined.status, 201) << joined.body;
  const auto record = identity::open_record(ApiWorld::read<JoinAnswer>(joined).record,
                                            {world.backend.registry_key.public_key(), {}})
                          .value()
                          .record;
  EXPECT_EQ(record.place, join.place);
  EXPECT_EQ(record.commissioned, join.commissioned);
  EXPECT_EQ(record.claimed, join.claimed);
  EXPECT_EQ(record.aka, join.aka);
}

TEST(SiteRecord, FollowsWhatHappensInFewVersions) {
  RecordWorld world;
  EXPECT_FALSE(world.is_due()) << "claimed only, and nothing has been measured";
  world.make_active();
  EXPECT_EQ(world.present().record.seq, 3);
  EXPECT_TRUE(world.present().is_countersigned);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(world.is_due());  // Heartbeats make no versions.
  world.measure(world.site);
  world.mark_stale();
  EXPECT_EQ(world.present().record.seq, 3);
  const auto view = world.get<SiteView>("ada", "/v1/sites/alpha");
  EXPECT_EQ(view.record_status, RecordStatus::active);
  EXPECT_EQ(view.record_valid_until, world.present().record.valid_until);
  const hub::PublicMirror mirror = world.mirror();
  EXPECT_EQ(mirror.count(hub::LeafKind::amendment), 2u);
  EXPECT_EQ(mirror.sites(), 1u);
}

TEST(SiteRecord, CannotSayWhatIsNotSo) {
  RecordWorld world;
  EXPECT_EQ(world.amend(RecordStatus::measured), "unmeasured");
  EXPECT_EQ(world.amend(RecordStatus::active), "illegal_transition");
  world.measure(world.site);
  ASSERT_EQ(world.call("plant", "POST", "/v1/sites/alpha:drain").status, 200);
  EXPECT_EQ(world.settle_record(), 1);
  EXPECT_EQ(world.amend(RecordStatus::active), "site_drained");
  EXPECT_EQ(world.amend(RecordStatus::revoked), "bad_field");
  EXPECT_EQ(world.amend(RecordStatus::transferring), "bad_field");
  EXPECT_EQ(world.present().record.seq, 2);

  const crypto::KeyPair thief = make_test_key(90);
  const identity::RegistrationRecord right = world.make_next(RecordStatus::measured);
  EXPECT_EQ(ApiWorld::read_code(world.send_record(right, thief)), "bad_signature");
  identity::RegistrationRecord wrong = right;
  wrong.next_key_hash = crypto::compute_key_digest(thief.public_key());
  EXPECT_EQ(world.amend(wrong), "bad_key");
  wrong = right;
  wrong.keys.erase(wrong.keys.begin());  // Its TLS key.
  EXPECT_EQ(world.amend(wrong), "bad_key");
  wrong = right;
  wrong.parts[0].count += 1;
  EXPECT_EQ(world.amend(wrong), "bad_field");
  wrong = right;
  wrong.valid_until = wrong.valid_until + core::hours(1);
  EXPECT_EQ(world.amend(wrong), "out_of_range");
  wrong = right;
  wrong.seq += 1;
  EXPECT_EQ(world.amend(wrong), "stale_sequence");
  wrong = right;
  wrong.prev_hash->bytes[0] ^= 1;
  EXPECT_EQ(world.amend(wrong), "record_forked");
  wrong = right;
  wrong.issued = right.issued - core::minutes(11);
  EXPECT_EQ(world.amend(wrong), "bad_field") << "before the version it follows";
  EXPECT_EQ(world.amend(right), "");
  EXPECT_EQ(world.amend(right), "") << "asked again after a lost answer";
  EXPECT_EQ(world.present().record.seq, 3);
}

TEST(SiteRecord, IsStaleWithoutAMeasurementAndActiveAgainWithOne) {
  RecordWorld world;
  world.make_active();
  world.backend.advance(core::hours(25));  // A jump: the site gets the time to measure.
  world.mark_stale();
  EXPECT_EQ(world.status(), RecordStatus::active);
  world.pass(core::minutes(10));
  world.backend.advance(core::seconds(1));
  world.mark_stale();
  EXPECT_EQ(world.status(), RecordStatus::stale);
  EXPECT_FALSE(world.present().is_countersigned);
  world.mark_stale();
  EXPECT_EQ(world.present().record.seq, 4) << "said once";
  world.measure(world.site);
  EXPECT_EQ(world.settle_record(), 1);
  EXPECT_EQ(world.status(), RecordStatus::active);
  world.mirror();
}

TEST(SiteRecord, IsStaleAfterAnHourOfSilence) {
  RecordWorld world;
  world.make_active();
  world.pass(core::minutes(59), false);
  world.mark_stale();
  EXPECT_EQ(world.status(), RecordStatus::active);
  world.pass(core::minutes(2), false);
  world.mark_stale();
  EXPECT_EQ(world.status(), RecordStatus::stale);
}

TEST(SiteRecord, IsRenewedInTimeAndExpiresOtherwise) {
  RecordWorld world;
  world.make_active();
  const core::Time until = world.present().record.valid_until;
  world.backend.advance(core::hours(83));
  world.measure(world.site);
  EXPECT_FALSE(world.is_due());
  world.backend.advance(core::hours(2));
  EXPECT_TRUE(world.is_due());
  EXPECT_EQ(world.settle_record(), 1);
  EXPECT_EQ(world.status(), RecordStatus::active);
  EXPECT_GT(world.present().record.valid_until, until);

  // A hub that was away for longer than a record lives: the site has a while to renew.
  world.backend.advance(core::hours(24 * 8));
  world.measure(world.site);
  world.pass(core::minutes(9));
  EXPECT_EQ(world.pool_status(), topology::PoolStatus::active);
  EXPECT_EQ(world.plan_code(), "");
  EXPECT_FALSE(world.read_rows(world.site).empty()) << "a job started";
  world.pass(core::minutes(2));
  EXPECT_EQ(world.pool_status(), topology::PoolStatus::expired);
  const auto explained =
      world.get<ExplainView>("ada", "/v1/jobs/" + std::to_string(world.submit("ada")) + "/explain");
  ASSERT_FALSE(explained.pools.empty());
  EXPECT_EQ(explained.pools[0].reason->code, "record_expired");

  // Its channel goes on: an expired record can be renewed, and the job starts.
  EXPECT_EQ(world.settle_record(), 1);
  EXPECT_EQ(world.pool_status(), topology::PoolStatus::active);
  EXPECT_FALSE(world.read_rows(world.site).empty());
  world.mirror();
}

TEST(SiteRecord, IsSuspendedByTheHubAndReinstatedByBoth) {
  RecordWorld world;
  const std::string suspend = "/v1/sites/alpha:suspend";
  const std::string reinstate = "/v1/sites/alpha:reinstate";
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", suspend)), "illegal_transition");
  world.make_active();
  EXPECT_EQ(ApiWorld::read_code(world.call("plant", "POST", suspend)), "denied");
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", reinstate)), "illegal_transition");
  ASSERT_EQ(world.call("root", "POST", suspend).status, 200);
  EXPECT_EQ(world.status(), RecordStatus::suspended);
  EXPECT_EQ(world.pool_status(), topology::PoolStatus::drained);
  EXPECT_FALSE(world.is_due());
  EXPECT_EQ(world.amend(RecordStatus::active), "denied");
  ASSERT_EQ(world.call("plant", "POST", "/v1/sites/alpha:resume").status, 200);
  EXPECT_EQ(world.pool_status(), topology::PoolStatus::drained) << "resuming is not reinstating";
  ASSERT_EQ(world.call("root", "POST", reinstate).status, 200);
  EXPECT_EQ(world.status(), RecordStatus::suspended) << "the site has not signed";
  EXPECT_EQ(world.settle_record(), 1);
  EXPECT_EQ(world.status(), RecordStatus::active);
  EXPECT_EQ(world.pool_status(), topology::PoolStatus::active);
  ASSERT_EQ(world.call("root", "POST", suspend).status, 200);
  EXPECT_EQ(world.amend(RecordStatus::active), "denied") << "reinstated once, not for ever";
  world.mirror();
}

TEST(SiteRecord, RetiresWhenNothingRunsAndAllRowsHaveCome) {
  RecordWorld world;
  world.make_active();
  world.submit("ada");
  const std::uint64_t rows = world.site.outbox.last_number();
  const auto retire = [&](std::uint64_t count) {
    return world.amend(world.make_next(RecordStatus::retired), count);
  };
  EXPECT_EQ(retire(rows), "in_use");
  world.run(world.site, core::minutes(1));
  EXPECT_EQ(retire(world.site.outbox.last_number() + 1), "busy");
  EXPECT_EQ(retire(world.site.outbox.last_number()), "");
  EXPECT_EQ(world.send_site(world.site, "POST", "/site/v1/beat", "{}").status, 403);
  const auto record = world.get<RecordView>("ada", "/v1/ids/" + world.site.identifier).record;
  EXPECT_EQ(world.open(record).record.status, RecordStatus::retired);
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", "/v1/sites/alpha:suspend")),
            "illegal_transition");
  EXPECT_EQ(ApiWorld::read_code(
                world.call("root", "POST", "/v1/sites/alpha:revoke", R"({"reason":"order"})")),
            "already_final");
  EXPECT_TRUE(world.get<SiteView>("ada", "/v1/sites/alpha").is_drained);
  EXPECT_EQ(world.mirror().count(hub::LeafKind::amendment), 3u);
}

TEST(SiteRecord, AClaimAboveThePeakIsRefusedWhenItIsMeasured) {
  RecordWorld world;  // One node does at most 2 G a second and 5 percent.
  identity::RegistrationRecord next = world.make_next(RecordStatus::registered);
  next.claimed = {{core::Precision::fp64, 2'100'000'001}};
  EXPECT_EQ(world.amend(next), "");
  world.measure(world.site);
  EXPECT_FALSE(world.is_due());
  const auto list = world.get<MeasurementList>("ada", "/v1/measurements").measurements;
  ASSERT_EQ(list.size(), 1u);
  EXPECT_FALSE(list[0].is_accepted);
  EXPECT_EQ(list[0].reason->code, "claim_above_measured");
  next = world.make_next(RecordStatus::registered);
  next.claimed[0].ops_per_second = 2'100'000'000;
  EXPECT_EQ(world.amend(next), "");
  world.make_active();

  // Another claim is measured before it counts; a lower one needs nothing.
  next = world.make_next(RecordStatus::active);
  next.claimed[0].ops_per_second = 2'000'000'000;
  EXPECT_EQ(world.amend(next), "");
  next = world.make_next(RecordStatus::active);
  next.claimed[0].ops_per_second = 2'000'000'001;
  EXPECT_EQ(world.amend(next), "unmeasured");
  next.status = RecordStatus::stale;
  EXPECT_EQ(world.amend(next), "");
  EXPECT_FALSE(world.backend.machine().state().topology->find_pool({0})->capability.has_value());
  EXPECT_FALSE(world.is_due());
  world.measure(world.site);
  EXPECT_EQ(world.settle_record(), 1);
  EXPECT_EQ(world.status(), RecordStatus::active);
}

TEST(SiteRecord, SurvivesASnapshot) {
  RecordWorld world;
  world.make_active();
  ASSERT_EQ(world.call("root", "POST", "/v1/sites/alpha:suspend").status, 200);
  ASSERT_EQ(world.call("root", "POST", "/v1/sites/alpha:reinstate").status, 200);
  hub::HubMachine copy;
  ASSERT_TRUE(copy.decode_state(world.backend.machine().encode_state()).has_value());
  EXPECT_EQ(copy.encode_state(), world.backend.machine().encode_state());
  const hub::SiteState& site = copy.state().sites[0];
  EXPECT_EQ(site.record->status, RecordStatus::suspended);
  EXPECT_TRUE(site.is_reinstated);
  EXPECT_LT(site.signed_index, site.record_index);
  EXPECT_GT(site.signed_index, 0u);
}

TEST(Tokens, OfAFormerKeyCountUntilItsEnd) {
  ApiWorld world;
  const crypto::KeyPair old = make_test_key(70);
  const core::Time until = world.backend.time + core::hours(1);
  const auto ask = [&] {
    Request request = ApiWorld::make_request("GET", "/v1/jobs");
    request.authorization = "Bearer " + mint_token(old, {"ada",
                                                         {"admin"},
                                                         world.backend.time - core::hours(1),
                                                         until + core::hours(5),
                                                         "id",
                                                         world.hub_id});
    return world.send(std::move(request));
  };
  EXPECT_EQ(ApiWorld::read_code(ask()), "bad_token");
  world.backend.former_tokens = {{make_test_key(71).public_key(), until},
                                 {old.public_key(), until}};
  EXPECT_EQ(ask().status, 200);
  world.backend.advance(core::minutes(59));
  EXPECT_EQ(ask().status, 200);
  world.backend.advance(core::minutes(1));  // Also where it was remembered.
  EXPECT_NE(ask().status, 200);

  // A site that joins with such a token.
  const auto site = world.make_site(1);
  JoinRequest join = world.make_join(site, "alpha", 1);
  join.token = mint_join_token(old, {"join", "plant", "n1", until + core::hours(5), world.hub_id,
                                     "https://hub:7301", "ab12"});
  EXPECT_EQ(ApiWorld::read_code(
                world.send_site(site, "POST", "/site/v1/join:propose", codec::to_json(join))),
            "bad_token");
  world.backend.former_tokens[1].until = world.backend.time + core::hours(1);
  EXPECT_EQ(world.send_site(site, "POST", "/site/v1/join:propose", codec::to_json(join)).status,
            200);
}

}  // namespace
}  // namespace intertie::api
