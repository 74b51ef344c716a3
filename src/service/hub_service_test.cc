#include "intertie/service/hub_service.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "intertie/codec/json.h"
#include "intertie/crypto/digest.h"

#include "test_hub.h"

namespace intertie::service {
namespace {

// A command that is acknowledged when it is durable.
int create_principal(TestClient& client, const std::string& name) {
  return client.send_for_status("POST", "/v1/principals", R"({"name":")" + name + R"("})");
}

std::string read_text(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(HubService, AnswersOverTlsWithItsPinnedCertificate) {
  const TempFolder folder;
  const auto hub = start_hub(make_hub_options(folder.path()));
  ASSERT_NE(hub, nullptr);
  TestClient client(*hub, "");
  EXPECT_EQ(client.send_for_status("GET", "/livez"), 200);
  EXPECT_EQ(client.send_for_status("GET", "/readyz"), 200);
  const auto metrics = client.send("GET", "/metrics");
  ASSERT_TRUE(metrics.has_value());
  EXPECT_NE(metrics->body.find("intertie_log_durable_index"), std::string::npos);

  // Another certificate than the pinned one is not spoken to.
  const TempFolder other_folder;
  const auto other = start_hub(make_hub_options(other_folder.path()));
  ASSERT_NE(other, nullptr);
  net::HttpClientOptions options;
  options.port = net::parse_url(hub->user_address()).value().port;
  options.tls.emplace();
  options.tls->peer_fingerprint = other->user_fingerprint();
  const auto refused = net::HttpClient(options).request({});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, core::Reason::certificate_refused);
  EXPECT_TRUE(hub->stop());
  EXPECT_TRUE(other->stop());
}

TEST(HubService, KeepsWhatItAcknowledgedAcrossARestart) {
  const TempFolder folder;
  const HubOptions options = make_hub_options(folder.path());
  std::string id;
  std::string site_fingerprint;
  std::string user_fingerprint;
  std::string token;
  {
    const auto hub = start_hub(options);
    ASSERT_NE(hub, nullptr);
    token = mint(*hub, "operator");
    TestClient client(*hub, token);
    EXPECT_EQ(create_principal(client, "bob"), 201);
    id = hub->hub_id();
    site_fingerprint = hub->site_fingerprint();
    user_fingerprint = hub->user_fingerprint();
    EXPECT_TRUE(hub->stop());
  }
  const auto hub = start_hub(options);
  ASSERT_NE(hub, nullptr);
  EXPECT_EQ(hub->hub_id(), id);
  EXPECT_EQ(hub->site_fingerprint(), site_fingerprint);
  EXPECT_EQ(hub->user_fingerprint(), user_fingerprint);
  TestClient client(*hub, token);  // Tokens outlive the restart.
  EXPECT_EQ(client.send_for_status("GET", "/v1/accounts/bob"), 200);
  const auto account = client.send("GET", "/v1/accounts/ada");
  ASSERT_TRUE(account.has_value());
  EXPECT_NE(account->body.find("1000000000"), std::string::npos) << account->body;
  EXPECT_TRUE(hub->stop());
  // The second start found the snapshot of the first stop.
  const std::string log = read_text(options.log_path);
  EXPECT_NE(log.find("\"event\":\"written\""), std::string::npos);
  EXPECT_EQ(log.find("\"level\":\"error\""), std::string::npos) << log;
}

TEST(HubService, KeysAndStoreArePrivate) {
  const TempFolder folder;
  const HubOptions options = make_hub_options(folder.path());
  const auto hub = start_hub(options);
  ASSERT_NE(hub, nullptr);
  for (const char* name : {"sign.pem", "tls.pem", "token.pem", "user-key.pem"}) {
    struct stat facts {};
    const std::string path = options.folder + "/keys/" + name;
    ASSERT_EQ(::stat(path.c_str(), &facts), 0) << path;
    EXPECT_EQ(facts.st_mode & 0777, 0600u) << path;
  }
  EXPECT_TRUE(hub->stop());
  EXPECT_EQ(hub->mint_user_token("ada", {"admin"}, core::hours(1)).error().reason,
            core::Reason::stopping);
  // A key that others may read is not used.
  ASSERT_EQ(::chmod((options.folder + "/keys/sign.pem").c_str(), 0644), 0);
  const auto again = HubService::start(options);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().reason, core::Reason::denied);
}

TEST(HubService, RefusesBadOptionsByName) {
  const TempFolder folder;
  HubOptions options = make_hub_options(folder.path());
  options.user_tls = false;
  options.user_listen = "0.0.0.0:0";
  EXPECT_EQ(HubService::start(options).error().reason, core::Reason::bad_argument);
  options = make_hub_options(folder.path());
  options.site_listen = "nonsense";
  EXPECT_EQ(HubService::start(options).error().reason, core::Reason::bad_argument);
  options = make_hub_options(folder.path() + "/other");
  std::filesystem::create_directory(folder.path() + "/other");
  options.region = "QQ";
  EXPECT_EQ(HubService::start(options).error().reason, core::Reason::bad_argument);
}

TEST(HubService, ASecondHubInTheSameFolderIsRefused) {
  const TempFolder folder;
  const auto hub = start_hub(make_hub_options(folder.path()));
  ASSERT_NE(hub, nullptr);
  const auto second = HubService::start(make_hub_options(folder.path()));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().reason, core::Reason::store_unavailable);
}

TEST(HubService, AStoreThatFailsIsAnsweredWith503AndRecovers) {
  const TempFolder folder;
  HubOptions options = make_hub_options(folder.path());
  const auto is_failing = std::make_shared<std::atomic<bool>>(false);
  options.store_fault = [is_failing](storage::FailPoint) -> core::Result<void> {
    if (is_failing->load()) return core::Error{core::Reason::store_unavailable, "disk full"};
    return {};
  };
  const auto hub = start_hub(options);
  ASSERT_NE(hub, nullptr);
  TestClient client(*hub, mint(*hub, "operator"));
  ASSERT_EQ(create_principal(client, "p1"), 201);
  is_failing->store(true);
  // The first one waits for its outcome: acknowledged if it becomes durable soon enough, else told
  // that it may still take effect.
  TestClient waiting(*hub, mint(*hub, "operator"));
  int outcome = 0;
  std::thread first([&] { outcome = create_principal(waiting, "p2"); });
  // The hub learns of it with the first append, whenever that thread comes to it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 0;
  while (status != 503 && std::chrono::steady_clock::now() < deadline) {
    status = client.send_for_status("GET", "/readyz");
  }
  EXPECT_EQ(status, 503);
  EXPECT_EQ(create_principal(client, "p3"), 503);
  is_failing->store(false);
  first.join();
  EXPECT_TRUE(outcome == 201 || outcome == 503) << outcome;
  status = 0;
  const auto later = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int i = 0; status != 201 && std::chrono::steady_clock::now() < later; ++i) {
    status = create_principal(client, "late-" + std::to_string(i));
  }
  EXPECT_EQ(status, 201);
  EXPECT_EQ(client.send_for_status("GET", "/readyz"), 200);
  EXPECT_TRUE(hub->stop());
}

TEST(HubService, ContentComesBackAsItWas) {
  const TempFolder folder;
  const auto hub = start_hub(make_hub_options(folder.path()));
  ASSERT_NE(hub, nullptr);
  TestClient client(*hub, mint(*hub, "operator"));
  const std::string bytes(10u << 20, 'x');  // Of two chunks.
  const std::string target =
      "/v1/content/" + crypto::to_text(crypto::compute_sha256(std::string_view(bytes)));
  EXPECT_EQ(client.send_for_status("GET", target), 404);
  const int put = client.send_for_status("PUT", target, bytes);
  EXPECT_TRUE(put == 200 || put == 201 || put == 204) << put;
  const auto wrong = client.send_for_status("PUT", target, bytes.substr(1));
  EXPECT_EQ(wrong / 100, 4) << wrong;
  EXPECT_EQ(client.send_for_status("HEAD", target), 200);
  EXPECT_TRUE(hub->stop());
}

TEST(HubService, SleepsWhenThereIsNothingToDo) {
  const TempFolder folder;
  const auto hub = start_hub(make_hub_options(folder.path()));
  ASSERT_NE(hub, nullptr);
  TestClient client(*hub, mint(*hub, "operator"));
  ASSERT_EQ(create_principal(client, "p5"), 201);
  const auto switches = [] {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    return use.ru_nvcsw;
  };
  const long before = switches();
  std::this_thread::sleep_for(std::chrono::seconds(1));  // What is measured is this second.
  EXPECT_LT(switches() - before, 200);  // A loop that polls would come to thousands.
}

}  // namespace
}  // namespace intertie::service
