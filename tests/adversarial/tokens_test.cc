// Adversarial tests 2 to 4: whose token it is, and what is no token at all.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "intertie/crypto/bytes.h"
#include "intertie/crypto/token.h"

#include "fake_backend.h"
#include "fold_job.h"

namespace intertie::adversarial {
namespace {

using api::ApiWorld;
using api::Request;
using api::Response;
using api::TokenClaims;

class AdversarialTokens : public testing::Test {
 protected:
  TokenClaims make_claims() {
    return {"ada",
            {"admin"},
            world.backend.time,
            world.backend.time + core::hours(1),
            "id",
            std::string(ApiWorld::kHub)};
  }
  std::string mint(const TokenClaims& claims) {
    return api::mint_token(world.backend.token_key(), claims);
  }
  Response send(const std::string& token, const std::string& target = "/v1/jobs") {
    Request request = ApiWorld::make_request("GET", target);
    request.authorization = "Bearer " + token;
    return world.send(std::move(request));
  }
  // Refused with 401 and the one wording that every forgery gets.
  void expect_refused(const std::string& token, const std::string& why) {
    const Response response = send(token);
    EXPECT_EQ(response.status, 401) << why;
    EXPECT_EQ(response.body, wording) << why;
  }

  ApiWorld world;
  const std::string wording = send("x").body;
};

std::string encode(std::string_view text) {
  return crypto::encode_base64url(crypto::as_bytes(text));
}

// A JSON Web Token (RFC 7519) whose MAC is keyed with the public key's bytes.
std::string make_hmac_token(const crypto::PublicKey& key, const std::string& claims) {
  const std::string text = encode(R"({"alg":"HS256","typ":"JWT"})") + "." + encode(claims);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.bytes.data(), static_cast<int>(key.bytes.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &length);
  return text + "." + crypto::encode_base64url(crypto::ByteView(mac, length));
}

// PASETO's shape with a MAC over the same bytes where the signature belongs.
std::string make_hmac_paseto(const crypto::PublicKey& key, const std::string& claims) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha512(), key.bytes.data(), static_cast<int>(key.bytes.size()),
       reinterpret_cast<const unsigned char*>(claims.data()), claims.size(), mac, &length);
  return std::string(crypto::kTokenHeader) +
         encode(claims + std::string(reinterpret_cast<const char*>(mac), 64));
}

TEST_F(AdversarialTokens, A02_ABodyThatNamesSomebodyElseChangesNothingOfTheirs) {
  auto site = world.join("alpha", 2);
  world.measure(site);
  const std::uint64_t before = world.backend.reader().read_last()->index;
  for (const char* const field : {"owner", "principal", "user", "by"}) {
    std::string document = ApiWorld::make_document();
    document.insert(1, "\"" + std::string(field) + R"(":"bob",)");
    EXPECT_EQ(ApiWorld::read_code(world.call("ada", "POST", "/v1/jobs", document)),
              "unknown_field");
    EXPECT_EQ(
        ApiWorld::read_code(world.call("ada", "POST", "/v1/jobs?" + std::string(field) + "=bob",
                                       ApiWorld::make_document())),
        "unknown_field");
  }
  // Another's account cannot pay, and is not told from one that nobody has.
  for (const char* const account : {"bob", "fees", "bank", "nobody"}) {
    std::string document = ApiWorld::make_document();
    document.insert(1, R"("account":")" + std::string(account) + "\",");
    const Response response = world.call("ada", "POST", "/v1/jobs", document);
    EXPECT_EQ(ApiWorld::read_code(response), "unknown_account") << account;
  }
  EXPECT_EQ(world.call("ada", "POST", "/v1/tokens", R"({"principal":"bob"})").status, 403);
  EXPECT_EQ(world.call("plant", "POST", "/v1/site-tokens", R"({"operator":"root"})").status, 403);
  EXPECT_EQ(world.backend.reader().read_last()->index, before);
  // What the log keeps of ada's job names ada, and of its end too.
  const std::uint64_t job = world.submit("ada");
  const auto facts = api::read_job(world.backend.reader(), job).value().value();
  const auto& handles = world.backend.machine().state().principal_handles;
  EXPECT_EQ(facts.submitted.owner, handles.at("ada"));
  EXPECT_EQ(world.call("bob", "POST", "/v1/jobs/1:cancel").status, 404);
  world.call("ada", "POST", "/v1/jobs/1:cancel");
  bool has_cancelled = false;
  const auto events = api::read_job_events(world.backend.reader(), job).value();
  for (const auto& event : events) {
    if (const auto* one = std::get_if<hub::JobCancelRequested>(&event.event)) {
      has_cancelled = true;
      EXPECT_EQ(one->by, handles.at("ada"));
    }
  }
  EXPECT_TRUE(has_cancelled);
}

TEST_F(AdversarialTokens, A03_ForgedTokensAreRefusedWithOneWording) {
  const crypto::KeyPair& key = world.backend.token_key();
  const std::string claims = codec::to_json(make_claims());
  ASSERT_EQ(send(mint(make_claims())).status, 200);
  TokenClaims other = make_claims();
  other.iat = world.backend.time + core::hours(2);
  other.exp = other.iat + core::hours(1);
  expect_refused(mint(other), "not valid yet");
  other = make_claims();
  other.aud = "52R0000000000000";
  expect_refused(mint(other), "another hub's");
  other = make_claims();
  other.sub = "";
  expect_refused(mint(other), "nobody's");
  other.sub = "eve";
  expect_refused(mint(other), "an unknown principal's");
  other = make_claims();
  other.scopes = {"root"};
  expect_refused(mint(other), "an unknown scope");
  expect_refused(api::mint_token(api::make_test_key(8), make_claims()), "another key's");
  expect_refused(encode(R"({"alg":"none","typ":"JWT"})") + "." + encode(claims) + ".", "alg none");
  expect_refused(make_hmac_token(key.public_key(), claims), "HMAC with the public key");
  expect_refused(make_hmac_paseto(key.public_key(), claims), "the same as PASETO");
  const std::string good = mint(make_claims());
  const std::string rest = good.substr(crypto::kTokenHeader.size());
  for (const char* const header : {"v4.local.", "v3.public.", "v2.public.", "V4.PUBLIC.", ""}) {
    expect_refused(header + rest, header);
  }
  // The part before a footer that nobody signed, and the same token with more at its end.
  expect_refused(good + "." + encode("{}"), "a footer");
  expect_refused(good + "A", "a byte more");
  expect_refused(good + " ", "a blank");
  expect_refused(crypto::sign_token(key, claims, "", "implicit"), "signed for another use");
  expect_refused(crypto::sign_token(key, "[]"), "no claims");
  expect_refused(std::string(100'000, 'A'), "100 kB");
}

TEST_F(AdversarialTokens, A03_ATokenOfAnotherKindIsNoUsersToken) {
  const auto join =
      ApiWorld::read<api::SiteTokenView>(world.call("plant", "POST", "/v1/site-tokens", "{}"));
  expect_refused(join.token, "a join token");
  const auto site = world.make_site(3);
  api::JoinRequest request = world.make_join(site, "delta", 1);
  request.token = world.token("plant");
  EXPECT_EQ(ApiWorld::read_code(
                world.send_site(site, "POST", "/site/v1/join:propose", codec::to_json(request))),
            "bad_token");
}

TEST_F(AdversarialTokens, A03_AnExpiredTokenIsRefusedAlsoWhenItWasRemembered) {
  const std::string token = mint(make_claims());
  ASSERT_EQ(send(token).status, 200);
  world.backend.advance(core::hours(1));
  const Response response = send(token);
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(ApiWorld::read_code(response), "token_expired");
  // Expired and forged: nothing is said about its time.
  std::string forged = token;
  forged[40] = forged[40] == 'A' ? 'B' : 'A';
  expect_refused(forged, "expired and changed");
}

// Decision 0020: a user's token is not bound to a certificate; it is nothing where certificates
// count.
TEST_F(AdversarialTokens, A04_ATokenOpensTheUserListenerAlone) {
  const std::string token = mint(make_claims());
  for (const std::uint8_t seed : {std::uint8_t{1}, std::uint8_t{2}}) {
    Request request = ApiWorld::make_request("GET", "/v1/jobs");
    request.authorization = "Bearer " + token;
    request.peer_certificate_der = world.make_site(seed).certificate_der;
    EXPECT_EQ(world.send(std::move(request)).status, 200);
  }
  const auto site = world.join("alpha", 1);
  for (const char* const target : {"/site/v1/beat", "/peer/v1/beacon"}) {
    Request request = ApiWorld::make_request("POST", target);
    request.authorization = "Bearer " + world.token("root");
    request.body = "{}";
    auto answer = std::make_shared<api::FakeAnswer>();
    world.router.handle_site(std::move(request), answer);
    world.backend.settle();
    ASSERT_TRUE(answer->response.has_value());
    EXPECT_EQ(answer->response->status, 403) << target;
  }
}

}  // namespace
}  // namespace intertie::adversarial
