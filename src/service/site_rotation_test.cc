// A real hub and a real site: the site's keys change, also when the change is cut off.
#include "intertie/service/site_rotation.h"

#include <filesystem>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "intertie/crypto/signature.h"
#include "intertie/identity/signed_record.h"

#include "clock.h"
#include "site_hub_client.h"
#include "site_identity.h"
#include "site_keys.h"
#include "test_site.h"

namespace intertie::service {
namespace {

class SiteRotationTest : public testing::Test {
 protected:
  void SetUp() override {
    hub_ = start_hub(make_hub_options(folder_.path()));
    ASSERT_NE(hub_, nullptr);
    start_site();
    site_->stop();
    site_.reset();
  }

  void TearDown() override {
    site_.reset();
    EXPECT_TRUE(hub_ == nullptr || hub_->stop());
  }

  void start_site() {
    site_ = service::start_site(make_site_options(folder_.path(), *hub_));
    ASSERT_NE(site_, nullptr);
  }

  std::string folder() const { return folder_.path() + "/site"; }
  SiteKeys read_keys() const { return open_site_keys(folder(), "plant-1", read_clock()).value(); }

  // How the hub answers a heartbeat under this TLS key.
  core::Result<std::string> beat(const crypto::KeyPair& tls) const {
    const SiteIdentity identity = read_site_identity(folder()).value();
    const std::string certificate = create_site_certificate(tls, "plant-1", read_clock()).value();
    const auto clients =
        SiteHubClients::create({identity.hub_address, identity.hub_fingerprint}, tls, certificate);
    net::HttpClient client = clients->make_client(core::seconds(20));
    return post_json(client, "/site/v1/beat", R"({"sequence":1})");
  }

  boost::json::value read(const std::string& target) {
    TestClient client(*hub_, mint(*hub_, "operator"));
    const auto response = client.send("GET", target);
    EXPECT_TRUE(response.has_value() && response->status == 200) << target;
    return response ? boost::json::parse(response->body) : boost::json::value();
  }

  // The version of the record in force: the agent may have signed some that say what it measured.
  std::int64_t read_version() {
    const SiteIdentity identity = read_site_identity(folder()).value();
    const auto view = read("/v1/ids/" + identity.site);
    const auto registry = crypto::parse_public_key(identity.hub_sign_key).value();
    return identity::open_record(view.at("record").as_string(), {registry, {}}).value().record.seq;
  }

  const TempFolder folder_;
  std::unique_ptr<HubService> hub_;
  std::unique_ptr<SiteService> site_;
};

TEST_F(SiteRotationTest, TheNewKeysWorkAndTheOldAreRefused) {
  const SiteKeys before = read_keys();
  ASSERT_TRUE(beat(before.tls).has_value());
  const std::int64_t version = read_version();
  const auto rotated = rotate_site_keys(folder());
  ASSERT_TRUE(rotated.has_value()) << core::to_text(rotated.error());
  EXPECT_EQ(rotated->seq, version + 1);
  EXPECT_EQ(rotated->sign_key, crypto::to_text(before.next.public_key()));
  const SiteKeys after = read_keys();
  EXPECT_EQ(after.sign.public_key(), before.next.public_key());
  EXPECT_NE(after.tls.public_key(), before.tls.public_key());
  EXPECT_NE(after.next.public_key(), before.next.public_key());
  EXPECT_NE(after.seal.public_key(), before.seal.public_key());
  ASSERT_EQ(after.former_seals.size(), 1u);
  EXPECT_EQ(after.former_seals[0].key.public_key(), before.seal.public_key());
  EXPECT_EQ(beat(before.tls).error().reason, core::Reason::certificate_refused);
  EXPECT_TRUE(beat(after.tls).has_value());

  start_site();  // It measures again and signs with the new key.
  const auto list = read("/v1/measurements?site=plant-1").at("measurements").as_array();
  ASSERT_EQ(list.size(), 2u);
  for (const auto& each : list) {
    EXPECT_TRUE(each.at("is_accepted").as_bool()) << boost::json::serialize(each);
  }
  // An agent that runs keeps its keys.
  EXPECT_FALSE(rotate_site_keys(folder()).has_value());
}

TEST_F(SiteRotationTest, CutOffAnywhereItEndsWithOneChange) {
  using enum RotationStep;
  const std::int64_t first = read_version();
  std::int64_t seq = first;
  for (const RotationStep last : {prepared, agreed, accepted, sign_moved, tls_moved, next_moved,
                                  former_seal_moved, seal_moved, identity_moved}) {
    const auto cut = rotate_site_keys(folder(), [last](RotationStep step) { return step != last; });
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().reason, core::Reason::stopping);
    const auto again = rotate_site_keys(folder());
    ASSERT_TRUE(again.has_value()) << core::to_text(again.error());
    EXPECT_EQ(again->seq, ++seq) << "finished, not done twice";
    const SiteKeys keys = read_keys();
    EXPECT_EQ(again->sign_key, crypto::to_text(keys.sign.public_key()));
    EXPECT_TRUE(beat(keys.tls).has_value());
    EXPECT_FALSE(std::filesystem::exists(folder() + "/rotation"));
    ASSERT_EQ(keys.former_seals.size(), static_cast<std::size_t>(seq - first));
    EXPECT_NE(keys.former_seals.back().key.public_key(), keys.seal.public_key());
  }
  // The start of an agent finishes it as well.
  EXPECT_FALSE(rotate_site_keys(folder(), [](RotationStep step) { return step != agreed; }));
  start_site();
  EXPECT_FALSE(std::filesystem::exists(folder() + "/rotation"));
  EXPECT_TRUE(site_->is_connected());
}

TEST_F(SiteRotationTest, AHubThatIsAwayBeginsNothingAndLeavesTheChangePending) {
  const SiteKeys before = read_keys();
  EXPECT_FALSE(
      rotate_site_keys(folder(), [](RotationStep step) { return step != RotationStep::prepared; }));
  ASSERT_TRUE(std::filesystem::exists(folder() + "/rotation"));
  EXPECT_TRUE(hub_->stop());
  EXPECT_FALSE(rotate_site_keys(folder()).has_value());
  EXPECT_TRUE(std::filesystem::exists(folder() + "/rotation"));
  // Which version is in force is not known without the hub, so none is made to follow it.
  std::filesystem::remove_all(folder() + "/rotation");
  EXPECT_FALSE(rotate_site_keys(folder()).has_value());
  EXPECT_FALSE(std::filesystem::exists(folder() + "/rotation"));
  EXPECT_EQ(read_keys().sign.public_key(), before.sign.public_key());
}

}  // namespace
}  // namespace intertie::service
