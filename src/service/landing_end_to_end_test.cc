// Outputs from a task to the datasets that the job file names.
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "intertie/crypto/digest.h"

#include "test_site.h"

namespace intertie::service {
namespace {

using namespace std::chrono_literals;

class LandingTest : public testing::Test {
 protected:
  void start(core::Bytes content_bytes_max = HubOptions{}.content_bytes_max) {
    HubOptions options = make_hub_options(folder_.path());
    options.content_bytes_max = content_bytes_max;
    hub_ = start_hub(std::move(options));
    ASSERT_NE(hub_, nullptr);
    site_ = start_site(make_site_options(folder_.path(), *hub_));
    ASSERT_NE(site_, nullptr);
  }

  void TearDown() override {
    site_.reset();
    EXPECT_TRUE(hub_ == nullptr || hub_->stop());
  }

  net::Response call(const std::string& method, const std::string& target, std::string body = {}) {
    TestClient client(*hub_, mint(*hub_, "ada"));
    auto response = client.send(method, target, std::move(body));
    EXPECT_TRUE(response.has_value()) << core::to_text(response.error());
    return response ? std::move(*response) : net::Response{};
  }

  // Runs a script whose outputs are "a" (to data://first) and "b" (to data://second).
  boost::json::value run(const std::string& script) {
    const boost::json::value job{
        {"run", {"/bin/sh", "-c", script}},
        {"need", {{"cpus", "0.5"}, {"memory", "64MiB"}}},
        {"timeout", "60s"},
        {"data",
         {{"out",
           boost::json::array{boost::json::value{{"path", "a"}, {"to", "data://first"}},
                              boost::json::value{{"path", "b"}, {"to", "data://second"}}}}}}};
    const net::Response created = call("POST", "/v1/jobs", boost::json::serialize(job));
    EXPECT_EQ(created.status, 201) << created.body;
    path_ = "/v1/jobs/" +
            std::to_string(boost::json::parse(created.body).at("number").to_number<std::int64_t>());
    boost::json::value view;
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    do {
      view = boost::json::parse(call("GET", path_ + "?wait=2s").body);
    } while (view.at("phase") != "ended" && std::chrono::steady_clock::now() < deadline);
    EXPECT_EQ(view.at("phase"), "ended") << boost::json::serialize(view);
    return view;
  }

  // What ada reads under a name; the code of the refusal in brackets.
  std::string read(const std::string& name) {
    const net::Response found = call("GET", "/v1/datasets:find?name=" + name);
    const boost::json::value view = boost::json::parse(found.body);
    if (found.status != 200) return "[" + std::string(view.at("code").as_string()) + "]";
    EXPECT_EQ(view.at("is_complete"), true) << found.body;
    EXPECT_EQ(view.at("owner"), "ada");
    EXPECT_FALSE(view.at("policy").as_object().contains("keep_until") &&
                 !view.at("policy").at("keep_until").is_null())
        << found.body;
    const std::string id(view.at("id").as_string());
    return call("GET", "/v1/datasets/" + id.substr(id.find(':') + 1) + "/content").body;
  }

  const TempFolder folder_;
  std::unique_ptr<HubService> hub_;
  std::unique_ptr<SiteService> site_;
  std::string path_;
};

TEST_F(LandingTest, TheyBecomeTheOwnersDatasets) {
  ASSERT_NO_FATAL_FAILURE(start());
  const boost::json::value view = run("echo one > a; printf '' > b");
  ASSERT_EQ(view.at("outcome"), "succeeded") << boost::json::serialize(view);
  EXPECT_EQ(read("first"), "one\n");
  EXPECT_EQ(read("second"), "");
  // They are outputs as ever, too.
  EXPECT_EQ(call("GET", path_ + "/outputs/a").body, "one\n");

  // A job that fails leaves the names where they are; the next that succeeds moves them.
  EXPECT_EQ(run("echo two > a; echo two > b; exit 3").at("outcome"), "failed");
  EXPECT_EQ(read("first"), "one\n");
  EXPECT_EQ(run("echo three > a").at("outcome"), "failed");  // It promised b.
  EXPECT_EQ(read("first"), "one\n");
  EXPECT_EQ(run("echo four > a; echo five > b").at("outcome"), "succeeded");
  EXPECT_EQ(read("first"), "four\n");
  EXPECT_EQ(read("second"), "five\n");
}

// Either all outputs get their names or none does; what cannot land is still at the site.
TEST_F(LandingTest, WhatDoesNotFitIsMissingAndNotLost) {
  ASSERT_NO_FATAL_FAILURE(start(core::Bytes{1 << 20}));
  const boost::json::value view = run("echo small > a; head -c 3000000 /dev/zero > b");
  EXPECT_EQ(view.at("outcome"), "failed") << boost::json::serialize(view);
  EXPECT_EQ(view.at("reason").at("code"), "output_missing") << boost::json::serialize(view);
  std::ifstream log(folder_.path() + "/site.log");
  const std::string told(std::istreambuf_iterator<char>(log), {});
  EXPECT_NE(told.find("b: too_large"), std::string::npos) << told;
  EXPECT_EQ(read("first"), "[not_found]");
  EXPECT_EQ(read("second"), "[not_found]");
  EXPECT_EQ(call("GET", path_ + "/outputs/a").body, "small\n");
}

}  // namespace
}  // namespace intertie::service
