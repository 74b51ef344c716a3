// A secret from a user's request to its task, and everywhere else that it must not be.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "intertie/crypto/bound_box.h"
#include "intertie/crypto/digest.h"
#include "intertie/hub/job_secret.h"

#include "test_site.h"

namespace intertie::service {
namespace {

using namespace std::chrono_literals;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> find_in_files(const std::string& folder, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    if (read_text(entry.path()).find(text) != std::string::npos) found.push_back(entry.path());
  }
  return found;
}

// Arguments of every process of this machine.
bool is_in_arguments(const std::string& text) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    if (read_text(entry.path() / "cmdline").find(text) != std::string::npos) return true;
  }
  return false;
}

std::string compute_hex(const std::string& text) {
  return crypto::encode_hex(crypto::compute_sha256(text).bytes);
}

std::string get_text(const boost::json::value& value) { return std::string(value.as_string()); }

class SecretsTest : public testing::Test {
 protected:
  void SetUp() override {
    clear_ = "clear-" + crypto::encode_hex(crypto::random_bytes(16));
    ASSERT_NO_FATAL_FAILURE(start_hub_again());
    site_ = start_site(make_site_options(folder_.path(), *hub_));
    ASSERT_NE(site_, nullptr);
  }

  void TearDown() override {
    site_.reset();
    EXPECT_TRUE(hub_ == nullptr || hub_->stop());
  }

  void start_hub_again() {
    HubOptions options = make_hub_options(folder_.path());
    options.principals.push_back({"eve", hub::Role::user, core::Money{1'000'000'000}, {}});
    if (!site_address_.empty()) options.site_listen = site_address_;
    hub_ = start_hub(std::move(options));
    ASSERT_NE(hub_, nullptr);
    site_address_ = hub_->site_address();
  }

  net::Response call(const std::string& who, const std::string& method, const std::string& target,
                     std::string body = {}) {
    TestClient client(*hub_, mint(*hub_, who));
    auto response = client.send(method, target, std::move(body));
    EXPECT_TRUE(response.has_value()) << core::to_text(response.error());
    return response ? std::move(*response) : net::Response{};
  }

  std::string seal(const std::string& owner, const std::string& name) {
    const auto hub = boost::json::parse(call(owner, "GET", "/v1/hub").body);
    EXPECT_EQ(get_text(hub.at("principal")), owner);
    const auto key = crypto::parse_seal_public_key(get_text(hub.at("seal_key"))).value();
    EXPECT_EQ(get_text(hub.at("seal_key_id")), hub::make_seal_key_id(key));
    return crypto::seal_bound(crypto::as_bytes(clear_), hub::make_job_secret_context(owner, name),
                              key)
        .value();
  }

  static std::string make_job(const std::string& script, const std::string& name,
                              const std::string& box) {
    return boost::json::serialize(boost::json::value{
        {"run", {"/bin/sh", "-c", script}},
        {"need", {{"cpus", "0.5"}, {"memory", "64MiB"}}},
        {"timeout", "60s"},
        {"retries", 3},
        {"env", {{"CONTROL", "control " + name}}},
        {"secrets", {{name, {{"box", box}}}}},
        {"data", {{"out", boost::json::array{boost::json::value{{"path", "answer"}}}}}}});
  }

  std::string submit(const std::string& job) {
    const net::Response created = call("ada", "POST", "/v1/jobs", job);
    EXPECT_EQ(created.status, 201) << created.body;
    return "/v1/jobs/" +
           std::to_string(boost::json::parse(created.body).at("number").to_number<std::int64_t>());
  }

  boost::json::value wait_for_phase(const std::string& path, const std::string& phase) {
    boost::json::value view;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    do {
      view = boost::json::parse(call("ada", "GET", path + "?wait=2s").body);
    } while (get_text(view.at("phase")) != phase && view.at("phase") != "ended" &&
             std::chrono::steady_clock::now() < deadline);
    EXPECT_EQ(get_text(view.at("phase")), phase) << boost::json::serialize(view);
    return view;
  }

  const TempFolder folder_;
  std::string clear_;
  std::string site_address_;
  std::unique_ptr<HubService> hub_;
  std::unique_ptr<SiteService> site_;
};

TEST_F(SecretsTest, ASecretIsReadByItsTaskAndStandsNowhere) {
  // It runs until it has been looked at.
  const std::string path =
      submit(make_job(R"(printf %s "$TOKEN" | sha256sum | cut -c1-64 > answer; echo ready
                         while [ ! -e go ]; do sleep 0.1; done)",
                      "TOKEN", seal("ada", "TOKEN")));
  wait_for_phase(path, "running");
  EXPECT_FALSE(is_in_arguments(clear_));
  EXPECT_EQ(find_in_files(folder_.path(), clear_), std::vector<std::string>());
  std::ofstream(folder_.path() + "/site/tasks/1.1/0/work/go").close();
  const boost::json::value view = wait_for_phase(path, "ended");
  ASSERT_EQ(view.at("outcome"), "succeeded") << boost::json::serialize(view);
  EXPECT_EQ(call("ada", "GET", path + "/outputs/answer").body, compute_hex(clear_) + "\n");

  // Nothing of it is in a file of the hub or the site, nor in an answer to anybody.
  EXPECT_EQ(find_in_files(folder_.path(), clear_), std::vector<std::string>());
  EXPECT_FALSE(find_in_files(folder_.path(), "control TOKEN").empty()) << "the search is blind";
  for (const std::string& target :
       {path, path + "/explain", path + "/bill", path + "/outputs", path + "/log?stream=stdout",
        path + "/log?stream=stderr", std::string("/v1/jobs"), std::string("/v1/sites"),
        std::string("/v1/hub"), std::string("/metrics")}) {
    for (const std::string who : {"ada", "operator", "eve"}) {
      const net::Response response = call(who, "GET", target);
      EXPECT_EQ(response.body.find(clear_), std::string::npos) << who << " " << target;
      const bool is_hidden = who == "eve" && target.starts_with(path);
      EXPECT_EQ(response.status == 404, is_hidden) << who << " " << target;
    }
  }
  // Nor is it left in the journals when both have stopped and written their snapshots.
  site_.reset();
  EXPECT_TRUE(hub_->stop());
  EXPECT_EQ(find_in_files(folder_.path(), clear_), std::vector<std::string>());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/site/tasks/1.1/boxes.json"));
}

TEST_F(SecretsTest, ABoxIsGoodForItsOwnerNameAndHubAlone) {
  const std::string box = seal("ada", "TOKEN");
  const auto refuse = [&](const std::string& who, const std::string& name,
                          const std::string& given) {
    const net::Response response = call(who, "POST", "/v1/jobs", make_job("true", name, given));
    EXPECT_EQ(response.body.find(clear_), std::string::npos);
    return response.status == 201 ? std::string("taken")
                                  : get_text(boost::json::parse(response.body).at("code"));
  };
  EXPECT_EQ(refuse("eve", "TOKEN", box), "secret_unreadable");
  EXPECT_EQ(refuse("operator", "TOKEN", box), "secret_unreadable");
  EXPECT_EQ(refuse("ada", "OTHER", box), "secret_unreadable");
  std::string flipped = box;
  flipped[flipped.size() / 2] = flipped[flipped.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(refuse("ada", "TOKEN", flipped), "secret_unreadable");
  EXPECT_EQ(refuse("ada", "TOKEN", clear_), "secret_unreadable");
  const auto other = crypto::SealKeyPair::generate();
  EXPECT_EQ(
      refuse("ada", "TOKEN",
             crypto::seal_bound(crypto::as_bytes(clear_),
                                hub::make_job_secret_context("ada", "TOKEN"), other.public_key())
                 .value()),
      "secret_unreadable");
  EXPECT_EQ(refuse("ada", "TOKEN", box), "taken");
  const net::Response source = call("ada", "POST", "/v1/jobs",
                                    R"({"run":["true"],"secrets":{"TOKEN":{"from_env":"TOKEN"}}})");
  EXPECT_EQ(source.status, 400) << source.body;
}

TEST_F(SecretsTest, ABoxThatNoLongerOpensEndsTheJobAtOnce) {
  ASSERT_EQ(call("operator", "POST", "/v1/sites/plant-1:drain").status / 100, 2);
  const std::string path = submit(make_job("true", "TOKEN", seal("ada", "TOKEN")));
  ASSERT_TRUE(hub_->stop());
  hub_.reset();
  std::filesystem::remove(folder_.path() + "/hub/keys/seal.key");
  ASSERT_NO_FATAL_FAILURE(start_hub_again());
  ASSERT_EQ(call("operator", "POST", "/v1/sites/plant-1:resume").status / 100, 2);
  const boost::json::value view = wait_for_phase(path, "ended");
  EXPECT_EQ(view.at("outcome"), "failed") << boost::json::serialize(view);
  EXPECT_EQ(view.at("reason").at("code"), "secret_unreadable") << boost::json::serialize(view);
  EXPECT_FALSE(view.at("reason").at("fix").as_string().empty());
  EXPECT_EQ(view.at("attempt").to_number<int>(), 1) << boost::json::serialize(view);
}

}  // namespace
}  // namespace intertie::service
