// A real hub and a real site in one process: a job goes from a user's request to a settled bill.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "intertie/execution_runners/local_runner.h"
#include "intertie/net/http_client.h"

#include "test_site.h"

namespace intertie::service {
namespace {

using namespace std::chrono_literals;

class EndToEndTest : public testing::Test {
 protected:
  void SetUp() override {
    hub_ = start_hub(make_hub_options(folder_.path()));
    ASSERT_NE(hub_, nullptr);
    SiteOptions site = make_site_options(folder_.path(), *hub_);
    site.measure = SiteOptions{}.measure;
    site.price.per_cpu_hour = core::Money{3'600'000'000};
    site_ = start_site(std::move(site));
    ASSERT_NE(site_, nullptr);
  }

  void TearDown() override {
    site_.reset();
    EXPECT_TRUE(hub_ == nullptr || hub_->stop());
  }

  net::Response call(const std::string& who, std::string method, std::string target,
                     std::string body = {}) {
    const auto url = net::parse_url(hub_->user_address()).value();
    net::HttpClientOptions options;
    options.host = url.host;
    options.port = url.port;
    options.tls.emplace();
    options.tls->peer_fingerprint = hub_->user_fingerprint();
    options.tls->allow_tls_1_2 = true;
    net::HttpClient client(std::move(options));
    net::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.body = std::move(body);
    request.headers.set("Content-Type", "application/json");
    const auto token = hub_->mint_user_token(
        who,
        who == "ada" ? std::vector<std::string>{"jobs.read", "jobs.write", "ledger.read"}
                     : std::vector<std::string>{"admin"},
        core::hours(1));
    EXPECT_TRUE(token.has_value());
    request.headers.set("Authorization", "Bearer " + (token ? *token : std::string()));
    auto response = client.request(request);
    EXPECT_TRUE(response.has_value()) << core::to_text(response.error());
    return response ? std::move(*response) : net::Response{};
  }

  boost::json::value read(const std::string& target) {
    const net::Response response = call("ada", "GET", target);
    EXPECT_EQ(response.status, 200) << response.body;
    return boost::json::parse(response.body);
  }

  const TempFolder folder_;
  std::unique_ptr<HubService> hub_;
  std::unique_ptr<SiteService> site_;
};

TEST_F(EndToEndTest, AJobRunsAndIsPaidOnce) {
  const std::string job = R"({"run":["/bin/sh","-c","echo hello; echo 42 > answer"],)"
                          R"("need":{"cpus":"0.5","memory":"64MiB"},"timeout":"60s",)"
                          R"("data":{"out":[{"path":"answer"}]}})";
  const net::Response created = call("ada", "POST", "/v1/jobs", job);
  ASSERT_EQ(created.status, 201) << created.body;
  const std::string path =
      "/v1/jobs/" +
      std::to_string(boost::json::parse(created.body).at("number").to_number<std::int64_t>());

  boost::json::value view;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  do {
    view = read(path + "?wait=2s");
  } while (view.at("phase") != "ended" && std::chrono::steady_clock::now() < deadline);
  ASSERT_EQ(view.at("phase"), "ended") << boost::json::serialize(view);
  EXPECT_EQ(view.at("exit_code").to_number<int>(), 0) << boost::json::serialize(view);

  const net::Response log = call("ada", "GET", path + "/log?stream=stdout&rank=0&offset=0");
  EXPECT_EQ(log.status, 200);
  EXPECT_EQ(log.body, "hello\n");
  const net::Response output = call("ada", "GET", path + "/outputs/answer");
  EXPECT_EQ(output.status, 200);
  EXPECT_EQ(output.body, "42\n");
  const net::Response check = call("operator", "GET", "/v1/ledger/check");
  EXPECT_EQ(check.status, 200) << check.body;
  const net::Response bill = call("ada", "GET", path + "/bill");
  EXPECT_EQ(bill.status, 200) << bill.body;
  RecordProperty("check", check.body);
  RecordProperty("bill", bill.body);
}

// Under load a look at the agent's state is older than what has been reported since: no attempt may
// be prepared twice because of it, and none may need a second try.
TEST_F(EndToEndTest, ManyJobsNeedOneAttemptEach) {
  std::string jobs;
  for (int i = 0; i < 60; ++i) {
    jobs += std::string(jobs.empty() ? "" : ",") +
            R"({"run":["true"],"need":{"cpus":"0.1","memory":"8MiB"},"timeout":"60s"})";
  }
  const net::Response created = call("ada", "POST", "/v1/jobs:bulk", R"({"jobs":[)" + jobs + "]}");
  ASSERT_EQ(created.status, 200) << created.body;
  for (int number = 1; number <= 60; ++number) {
    boost::json::value view;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    do {
      view = read("/v1/jobs/" + std::to_string(number) + "?wait=2s");
    } while (view.at("phase") != "ended" && std::chrono::steady_clock::now() < deadline);
    EXPECT_EQ(view.at("outcome"), "succeeded") << boost::json::serialize(view);
    EXPECT_EQ(view.at("attempt").to_number<int>(), 1) << boost::json::serialize(view);
  }
  const net::Response check = call("operator", "GET", "/v1/ledger/check");
  EXPECT_EQ(boost::json::parse(check.body).at("sum_micros").to_number<std::int64_t>(), 0);
}

}  // namespace
}  // namespace intertie::service
