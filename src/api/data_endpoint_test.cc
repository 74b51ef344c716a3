// A data endpoint gives what the pass says to whom the pass names, and nothing else to anybody.
#include "intertie/api/data_endpoint.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/identity/envelope.h"
#include "intertie/transfer/pass.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

class DataEndpointTest : public testing::Test {
 protected:
  DataEndpointTest() {
    transfer::DatasetWish wish;
    wish.owner = "ada";
    wish.name = "weights";
    content_.resize(3u << 20);
    for (std::size_t i = 0; i < content_.size(); ++i)
      content_[i] = static_cast<char>(i * 7 + i / 9);
    info_ = datasets_.put(wish, content_).value();
    wish.owner = "bob";
    wish.policy.regions = {"22"};
    bobs_ = datasets_.put(wish, "what is bob's").value();
    pass_ = {"42R",
             transfer::format_dataset(info_.root),
             "ada",
             "22S",
             crypto::to_text(puller_.public_key()),
             "22",
             now_ + core::seconds(60),
             "22/7"};
  }

  Request make_request(const crypto::Digest& root, const std::string& range = "bytes=0-9") const {
    Request request;
    request.method = "GET";
    request.path = "/data/v1/datasets/" + crypto::encode_hex(root.bytes) + "/content";
    request.range = range;
    request.pass = seal(pass_, hub_);
    request.peer_certificate_der = ApiWorld::make_certificate(puller_);
    return request;
  }
  static std::string seal(const transfer::DataPass& pass, const crypto::KeyPair& key) {
    return crypto::encode_base64url(crypto::as_bytes(
        identity::seal_envelope(transfer::kPassType, codec::to_json(pass), key).value()));
  }
  Response send(const Request& request) {
    auto answer = std::make_shared<FakeAnswer>();
    endpoint_.handle(request, answer);
    EXPECT_TRUE(answer->response.has_value());
    return answer->response.value_or(Response{});
  }
  std::string send_for_code(const Request& request) {
    const Response response = send(request);
    EXPECT_NE(response.status / 100, 2) << response.body;
    return ApiWorld::read_code(response);
  }

  const core::Time now_ = FakeBackend().now();
  const crypto::KeyPair hub_ = make_test_key(31);
  const crypto::KeyPair puller_ = make_test_key(32);
  FakeDatasets datasets_;
  std::string content_;
  transfer::DatasetInfo info_;
  transfer::DatasetInfo bobs_;
  transfer::DataPass pass_;
  int read_ = 0;
  std::int64_t turn_ = INT64_MAX;
  LineUse paced_;
  DataEndpoint endpoint_{
      DataHolder{"42R", hub_.public_key(), [this] { return now_; },
                 [this](const std::string& reader, const crypto::Digest& root) {
                   return datasets_.find(reader, {transfer::DatasetKey::Kind::root, root, {}, {}});
                 },
                 [this](const transfer::DatasetInfo& info, transfer::ByteSpan span) {
                   ++read_;
                   return datasets_.read(info.owner, info.root, span);
                 },
                 [this](const LineUse& use, std::int64_t wanted, const auto& done) {
                   paced_ = use;
                   if (turn_ == 0) return done(core::Error{core::Reason::busy, "the line"});
                   done(std::min(wanted, turn_));
                 }}};
};

TEST_F(DataEndpointTest, GivesTheRangeAtThePaceOfTheLine) {
  Response response = send(make_request(info_.root, "bytes=100-299"));
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.body, content_.substr(100, 200));
  EXPECT_EQ(paced_.region, "22");
  EXPECT_EQ(paced_.leg, "22/7");
  EXPECT_EQ(paced_.size.count, 3 << 20);
  // No more than a piece at a time, and no more than the line lets go.
  response = send(make_request(info_.root, "bytes=5-"));
  EXPECT_EQ(response.body, content_.substr(5, kDataPieceBytes));
  turn_ = 1'000;
  response = send(make_request(info_.root, "bytes=5-"));
  EXPECT_EQ(response.body, content_.substr(5, 1'000));
  turn_ = 0;
  EXPECT_EQ(send_for_code(make_request(info_.root)), "busy");
}

TEST_F(DataEndpointTest, NothingWithoutThePassOfThisHubForThisKeyAndDataset) {
  Request request = make_request(info_.root);
  request.pass.clear();
  EXPECT_EQ(send_for_code(request), "bad_syntax");
  request.pass = "no/base64url";
  EXPECT_EQ(send_for_code(request), "bad_syntax");
  request.pass = seal(pass_, make_test_key(33));
  EXPECT_EQ(send_for_code(request), "bad_signature");
  // Somebody else shows it.
  request = make_request(info_.root);
  request.peer_certificate_der = ApiWorld::make_certificate(make_test_key(34));
  EXPECT_EQ(send_for_code(request), "denied");
  request.peer_certificate_der.clear();
  EXPECT_EQ(send_for_code(request), "certificate_refused");
  // For another dataset, of the same owner or not: the chunks of others stay closed.
  EXPECT_EQ(send_for_code(make_request(bobs_.root)), "denied");
  for (const auto change : {+[](transfer::DataPass& pass) { pass.holder = "42S"; },
                            +[](transfer::DataPass& pass) { pass.key = "ed25519:x"; }}) {
    transfer::DataPass changed = pass_;
    change(changed);
    request = make_request(info_.root);
    request.pass = seal(changed, hub_);
    EXPECT_EQ(send_for_code(request), "denied");
  }
  transfer::DataPass late = pass_;
  late.expires = now_;
  request.pass = seal(late, hub_);
  EXPECT_EQ(send_for_code(request), "token_expired");
  EXPECT_EQ(read_, 0);
}

TEST_F(DataEndpointTest, ThePolicyHoldsAtEveryRange) {
  // A pass for bob's dataset in ada's name opens nothing, and nothing leaves its regions.
  pass_.dataset = transfer::format_dataset(bobs_.root);
  EXPECT_EQ(send_for_code(make_request(bobs_.root)), "not_found");
  pass_.reader = "bob";
  EXPECT_EQ(send(make_request(bobs_.root)).body, "what is bo");
  pass_.region = "52";
  EXPECT_EQ(send_for_code(make_request(bobs_.root)), "data_policy");
}

TEST_F(DataEndpointTest, KnowsOneRoute) {
  const std::string hex = crypto::encode_hex(info_.root.bytes);
  const std::vector<std::string> paths = {
      "/",
      "/data/v1/datasets/" + hex,
      "/data/v1/datasets/" + hex + "/manifest",
      "/data/v1/datasets/../" + hex + "/content",
      "/data/v1/datasets//content",
      "/data/v1/datasets/" + hex + "0/content",
      "/data/v1/datasets/" + hex.substr(1) + "/content",
      "/data/v1/datasets/" + std::string(63, 'a') + "/" + "/content",
      "/data/v1/datasets/" + std::string(64, '.') + "/content",
      "/v1/datasets",
      "/site/v1/datasets/" + hex + "/content"};
  for (const std::string& path : paths) {
    Request request = make_request(info_.root);
    request.path = path;
    EXPECT_EQ(send_for_code(request), "not_found") << path;
  }
  Request request = make_request(info_.root);
  request.method = "PUT";
  EXPECT_EQ(send_for_code(request), "not_found");
  request = make_request(info_.root);
  request.range.clear();
  EXPECT_EQ(send_for_code(request), "bad_field");
  request.range = "bytes=" + std::to_string(content_.size()) + "-";
  EXPECT_EQ(send(request).status, 416);
  EXPECT_EQ(read_, 0);
}

}  // namespace
}  // namespace intertie::api
