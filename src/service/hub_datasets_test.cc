// Datasets through a real hub: in chunks over TLS, seen by whom they should be, and by a site's
// job.
#include <string>

#include <boost/json/parse.hpp>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/transfer/manifest.h"

#include "test_hub.h"

namespace intertie::service {
namespace {

std::string make_content(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>(i * 7 + (i >> 12) + (i >> 23) * 3);
  return bytes;
}

transfer::Manifest make_manifest(const std::string& content) {
  transfer::ManifestWriter writer(content.size(), true);
  writer.add(content);
  return writer.finish().value();
}

std::string get_target(const transfer::Manifest& manifest) {
  return "/v1/datasets/" + crypto::encode_hex(transfer::compute_root(manifest).bytes);
}

std::string get_chunk(const std::string& content, const transfer::Manifest& manifest,
                      std::uint32_t chunk) {
  const auto span = transfer::get_chunk_span(manifest, chunk);
  return content.substr(span.offset, span.length);
}

class HubDatasetsTest : public testing::Test {
 protected:
  void SetUp() override {
    options_ = make_hub_options(folder_.path());
    options_.principals.push_back({"bob", hub::Role::user, {}, {}});
    start();
  }
  void start() {
    hub_ = start_hub(options_);
    ASSERT_NE(hub_, nullptr);
    ada_.emplace(*hub_, mint_for("ada"));
    bob_.emplace(*hub_, mint_for("bob"));
  }
  std::string mint_for(const std::string& who) {
    return hub_->mint_user_token(who, {"jobs.read", "jobs.write"}, core::hours(1)).value();
  }
  void TearDown() override { EXPECT_TRUE(hub_ == nullptr || hub_->stop()); }

  const TempFolder folder_;
  HubOptions options_;
  std::unique_ptr<HubService> hub_;
  std::optional<TestClient> ada_;
  std::optional<TestClient> bob_;
};

TEST_F(HubDatasetsTest, ComeInChunksAcrossARestartAndBackByRanges) {
  const std::string content = make_content((20u << 20) + 5);
  const auto manifest = make_manifest(content);
  const std::string target = get_target(manifest);
  EXPECT_EQ(ada_->send_for_status("GET", target), 404);
  EXPECT_EQ(ada_->send_for_status("PUT", target + "/chunks/0", "x"), 404);
  const std::string begin = target + "?name=weights";
  EXPECT_EQ(ada_->send_for_status("PUT", begin, transfer::encode_manifest(manifest)), 202);
  EXPECT_EQ(ada_->send_for_status("PUT", target + "/chunks/1", get_chunk(content, manifest, 0)),
            400);
  EXPECT_EQ(ada_->send_for_status("PUT", target + "/chunks/1", get_chunk(content, manifest, 1)),
            201);
  EXPECT_EQ(ada_->send_for_status("GET", target + "/content"), 404);

  EXPECT_TRUE(hub_->stop());
  start();
  const auto view = ada_->send("GET", target);
  ASSERT_TRUE(view.has_value());
  ASSERT_EQ(view->status, 200) << view->body;
  const auto object = boost::json::parse(view->body);
  EXPECT_EQ(object.at("chunks_here").to_number<int>(), 1);
  EXPECT_EQ(object.at("missing").as_array().size(), 2u);
  EXPECT_EQ(ada_->send_for_status("PUT", target + "/chunks/0", get_chunk(content, manifest, 0)),
            201);
  EXPECT_EQ(ada_->send_for_status("PUT", target + "/chunks/2", get_chunk(content, manifest, 2)),
            201);
  EXPECT_EQ(ada_->send_for_status("PUT", begin, transfer::encode_manifest(manifest)), 200);

  // More than one answer carries: by ranges.
  EXPECT_EQ(ada_->send_for_status("GET", target + "/content"), 413);
  std::string back;
  while (back.size() < content.size()) {
    const auto piece = ada_->send_range(target + "/content", back.size(), 9u << 20);
    ASSERT_TRUE(piece.has_value());
    ASSERT_EQ(piece->status, 206);
    back += piece->body;
  }
  EXPECT_TRUE(back == content);
  const std::string whole = "/v1/content/" + crypto::to_text(*manifest.whole);
  EXPECT_EQ(ada_->send_for_status("HEAD", whole), 200);
  const auto found = ada_->send("GET", "/v1/datasets:find?name=weights");
  EXPECT_EQ(found->status, 200);
  EXPECT_NE(found->body.find(transfer::format_dataset(transfer::compute_root(manifest))),
            std::string::npos);
}

TEST_F(HubDatasetsTest, WhatOneHasIsNoBodyElsesToSee) {
  const std::string content = "what only ada knows";
  const auto manifest = make_manifest(content);
  const std::string target = get_target(manifest);
  const std::string whole = "/v1/content/" + crypto::to_text(*manifest.whole);
  ASSERT_EQ(ada_->send_for_status("PUT", whole, content), 201);
  EXPECT_EQ(ada_->send("GET", target + "/content")->body, content);
  // Bob knows every digest there is.
  for (const std::string& each : {target, target + "/content", target + "/manifest", whole,
                                  std::string("/v1/datasets:find?owner=ada&name=x")}) {
    EXPECT_EQ(bob_->send_for_status("GET", each), 404) << each;
  }
  EXPECT_EQ(bob_->send_for_status("HEAD", whole), 404);
  EXPECT_EQ(bob_->send_for_status("DELETE", target), 404);
  EXPECT_EQ(bob_->send_for_status("POST", target + ":pin"), 404);
  EXPECT_EQ(bob_->send("GET", "/v1/datasets")->body, R"({"datasets":[],"silent":[]})");
  const std::string job = R"({"run":["true"],"data":{"in":[{"from":")" +
                          crypto::to_text(*manifest.whole) + R"(","to":"x"}]}})";
  EXPECT_NE(bob_->send("POST", "/v1/jobs", job)->body.find("not_found"), std::string::npos);
  // He is told to bring all of it, as anybody would be.
  EXPECT_EQ(bob_->send_for_status("PUT", target, transfer::encode_manifest(manifest)), 202);
  EXPECT_EQ(bob_->send_for_status("GET", target + "/content"), 404);
  EXPECT_EQ(bob_->send_for_status("PUT", target + "/chunks/0", "what only ada guess"), 400);
  // Named as a reader he sees it.
  ASSERT_EQ(bob_->send_for_status("DELETE", target), 204);
  ASSERT_EQ(ada_->send_for_status("PUT", target + "?name=shared&readers=bob",
                                  transfer::encode_manifest(manifest)),
            200);
  EXPECT_EQ(bob_->send("GET", target + "/content")->body, content);
  EXPECT_EQ(bob_->send_for_status("GET", "/v1/datasets:find?owner=ada&name=shared"), 200);
  EXPECT_EQ(bob_->send_for_status("DELETE", target), 404);
  ASSERT_EQ(ada_->send_for_status("DELETE", target), 204);
  EXPECT_EQ(bob_->send_for_status("GET", target), 404);
}

TEST_F(HubDatasetsTest, AFullStoreAndBadRequestsAreRefusedByName) {
  EXPECT_TRUE(hub_->stop());
  options_.content_bytes_max = core::Bytes{1'000};
  start();
  const auto manifest = make_manifest(make_content(2'000));
  const std::string target = get_target(manifest);
  const auto full = ada_->send("PUT", target, transfer::encode_manifest(manifest));
  EXPECT_EQ(full->status, 413) << full->body;
  EXPECT_EQ(ada_->send_for_status("PUT", target, "nonsense"), 400);
  const auto small = make_manifest("x");
  EXPECT_EQ(ada_->send_for_status("PUT", target, transfer::encode_manifest(small)), 400);
  const std::string own = get_target(small);
  for (const char* query :
       {"?name=a%20b", "?classification=loud", "?regions=123", "?keep_until=soon", "?unknown=1"}) {
    EXPECT_EQ(ada_->send_for_status("PUT", own + query, transfer::encode_manifest(small)), 400)
        << query;
  }
  EXPECT_EQ(ada_->send_for_status("GET", "/v1/datasets/12"), 400);
}

}  // namespace
}  // namespace intertie::service
