// A stopped hub's token key and sealing key change; what was made with the old ones goes on.
#include "intertie/service/hub_rotation.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/hub/job_secret.h"

#include "clock.h"
#include "former_seal_keys.h"
#include "key_store.h"
#include "seal_key_file.h"
#include "seal_key_need.h"
#include "test_hub.h"

namespace intertie::service {
namespace {

class HubRotationTest : public testing::Test {
 protected:
  void SetUp() override { start(); }
  void TearDown() override { EXPECT_TRUE(hub_ == nullptr || hub_->stop()); }
  void start() {
    hub_ = start_hub(make_hub_options(folder_.path()));
    ASSERT_NE(hub_, nullptr);
  }
  void stop() {
    EXPECT_TRUE(hub_->stop());
    hub_.reset();
  }
  std::string folder() const { return folder_.path() + "/hub"; }
  int ask(const std::string& token) {
    TestClient client(*hub_, token);
    return client.send_for_status("GET", "/v1/jobs");
  }

  const TempFolder folder_;
  std::unique_ptr<HubService> hub_;
};

TEST_F(HubRotationTest, TokensOfTheOldKeyCountForTheOverlap) {
  const std::string old = mint(*hub_, "ada");
  ASSERT_EQ(ask(old), 200);
  stop();
  const auto rotated = rotate_hub_token_key(folder(), core::hours(24));
  ASSERT_TRUE(rotated.has_value()) << core::to_text(rotated.error());
  start();
  EXPECT_EQ(ask(old), 200);
  const std::string middle = mint(*hub_, "ada");
  EXPECT_EQ(ask(middle), 200);
  stop();
  // Twice within the overlap: both former keys count.
  ASSERT_TRUE(rotate_hub_token_key(folder(), core::hours(24)).has_value());
  start();
  EXPECT_EQ(ask(old), 200);
  EXPECT_EQ(ask(middle), 200);
  EXPECT_EQ(ask(mint(*hub_, "ada")), 200);
  stop();
  // Stolen: neither does.
  ASSERT_TRUE(rotate_hub_token_key(folder(), core::Duration{}).has_value());
  start();
  EXPECT_EQ(ask(old), 401);
  EXPECT_EQ(ask(middle), 401);
  EXPECT_EQ(ask(mint(*hub_, "ada")), 200);
}

TEST_F(HubRotationTest, OnlyThePublicHalfOfTheOldTokenKeyStays) {
  stop();
  const auto read = [](const std::string& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string pem = read(folder() + "/keys/token.pem");
  ASSERT_TRUE(rotate_hub_token_key(folder(), core::hours(1)).has_value());
  EXPECT_NE(read(folder() + "/keys/token.pem"), pem);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder() + "/keys")) {
    EXPECT_NE(read(entry.path()), pem) << entry.path();
    EXPECT_EQ(entry.status().permissions() & std::filesystem::perms(0077),
              std::filesystem::perms::none)
        << entry.path();
  }
  EXPECT_EQ(rotate_hub_token_key(folder(), core::limits::token_lifetime_max + core::seconds(1))
                .error()
                .reason,
            core::Reason::out_of_range);
  EXPECT_EQ(rotate_hub_token_key(folder_.path(), core::hours(1)).error().reason,
            core::Reason::not_found);
  EXPECT_EQ(rotate_hub_seal_key(folder_.path()).error().reason, core::Reason::not_found);
}

TEST_F(HubRotationTest, BoxesOfTheOldSealingKeyAreStillOpened) {
  stop();
  const std::string keys = folder() + "/keys";
  const auto before = open_seal_key(keys + "/seal.key");
  ASSERT_TRUE(before.has_value());
  const std::vector<std::string> context = {"test"};
  const auto box =
      crypto::seal_bound(crypto::as_bytes(std::string_view("x")), context, before->public_key());
  ASSERT_TRUE(rotate_hub_seal_key(folder()).has_value());
  ASSERT_TRUE(rotate_hub_seal_key(folder()).has_value());
  const auto now = open_seal_key(keys + "/seal.key");
  ASSERT_TRUE(now.has_value());
  EXPECT_NE(now->public_key(), before->public_key());
  const auto former = read_former_seal_keys(keys);
  ASSERT_TRUE(former.has_value());
  EXPECT_EQ(former->size(), 2u);
  EXPECT_FALSE(crypto::open_bound(*box, context, *now).has_value());
  const auto opened = open_bound_with(*box, context, *now, *former);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->reveal_text(), "x");
  const std::vector<std::string> other = {"other"};
  EXPECT_FALSE(open_bound_with(*box, other, *now, *former).has_value());
  for (std::size_t i = former->size(); i < kFormerSealKeysMax; ++i) {
    EXPECT_TRUE(rotate_hub_seal_key(folder()).has_value()) << i;
  }
  EXPECT_EQ(rotate_hub_seal_key(folder()).error().reason, core::Reason::busy);
}

TEST(FormerSealKeys, GoWhenNoJobNeedsThem) {
  const core::Time now = read_clock();
  std::vector<FormerSealKey> former;
  for (std::uint8_t seed = 1; seed <= 3; ++seed) {
    former.push_back({now - core::hours(25),
                      crypto::SealKeyPair::from_seed(std::vector<std::uint8_t>(32, seed))});
  }
  former[2].since = now - core::hours(23);  // Too young to go.
  std::string key = hub::make_seal_key_id(former[1].key.public_key());
  const auto read_body = [&key](std::uint64_t) -> core::Result<std::string> {
    return R"({"run":["true"],"secrets":{"A":{"box":"b","key":")" + key + R"("}}})";
  };
  const auto dropped = drop_unneeded_seal_keys(former, {5}, read_body, now);
  ASSERT_TRUE(dropped.has_value()) << core::to_text(dropped.error());
  EXPECT_EQ(*dropped, 1u);
  ASSERT_EQ(former.size(), 2u);
  EXPECT_EQ(hub::make_seal_key_id(former[0].key.public_key()), key);
  key.clear();  // An old document, which does not say.
  EXPECT_EQ(drop_unneeded_seal_keys(former, {5}, read_body, now + core::hours(99)).value(), 0u);
  EXPECT_EQ(drop_unneeded_seal_keys(former, {}, read_body, now + core::hours(99)).value(), 2u);
}

}  // namespace
}  // namespace intertie::service
