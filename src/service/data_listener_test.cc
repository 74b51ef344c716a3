// The data listener over real connections: who gets bytes, and what it does not read.
#include "data_listener.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/certificate.h"
#include "intertie/identity/envelope.h"
#include "intertie/net/http_client.h"
#include "intertie/transfer/manifest.h"
#include "intertie/transfer/pass.h"

#include "clock.h"
#include "fail_points.h"

namespace intertie::service {
namespace {

struct Party {
  crypto::KeyPair key = crypto::KeyPair::generate();
  std::string certificate;

  explicit Party(const std::string& name) {
    const core::Time now{read_clock().micros / 1'000'000 * 1'000'000};
    certificate =
        crypto::create_process_certificate(key, name, {now - core::hours(1), now + core::hours(1)})
            .value();
  }
  std::string key_pem() const { return std::string(key.export_private_pem().reveal_text()); }
  std::string fingerprint() const {
    return crypto::encode_hex(
        crypto::compute_sha256(crypto::export_public_der(key.public_key())).bytes);
  }
};

class DataListenerTest : public testing::Test {
 protected:
  DataListenerTest() {
    for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<char>(i * 31);
    info_.root = crypto::compute_sha256(std::string_view(content_));
    info_.owner = "ada";
    info_.size = content_.size();
    info_.chunks = info_.chunks_here = 1;
    api::DataHolder holder{
        "42S",
        hub_.public_key(),
        [] { return read_clock(); },
        [this](const std::string& reader,
               const crypto::Digest& root) -> core::Result<transfer::DatasetInfo> {
          if (reader != "ada" || root != info_.root) {
            return core::Error{core::Reason::not_found, "dataset"};
          }
          return info_;
        },
        [this](const transfer::DatasetInfo&, transfer::ByteSpan span) {
          return core::Result<std::string>(content_.substr(span.offset, span.length));
        },
        [](const api::LineUse&, std::int64_t wanted,
           const std::function<void(core::Result<std::int64_t>)>& done) { done(wanted); }};
    auto started = DataListener::start({"127.0.0.1:0", "", holder_.certificate, holder_.key_pem()},
                                       std::move(holder), answers_);
    EXPECT_TRUE(started.has_value()) << core::to_text(started.error());
    listener_ = std::move(*started);
  }

  net::HttpClient connect(const Party* client, const std::string& fingerprint) const {
    net::HttpClientOptions options;
    const std::string address = listener_->address();
    options.port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    options.tls.emplace();
    options.tls->peer_fingerprint = fingerprint;
    if (client != nullptr) {
      options.tls->certificate_pem = client->certificate;
      options.tls->key_pem = client->key_pem();
    }
    return net::HttpClient(std::move(options));
  }
  net::Request make_request() const {
    const transfer::DataPass pass{"42S",
                                  transfer::format_dataset(info_.root),
                                  "ada",
                                  "42T",
                                  crypto::to_text(puller_.key.public_key()),
                                  "42",
                                  read_clock() + core::minutes(1)};
    net::Request request;
    request.target =
        std::string(api::kDataPrefix) + "/" + crypto::encode_hex(info_.root.bytes) + "/content";
    request.headers.set("Range", "bytes=1000-1999");
    const auto envelope =
        identity::seal_envelope(transfer::kPassType, codec::to_json(pass), hub_).value();
    request.headers.set("Intertie-Pass", crypto::encode_base64url(crypto::as_bytes(envelope)));
    return request;
  }

  std::string content_ = std::string(100'000, '\0');
  transfer::DatasetInfo info_;
  const crypto::KeyPair hub_ = crypto::KeyPair::generate();
  const Party holder_{"holder"};
  const Party puller_{"puller"};
  FailPoints fail_points_;
  AnswerSender answers_{fail_points_};
  std::unique_ptr<DataListener> listener_;
};

TEST_F(DataListenerTest, GivesBytesToTheKeyOfThePassAlone) {
  net::HttpClient client = connect(&puller_, holder_.fingerprint());
  const auto response = client.request(make_request());
  ASSERT_TRUE(response.has_value()) << core::to_text(response.error());
  EXPECT_EQ(response->status, 206);
  EXPECT_EQ(response->body, content_.substr(1000, 1000));
  // Whoever has got hold of the pass has not got the key.
  const Party thief("thief");
  net::HttpClient other = connect(&thief, holder_.fingerprint());
  const auto refused = other.request(make_request());
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status / 100, 4);
  EXPECT_EQ(refused->body.find(content_.substr(1000, 16)), std::string::npos);
  // Without a certificate there is no connection, and the puller speaks to no other holder.
  net::HttpClient bare = connect(nullptr, holder_.fingerprint());
  EXPECT_FALSE(bare.request(make_request()).has_value());
  net::HttpClient elsewhere = connect(&puller_, thief.fingerprint());
  EXPECT_FALSE(elsewhere.request(make_request()).has_value());
}

TEST_F(DataListenerTest, ReadsNoBodiesAndNoLargeHeaders) {
  net::Request request = make_request();
  request.method = "PUT";
  request.body = "x";
  net::HttpClient client = connect(&puller_, holder_.fingerprint());
  const auto refused = client.request(request);
  EXPECT_TRUE(!refused || refused->status == 413) << refused->status;
  request = make_request();
  request.headers.set("Intertie-Pass", std::string(9'000, 'A'));
  net::HttpClient second = connect(&puller_, holder_.fingerprint());
  const auto large = second.request(request);
  EXPECT_TRUE(!large || large->status == 431) << large->status;
}

}  // namespace
}  // namespace intertie::service
