// Adversarial tests 8 and 10 against a whole hub over TLS: parallel repeats, and what a browser
// gets.
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "test_hub.h"

namespace intertie::adversarial {
namespace {

using service::HubService;
using service::TempFolder;

class Hub {
 public:
  Hub() : hub_(service::start_hub(service::make_hub_options(folder_.path()))) {}

  net::HttpClient connect() const {
    const auto url = net::parse_url(hub_->user_address()).value();
    net::HttpClientOptions options;
    options.host = url.host;
    options.port = url.port;
    options.tls.emplace();
    options.tls->peer_fingerprint = hub_->user_fingerprint();
    return net::HttpClient(std::move(options));
  }
  net::Request make_request(const std::string& who, const std::string& method,
                            const std::string& target, std::string body = {}) {
    net::Request request;
    request.method = method;
    request.target = target;
    request.body = std::move(body);
    request.headers.add("Authorization", "Bearer " + service::mint(*hub_, who));
    return request;
  }
  HubService& service() { return *hub_; }

 private:
  const TempFolder folder_;
  std::unique_ptr<HubService> hub_;
};

TEST(Adversarial, A08_AHundredEqualDepositsFromTenConnectionsAreOne) {
  Hub hub;
  net::Request request =
      hub.make_request("operator", "POST", "/v1/accounts/plant:deposit", R"({"amount_micros":7})");
  request.headers.add("Idempotency-Key", "one");
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> answers;
  std::atomic<int> done = 0;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] {
      net::HttpClient client = hub.connect();
      for (int n = 0; n < 10; ++n) {
        const auto response = client.request(request, core::seconds(20));
        if (!response) continue;
        ++done;
        const std::lock_guard lock(mutex);
        answers.insert(std::to_string(response->status) + response->body);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done.load(), 100);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers.begin()->substr(0, 3), "200");
  EXPECT_NE(answers.begin()->find("\"balance_micros\":7,"), std::string::npos) << *answers.begin();
  request.body = R"({"amount_micros":8})";
  EXPECT_EQ(hub.connect().request(request, core::seconds(20)).value().status, 409);
  EXPECT_TRUE(hub.service().stop());
}

TEST(Adversarial, A10_EveryAnswerTellsBrowsersToDoNothingWithIt) {
  Hub hub;
  net::HttpClient client = hub.connect();
  for (const char* const target : {"/v1/jobs", "/v1/hub", "/livez", "/metrics", "/openapi.json",
                                   "/<img src=x>", "/v1/jobs/99"}) {
    const auto response = client.request(hub.make_request("ada", "GET", target));
    if (!response) continue;  // Not a target that the client sends.
    SCOPED_TRACE(target);
    EXPECT_EQ(response->headers.find("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(response->headers.find("Content-Security-Policy"),
              "default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(response->headers.find("Cache-Control"), "no-store");
    EXPECT_FALSE(response->headers.has("Set-Cookie"));
    EXPECT_FALSE(response->headers.has("Access-Control-Allow-Origin"));
    EXPECT_NE(response->content_type.substr(0, 9), "text/html");
  }
  // As another site's page could send it: a cookie, and a type that asks nobody first.
  net::Request forged;
  forged.method = "POST";
  forged.target = "/v1/accounts/plant:deposit";
  forged.body = R"({"amount_micros":7})";
  forged.headers.add("Cookie", "token=" + service::mint(hub.service(), "operator"));
  forged.headers.add("Origin", "https://evil.example");
  forged.headers.add("Content-Type", "text/plain");
  forged.headers.add("Idempotency-Key", "one");
  EXPECT_EQ(client.request(forged, core::seconds(20)).value().status, 401);
  EXPECT_TRUE(hub.service().stop());
}

}  // namespace
}  // namespace intertie::adversarial
