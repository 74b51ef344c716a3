// Secrets of a job that runs in another region: who may ask its home for them, and with what.
#include "secret_boxes.h"

#include <gtest/gtest.h>

#include "intertie/api/public_views.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/hub/job_secret.h"

#include "two_regions.h"

namespace intertie::api {
namespace {

constexpr std::string_view kClear = "what nobody else may read";

class Secrets : public testing::Test {
 protected:
  std::uint64_t submit() {
    const auto box =
        crypto::seal_bound(crypto::as_bytes(kClear), hub::make_job_secret_context("ada", "TOKEN"),
                           grid.home.backend.seal_key())
            .value();
    std::string document = ApiWorld::make_document();
    document.pop_back();
    const std::uint64_t job =
        grid.home.submit("ada", document + R"(,"secrets":{"TOKEN":{"box":")" + box + R"("}}})");
    offer = grid.home.backend.machine().state().find_job(job)->offer;
    return job;
  }

  execution::StartAttempt begin() {
    submit();
    grid.exchange();
    for (const auto& message : grid.owner.read_rows(grid.site)) {
      if (const auto* start = std::get_if<execution::StartAttempt>(&message)) return *start;
    }
    ADD_FAILURE() << "nothing was started";
    return {};
  }

  Response ask_as_site(const execution::StartAttempt& start) {
    return grid.owner.send_site(grid.site, "POST", "/site/v1/secrets",
                                codec::to_json(SecretsRequest{start.job, start.attempt}));
  }

  // What the home hub says to the hub with this key.
  std::string ask(const crypto::KeyPair& tls, const PeerSecretsRequest& request) {
    const Response response =
        TwoRegions::send(grid.home, tls, {"POST", "/peer/v1/secrets", codec::to_json(request)});
    return response.status == 200 ? "given" : ApiWorld::read_code(response);
  }
  std::string ask(const PeerSecretsRequest& request) { return ask(grid.owner_tls, request); }

  TwoRegions grid;
  std::uint64_t offer = 0;
};

TEST_F(Secrets, AreSealedByHomeToTheSiteInTheOtherRegion) {
  const execution::StartAttempt start = begin();
  const std::uint64_t home_job = grid.home.backend.machine().state().find_offer(offer)->terms.job;
  ASSERT_NE(start.job, home_job);
  const Response response = ask_as_site(start);
  ASSERT_EQ(response.status, 200) << response.body;
  const auto answer = ApiWorld::read<SecretsAnswer>(response);
  ASSERT_EQ(answer.boxes.size(), 1u);
  const auto open = [&](std::uint64_t job, std::uint32_t attempt) {
    return crypto::open_bound(answer.boxes.at("TOKEN"),
                              hub::make_attempt_secret_context(job, attempt, "TOKEN"),
                              grid.site_box);
  };
  const auto opened = open(start.job, start.attempt);
  ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
  EXPECT_EQ(opened->reveal_text(), kClear);
  // For this job, as its own hub numbers it, and for this attempt; and no hub opens it.
  EXPECT_FALSE(open(home_job, start.attempt).has_value());
  EXPECT_FALSE(open(start.job, start.attempt + 1).has_value());
  for (ApiWorld* world : {&grid.home, &grid.owner}) {
    EXPECT_FALSE(world->backend.open_box(
        answer.boxes.at("TOKEN"),
        hub::make_attempt_secret_context(start.job, start.attempt, "TOKEN")));
  }
}

TEST_F(Secrets, AreGivenForAnOfferOfTheAskerThatRuns) {
  submit();
  PeerSecretsRequest request{offer, 1, 2, grid.read_record(grid.site)};
  EXPECT_EQ(ask(request), "stale_epoch");  // Asked for, not committed.
  request.attempt = 0;
  EXPECT_EQ(ask(request), "stale_epoch");
  request.attempt = 1;
  grid.exchange();
  EXPECT_EQ(ask(request), "given");
  request.attempt = 2;
  EXPECT_EQ(ask(request), "stale_epoch");
  request.attempt = 1;
  request.offer = offer + 1;
  EXPECT_EQ(ask(request), "stale_epoch");
  request.offer = offer;

  // Another hub, and nobody's.
  ApiWorld third("52R0000000000000", "52", 29);
  const crypto::KeyPair third_tls = make_test_key(63);
  TwoRegions::introduce(grid.home, third, third_tls);
  EXPECT_EQ(ask(third_tls, request), "stale_epoch");
  EXPECT_EQ(ask(make_test_key(64), request), "certificate_refused");
  EXPECT_EQ(ask(request), "given");

  // Over.
  grid.owner.run(grid.site, core::seconds(1));
  grid.home.backend.advance(core::seconds(2));
  grid.exchange();
  EXPECT_EQ(grid.home.backend.machine().state().find_offer(offer), nullptr);
  EXPECT_EQ(ask(request), "stale_epoch");
}

TEST_F(Secrets, AreSealedToTheSiteThatTheJobWasSentToAlone) {
  const auto other = grid.owner.join("gamma", 1, 2, crypto::to_text(grid.site_box.public_key()));
  const execution::StartAttempt start = begin();
  PeerSecretsRequest request{offer, start.attempt, start.job, grid.read_record(grid.site)};
  ASSERT_EQ(ask(request), "given");
  const identity::RegistrationRecord right =
      identity::open_record(request.record, {grid.owner.backend.registry_key.public_key(), {}})
          ->record;

  request.record = grid.read_record(other);
  EXPECT_EQ(ask(request), "secrets_refused");
  request.record.clear();
  EXPECT_EQ(ask(request), "bad_syntax");
  // A key of the asker's own in the site's place: the site has not signed that.
  const auto sign = [&](const identity::RegistrationRecord& record, const crypto::KeyPair& hub,
                        const crypto::KeyPair& holder) {
    return identity::add_signature(
               identity::seal_envelope(identity::kRecordType, codec::to_json(record), hub).value(),
               holder)
        .value();
  };
  identity::RegistrationRecord forged = right;
  for (identity::RecordKey& key : forged.keys) {
    if (key.purpose != identity::KeyPurpose::seal) continue;
    key = identity::make_record_key(
        crypto::SealKeyPair::from_seed(crypto::ByteString(32, 6)).public_key());
  }
  const crypto::KeyPair& hub_key = grid.owner.backend.registry_key;
  request.record = sign(forged, hub_key, make_test_key(99));
  EXPECT_EQ(ask(request), "bad_signature");
  request.record = sign(right, grid.home.backend.registry_key, grid.site.key);
  EXPECT_EQ(ask(request), "bad_signature");  // Another registry's site.
  forged = right;
  std::erase_if(forged.keys,
                [](const auto& key) { return key.purpose == identity::KeyPurpose::seal; });
  request.record = sign(forged, hub_key, grid.site.key);
  EXPECT_EQ(ask(request), "secrets_refused");  // It has no key to seal to.
  forged = right;
  forged.status = identity::RecordStatus::suspended;
  request.record = sign(forged, hub_key, grid.site.key);
  EXPECT_EQ(ask(request), "secrets_refused");
  request.record = sign(right, hub_key, grid.site.key);
  EXPECT_EQ(ask(request), "given");
}

// The record in force then has another signing key than the one that was announced.
TEST_F(Secrets, FollowTheSiteToItsNextSigningKey) {
  const execution::StartAttempt start = begin();
  const auto older = identity::open_record(grid.read_record(grid.site),
                                           {grid.owner.backend.registry_key.public_key(), {}});
  ASSERT_TRUE(older.has_value());
  identity::RegistrationRecord record = older->record;
  record.seq += 1;
  record.prev_hash = older->hash;
  for (identity::RecordKey& key : record.keys) {
    if (key.purpose == identity::KeyPurpose::sign) {
      key = identity::make_record_key(identity::KeyPurpose::sign, grid.site.next.public_key());
    }
  }
  record.next_key_hash = crypto::compute_key_digest(make_test_key(78).public_key());
  record.issued = grid.owner.backend.time;
  record.valid_until = record.issued + identity::record_lifetime_default;
  const std::string both =
      identity::add_signature(
          identity::seal_envelope(identity::kRecordType, codec::to_json(record), grid.site.key)
              .value(),
          grid.site.next)
          .value();
  const Response rotated =
      grid.owner.send_site(grid.site, "POST", "/site/v1/keys",
                           codec::to_json(KeysRequest{both, grid.site.outbox.last_number()}));
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_EQ(ApiWorld::read_code(ask_as_site(start)), "secrets_refused");  // Not announced yet.
  grid.announce(false);
  const Response response = ask_as_site(start);
  EXPECT_EQ(response.status, 200) << response.body;
}

// The site tries again: unreachable is what it waits for.
TEST_F(Secrets, AHomeThatDoesNotAnswerIsToldToTheSite) {
  const execution::StartAttempt start = begin();
  grid.owner.backend.answer_peer = [](std::uint32_t,
                                      const PeerQuestion&) -> core::Result<std::string> {
    return core::Error{core::Reason::unreachable, "home"};
  };
  EXPECT_EQ(ApiWorld::read_code(ask_as_site(start)), "unreachable");
  grid.owner.backend.answer_peer = [](std::uint32_t,
                                      const PeerQuestion&) -> core::Result<std::string> {
    return core::Error{core::Reason::secret_unreadable, "secrets.TOKEN: another key"};
  };
  EXPECT_EQ(ApiWorld::read_code(ask_as_site(start)), "secret_unreadable");
}

}  // namespace
}  // namespace intertie::api
