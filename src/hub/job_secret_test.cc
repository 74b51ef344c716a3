// Secrets as the state machine sees them: names, boxes that it never opens, and who may ask.
#include "intertie/hub/job_secret.h"

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/hub/running_job.h"

#include "test_world.h"

namespace intertie::hub {
namespace {

std::string make_site_key() {
  return crypto::to_text(crypto::SealKeyPair::from_seed(crypto::ByteString(32, 4)).public_key());
}

JobDocument make_secret_document() {
  JobDocument document = TestWorld::make_document();
  document.secrets["TOKEN"].box = "box";
  return document;
}

TEST(JobSecret, TheDocumentIsChecked) {
  const auto refuse = [](auto change) {
    JobDocument document = make_secret_document();
    change(document);
    const auto checked = check_document(document);
    return checked ? std::string() : checked.error().detail;
  };
  EXPECT_EQ(refuse([](auto&) {}), "");
  EXPECT_EQ(refuse([](auto& d) { d.secrets["TOKEN"] = {"HOME", "", "", ""}; }), "");
  EXPECT_EQ(refuse([](auto& d) { d.secrets["TOKEN"] = {"", "-", "", ""}; }), "");
  const std::string one = "secrets.TOKEN: give one of from_env, from_file and box";
  EXPECT_EQ(refuse([](auto& d) { d.secrets["TOKEN"] = {}; }), one);
  EXPECT_EQ(refuse([](auto& d) { d.secrets["TOKEN"].from_env = "HOME"; }), one);
  EXPECT_EQ(refuse([](auto& d) { d.env["TOKEN"] = "x"; }), "secrets.TOKEN: it stands in env too");
  for (const std::string name : {"", "1A", "A-B", "A=B", "A B", "\xc3\xa4"}) {
    EXPECT_NE(refuse([&](auto& d) { d.secrets[name].box = "box"; }), "") << name;
  }
  EXPECT_EQ(refuse([](auto& d) {
              for (int i = 0; i < 64; ++i) d.secrets["S" + std::to_string(i)].box = "box";
            }),
            "secrets: at most 64");
}

// Two boxes of one secret differ, so a repeated request may carry another one.
TEST(JobSecret, ARepeatedRequestMayCarryOtherBoxes) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1), make_site_key());
  world.measure(*site);
  JobDocument document = make_secret_document();
  const auto first = world.submit(document, "key");
  ASSERT_TRUE(first.has_value());
  document.secrets["TOKEN"].box = "another box";
  const auto again = world.submit(document, "key");
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->is_repeat);
  EXPECT_EQ(again->job, first->job);
  document.secrets["OTHER"].box = "box";
  EXPECT_EQ(world.submit(document, "key").error().reason, core::Reason::idempotency_conflict);
}

TEST(JobSecret, OnlySitesWithAKeyAreAsked) {
  TestWorld world;
  world.create_hub();
  auto old_site = world.join("alpha", TestWorld::make_pool(4));
  world.measure(*old_site);
  const auto refused = world.submit(make_secret_document());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::unplaceable);
  EXPECT_NE(refused.error().detail.find("secrets_refused"), std::string::npos)
      << refused.error().detail;
  ASSERT_TRUE(world.submit(TestWorld::make_document()).has_value());
  EXPECT_EQ(world.read_rows(*old_site).size(), 1u);

  auto site = world.join("beta", TestWorld::make_pool(1), make_site_key());
  world.measure(*site);
  ASSERT_TRUE(world.submit(make_secret_document()).has_value());
  EXPECT_EQ(world.read_rows(*old_site).size(), 0u);
  EXPECT_EQ(world.read_rows(*site).size(), 1u);

  // The offer of a site cannot claim a key that its registration does not have.
  topology::Pool pool = TestWorld::make_pool(4);
  pool.takes_secrets = true;
  world.must(OfferPools{old_site->handle, {pool}});
  ASSERT_TRUE(world.submit(make_secret_document()).has_value());
  EXPECT_EQ(world.read_rows(*old_site).size(), 0u);
  world.restart();
  EXPECT_EQ(world.machine().state().sites[site->handle].seal_key, make_site_key());
  EXPECT_FALSE(world.machine().state().topology->find_pool({0})->takes_secrets);
  EXPECT_TRUE(world.machine().state().topology->find_pool({1})->takes_secrets);
}

TEST(JobSecret, OnlyTheCurrentAttemptAtItsSiteMayAsk) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1), make_site_key());
  auto other = world.join("beta", TestWorld::make_pool(1), make_site_key());
  world.measure(*site);
  JobDocument document = make_secret_document();
  document.retries = 1;
  const std::uint64_t job = world.submit(document)->job;
  const auto rows = world.read_rows(*site);
  ASSERT_EQ(rows.size(), 1u);
  const auto start = std::get<execution::StartAttempt>(rows[0]);
  const auto find = [&](std::uint64_t number, std::uint32_t attempt, std::uint32_t at) {
    return find_site_attempt(world.machine().state(), number, attempt, at);
  };
  const auto found = find(job, 1, site->handle);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->owner, "ada");
  EXPECT_EQ(found->site_seal_key, make_site_key());
  const auto body = world.store().open_reader().value()->read_body(found->document);
  ASSERT_TRUE(body.has_value());
  const auto stored = codec::from_json<JobDocument>(body->bytes, codec::Boundary::tolerant);
  EXPECT_EQ(stored->secrets.at("TOKEN").box, "box");

  EXPECT_FALSE(find(job, 1, other->handle).has_value());
  EXPECT_FALSE(find(job, 2, site->handle).has_value());
  EXPECT_FALSE(find(job, 0, site->handle).has_value());
  EXPECT_FALSE(find(job + 1, 1, site->handle).has_value());
  EXPECT_FALSE(find(job, 1, 7).has_value());
  world.run(*site, start, core::seconds(1), 1);
  EXPECT_FALSE(find(job, 1, site->handle).has_value());
  world.advance(core::seconds(5));
  EXPECT_TRUE(find(job, 2, site->handle).has_value());
  EXPECT_FALSE(find(job, 1, site->handle).has_value());
}

// The same box would be refused by every site and every time.
TEST(JobSecret, ABoxThatDoesNotOpenEndsTheJob) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1), make_site_key());
  world.measure(*site);
  JobDocument document = make_secret_document();
  document.retries = 5;
  const std::uint64_t job = world.submit(document)->job;
  world.read_rows(*site);
  world.say(*site, execution::AttemptNotStarted{job, 1, core::Reason::secret_unreadable,
                                                "secrets.TOKEN: changed"});
  world.advance(core::minutes(5));
  EXPECT_EQ(world.machine().state().find_job(job), nullptr);
  EXPECT_EQ(world.machine().state().counters.failed, 1u);
  EXPECT_EQ(world.machine().state().sites[site->handle].faults_in_row, 0u);
}

// Here the site is to blame: the key it opens boxes with is not the one it registered.
TEST(JobSecret, ASiteThatCannotOpenItsBoxIsAtFault) {
  TestWorld world;
  world.create_hub();
  auto site = world.join("alpha", TestWorld::make_pool(1), make_site_key());
  world.measure(*site);
  const std::uint64_t job = world.submit(make_secret_document())->job;
  world.read_rows(*site);
  world.say(*site, execution::AttemptNotStarted{job, 1, core::Reason::secrets_refused, "TOKEN"});
  EXPECT_EQ(world.machine().state().sites[site->handle].faults_in_row, 1u);
  world.advance(core::seconds(5));
  ASSERT_NE(world.machine().state().find_job(job), nullptr);
  EXPECT_EQ(world.machine().state().find_job(job)->attempt, 2u);
}

TEST(JobSecret, ContextsAndKeyIdsAreAsDocumented) {
  EXPECT_EQ(make_job_secret_context("ada", "TOKEN"),
            (std::vector<std::string>{"intertie job secret", "ada", "TOKEN"}));
  EXPECT_EQ(make_attempt_secret_context(12, 3, "TOKEN"),
            (std::vector<std::string>{"intertie attempt secret", "12", "3", "TOKEN"}));
  const auto key = crypto::SealKeyPair::from_seed(crypto::ByteString(32, 4)).public_key();
  EXPECT_EQ(make_seal_key_id(key),
            crypto::to_text(crypto::compute_sha256(crypto::to_text(key))).substr(7, 16));
}

}  // namespace
}  // namespace intertie::hub
