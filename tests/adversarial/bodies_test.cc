// Adversarial tests 5, 8, 9 and 10 behind the socket: bodies, keys and names made to do harm.
#include <gtest/gtest.h>

#include "intertie/api/dataset_views.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"

#include "allocation_meter.h"
#include "fake_backend.h"

namespace intertie::adversarial {
namespace {

using api::ApiWorld;
using api::Request;
using api::Response;

constexpr std::size_t kGrowthMax = 10u << 20;  // Of docs/security.md.

std::string repeat(std::string_view piece, std::size_t times) {
  std::string text;
  text.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

std::string make_wide_object(std::size_t keys) {
  std::string text = "{";
  for (std::size_t i = 0; i < keys; ++i) text += "\"k" + std::to_string(i) + "\":1,";
  return text + "\"k\":1}";
}

struct Bomb {
  const char* name;
  std::string body;
};

std::vector<Bomb> make_bombs() {
  return {
      {"a million keys", make_wide_object(1'000'000)},
      {"90,000 keys", make_wide_object(90'000)},
      {"100,000 brackets", repeat("[", 100'000)},
      {"100,000 closed brackets", repeat("[", 100'000) + repeat("]", 100'000)},
      {"100,000 braces", repeat("{\"a\":", 100'000)},
      {"deep inside a field", R"({"run":)" + repeat("[", 100'000)},
      {"a key twice", R"({"run":["true"],"run":["false"]})"},
      {"a key twice, one escaped", R"({"run":["true"],"\u0072un":["false"]})"},
      {"NaN", R"({"run":["true"],"timeout":NaN})"},
      {"Infinity", R"({"run":["true"],"timeout":Infinity})"},
      {"a number of a million digits",
       R"({"run":["true"],"timeout":)" + repeat("9", 1'000'000) + "}"},
      {"an exponent", R"({"run":["true"],"timeout":1e999999999})"},
      {"2^63", R"({"run":["true"],"timeout":9223372036854775808})"},
      {"-2^63", R"({"run":["true"],"timeout":-9223372036854775808})"},
      {"a lone surrogate", R"({"run":["true"],"name":"\ud800"})"},
      {"a surrogate pair turned round", R"({"run":["true"],"name":"\udc00\ud800"})"},
      {"NUL, raw", std::string(R"({"run":["tr)") + '\0' + R"(ue"]})"},
      {"a control character", "{\"run\":[\"a\nb\"]}"},
      {"overlong UTF-8", "{\"run\":[\"\xc0\xaf\"]}"},
      {"a surrogate in UTF-8", "{\"run\":[\"\xed\xa0\x80\"]}"},
      {"a cut sequence", "{\"run\":[\"\xe2\x82\"]}"},
      {"above Unicode", "{\"run\":[\"\xf5\x80\x80\x80\"]}"},
      {"a byte order mark", "\xef\xbb\xbf{\"run\":[\"true\"]}"},
      {"two documents", R"({"run":["true"]}{"run":["true"]})"},
      {"nothing", ""},
      {"a comma too many", R"({"run":["true"],})"},
      {"a comment", R"({"run":["true"]/**/})"},
      {"many empty elements", R"({"run":[)" + repeat("\"\",", 99'000) + "\"\"]}"},
      {"8 MiB of blanks", repeat(" ", 8u << 20)},
      {"a text of 1 MiB", R"({"run":[")" + repeat("a", 1u << 20) + R"("]})"},
      {"gzip", "\x1f\x8b\x08" + repeat(std::string(1, '\0'), 1'000)},
  };
}

void expect_refused(ApiWorld& world, const std::string& target, const Bomb& bomb) {
  SCOPED_TRACE(std::string(bomb.name) + " to " + target);
  Request request = ApiWorld::make_request("POST", target);
  request.authorization = "Bearer " + world.token("root");
  request.body = bomb.body;
  const std::uint64_t before = world.backend.reader().read_last()->index;
  const std::size_t allocated = get_allocated_bytes();
  reset_peak();
  const Response response = world.send(std::move(request));
  EXPECT_LT(get_peak_bytes() - allocated, kGrowthMax);
  EXPECT_TRUE(response.status == 400 || response.status == 413)
      << response.status << " " << response.body.substr(0, 200);
  EXPECT_LT(response.body.size(), 2'000u) << "the answer repeats the attack";
  EXPECT_EQ(world.backend.reader().read_last()->index, before);
}

TEST(Adversarial, A05_HostileBodiesAreRefusedAndCostLittle) {
  ApiWorld world;
  auto site = world.join("alpha", 2);
  world.measure(site);
  for (const Bomb& bomb : make_bombs()) {
    expect_refused(world, "/v1/jobs", bomb);
    expect_refused(world, "/v1/plan", bomb);
  }
}

TEST(Adversarial, A05_TheMostThatABulkMayHaveStillFits) {
  ApiWorld world;
  auto site = world.join("alpha", 2);
  world.measure(site);
  const std::string job = R"({"run":["x"]})";
  const std::string bulk =
      R"({"jobs":[)" + repeat(job + ",", core::limits::jobs_per_bulk_max - 1) + job + "]}";
  const Response response = world.call("ada", "POST", "/v1/jobs:bulk", bulk);
  EXPECT_EQ(response.status, 200) << response.body.substr(0, 200);
}

TEST(Adversarial, A05_HostileQueriesAreRefused) {
  ApiWorld world;
  for (const char* const target :
       {"/v1/jobs?limit=0", "/v1/jobs?limit=-1", "/v1/jobs?limit=1e3", "/v1/jobs?limit=007",
        "/v1/jobs?limit=18446744073709551616", "/v1/jobs?limit=99999999999999999999999999",
        "/v1/jobs?after=////", "/v1/jobs?phase=ended%00", "/v1/jobs?limit= 1", "/v1/jobs?a=b",
        "/v1/jobs/18446744073709551616", "/v1/jobs/-1", "/v1/jobs/0x1", "/v1/jobs/1e0",
        "/v1/jobs/1?wait=9999999999h", "/v1/jobs/1?wait=-1s", "/v1/public/proof?leaf=-1",
        "/v1/public/consistency?from=18446744073709551615"}) {
    const int status = world.call("ada", "GET", target).status;
    EXPECT_TRUE(status == 400 || status == 404) << target << " " << status;
  }
}

TEST(Adversarial, A08_OneKeyAHundredTimesInParallelIsOneJob) {
  ApiWorld world;
  auto site = world.join("alpha", 4);
  world.measure(site);
  std::vector<std::shared_ptr<api::FakeAnswer>> answers;
  for (int i = 0; i < 100; ++i) {
    Request request = ApiWorld::make_request("POST", "/v1/jobs");
    request.authorization = "Bearer " + world.token("ada");
    request.idempotency_key = "one";
    request.body = ApiWorld::make_document();
    answers.push_back(std::make_shared<api::FakeAnswer>());
    world.router.handle_user(std::move(request), answers.back());
  }
  world.backend.settle();
  int made = 0;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer->response.has_value());
    made += answer->response->status == 201;
    const auto view = ApiWorld::read<api::JobView>(*answer->response);
    EXPECT_EQ(view.number, 1u);
    EXPECT_EQ(view.owner, "ada");
    EXPECT_TRUE(answer->response->status == 201 || answer->response->status == 200);
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(world.get<api::JobList>("ada", "/v1/jobs").jobs.size(), 1u);
  const Response other = world.call("ada", "POST", "/v1/jobs", ApiWorld::make_document("b"), "one");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(ApiWorld::read_code(other), "idempotency_conflict");
}

TEST(Adversarial, A08_ADepositIsMadeOnceAndAConflictIsRefused) {
  ApiWorld world;
  std::vector<std::shared_ptr<api::FakeAnswer>> answers;
  for (int i = 0; i < 100; ++i) {
    Request request = ApiWorld::make_request("POST", "/v1/accounts/bob:deposit");
    request.authorization = "Bearer " + world.token("root");
    request.idempotency_key = "pay";
    request.body = R"({"amount_micros":7})";
    answers.push_back(std::make_shared<api::FakeAnswer>());
    world.router.handle_user(std::move(request), answers.back());
  }
  world.backend.settle();
  for (const auto& answer : answers) {
    EXPECT_EQ(answer->response->status, answers.front()->response->status);
    EXPECT_EQ(answer->response->body, answers.front()->response->body);
  }
  EXPECT_EQ(world.get<api::AccountView>("bob", "/v1/accounts/bob").balance_micros.count,
            1'000'000'007);
  EXPECT_EQ(world.call("root", "POST", "/v1/accounts/bob:deposit", R"({"amount_micros":8})", "pay")
                .status,
            409);
  EXPECT_EQ(world.call("root", "POST", "/v1/accounts/ada:deposit", R"({"amount_micros":7})", "pay")
                .status,
            409);
}

TEST(Adversarial, A08_AKeyBelongsToItsUser) {
  ApiWorld world;
  auto site = world.join("alpha", 4);
  world.measure(site);
  const std::string document = ApiWorld::make_document();
  EXPECT_EQ(world.call("ada", "POST", "/v1/jobs", document, "k").status, 201);
  const Response bobs = world.call("bob", "POST", "/v1/jobs", document, "k");
  EXPECT_EQ(bobs.status, 201);
  EXPECT_EQ(ApiWorld::read<api::JobView>(bobs).number, 2u);
  // What a bulk makes of its key and a place is no key that a single job can have.
  const std::string bulk = R"({"jobs":[)" + document + "]}";
  EXPECT_EQ(world.call("ada", "POST", "/v1/jobs:bulk", bulk, "k").status, 200);
  EXPECT_EQ(world
                .call("ada", "POST", "/v1/jobs", document,
                      std::string(core::limits::idempotency_key_bytes_max + 1, 'k'))
                .status,
            413);
}

const std::vector<std::string>& list_hostile_names() {
  static const std::vector<std::string> names = {"'; drop table jobs; --",
                                                 "\" or \"\"=\"",
                                                 "a;b",
                                                 "%00",
                                                 "%s%n%x",
                                                 "../../etc/passwd",
                                                 "..\\..\\x",
                                                 "/etc/passwd",
                                                 "\xe2\x80\xae"
                                                 "gpj.exe",  // Right-to-left override.
                                                 "\xd0\xb0"
                                                 "da",  // A Cyrillic a.
                                                 "<img src=x onerror=alert(1)>",
                                                 "=cmd|' /C calc'!A0",
                                                 "+1",
                                                 "-1",
                                                 "@sum(1)",
                                                 "\\u0000",
                                                 "${jndi:ldap://x}",
                                                 "$(id)",
                                                 "`id`",
                                                 "{{7*7}}",
                                                 std::string(4096, 'n')};
  return names;
}

std::string quote(const std::string& text) { return codec::to_json(text); }

TEST(Adversarial, A09_NamesAreStoredOrRefusedAndNeverMoreThanText) {
  ApiWorld world;
  auto site = world.join("alpha", 4);
  world.measure(site);
  std::size_t stored = 0;
  for (const std::string& name : list_hostile_names()) {
    SCOPED_TRACE(name.substr(0, 60));
    const Response response = world.call(
        "ada", "POST", "/v1/jobs",
        R"({"run":["true"],"name":)" + quote(name) + R"(,"tags":{"t":)" + quote(name) + "}}");
    ASSERT_TRUE(response.status == 201 || response.status == 400 || response.status == 413)
        << response.status << response.body;
    if (response.status != 201) continue;
    ++stored;
    const std::uint64_t job = ApiWorld::read<api::JobView>(response).number;
    const auto view = world.get<api::JobView>("ada", "/v1/jobs/" + std::to_string(job));
    EXPECT_EQ(view.name, name);
    EXPECT_EQ(view.tags.at("t"), name);
    // The tag is looked up as what it is, and nothing else is found.
    Request request = ApiWorld::make_request("GET", "/v1/jobs");
    request.query["tag"] = "t:" + name;
    request.authorization = "Bearer " + world.token("ada");
    const auto found = ApiWorld::read<api::JobList>(world.send(request));
    ASSERT_EQ(found.jobs.size(), 1u);
    EXPECT_EQ(found.jobs[0].number, job);
    request.authorization = "Bearer " + world.token("bob");
    EXPECT_TRUE(ApiWorld::read<api::JobList>(world.send(request)).jobs.empty());
  }
  EXPECT_GT(stored, 15u);
}

TEST(Adversarial, A09_WhatNamesSomebodyOrSomethingForOthersIsPlain) {
  ApiWorld world;
  for (const std::string& name : list_hostile_names()) {
    if (name == "-1") continue;  // A plain name.
    SCOPED_TRACE(name.substr(0, 60));
    EXPECT_EQ(
        world.call("root", "POST", "/v1/principals", R"({"name":)" + quote(name) + "}").status,
        400);
    // A path with it finds nothing, and is no other route.
    for (const char* const before : {"/v1/accounts/", "/v1/sites/", "/v1/identities/"}) {
      Request request = ApiWorld::make_request("GET", "/");
      request.path = before + name;
      request.authorization = "Bearer " + world.token("root");
      const int status = world.send(std::move(request)).status;
      EXPECT_TRUE(status == 404 || status == 400) << before << " " << status;
    }
  }
}

TEST(Adversarial, A09_PathTricksLeadNowhere) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  world.measure(site);
  world.submit("bob");
  for (const char* const path :
       {"/v1/../v1/jobs/1", "/v1//jobs/1", "/v1/jobs/1/", "/v1/jobs/./1", "/V1/jobs/1",
        "//v1/jobs/1", "/v1/jobs/1/../1", "/v1/jobs/1;x", "/v1/jobs/1\\", "\\v1\\jobs\\1",
        "/v1/jobs/1/outputs/../../2", "/v1/jobs/1/outputs/..", "/v1/jobs/1/outputs/a/b",
        "/v1/content/sha256:../../keys/sign.pem", "/v1/datasets/..%2f..%2fkeys",
        "/v1/accounts/bob:deposit:limit", "/v1/jobs/1:cancel:cancel", "/v1/jobs/:cancel"}) {
    Request request = ApiWorld::make_request("GET", "/");
    request.path = path;
    request.authorization = "Bearer " + world.token("ada");
    const int status = world.send(std::move(request)).status;
    EXPECT_TRUE(status == 404 || status == 400 || status == 405) << path << " " << status;
  }
}

TEST(Adversarial, A30_AmountsAtTheEndsOfTheRangeAreRefusedByName) {
  ApiWorld world;
  const auto deposit = [&](const std::string& amount, const std::string& key) {
    return world.call("root", "POST", "/v1/accounts/bob:deposit",
                      R"({"amount_micros":)" + amount + "}", key);
  };
  const auto refuse = [&](const std::string& amount, const std::string& key) {
    const Response response = deposit(amount, key);
    EXPECT_EQ(response.status / 100, 4) << amount << " " << response.body;
    return ApiWorld::read_code(response);
  };
  EXPECT_EQ(refuse("0", "a"), "out_of_range");
  // A withdrawal takes what is there and no more.
  EXPECT_EQ(refuse("-1000000001", "b"), "insufficient_funds");
  EXPECT_EQ(refuse("-9223372036854775808", "c"), "out_of_range");
  EXPECT_EQ(refuse("9223372036854775807", "d"), "amount_overflow");
  for (const char* const amount :
       {"9223372036854775808", "18446744073709551616", "1e3", "1.0", "0.5", "1e-7", "\"1 USD\"",
        "\"0.0000001\"", "\"\"", "null", "true", "[1]", "\"9223372036854.775808 CNY\""}) {
    EXPECT_NE(refuse(amount, "e"), "") << amount;
  }
  // What fits, fits; the next unit does not, and nothing has wrapped.
  const auto balance_of = [&](const std::string& account) {
    return world.get<api::AccountView>("root", "/v1/accounts/" + account).balance_micros.count;
  };
  const std::int64_t room = INT64_MAX + balance_of("bank");  // The other side of all deposits.
  const std::int64_t before = balance_of("bob");
  ASSERT_GT(room, 0);
  EXPECT_EQ(deposit(std::to_string(room), "f").status, 200);
  EXPECT_EQ(refuse("2", "g"), "amount_overflow");
  EXPECT_EQ(balance_of("bob"), before + room);
  EXPECT_TRUE(world.get<api::LedgerCheckView>("root", "/v1/ledger/check").is_sound);
  // A hub that counts in another currency is no peer.
  ApiWorld other("52R0000000000000", "52", 29);
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", "/v1/peers", R"({"card":"USD"})")),
            "bad_field");
}

TEST(Adversarial, A10_NoAnswerLetsABrowserActForItsUser) {
  ApiWorld world;
  auto site = world.join("alpha", 4);
  world.measure(site);
  const std::string name = "<img src=x onerror=alert(1)>";
  const Response made =
      world.call("ada", "POST", "/v1/jobs", R"({"run":["true"],"name":)" + quote(name) + "}");
  ASSERT_EQ(made.status, 201);
  // As text in JSON, whatever a browser that opened it might guess.
  const Response view = world.call("ada", "GET", "/v1/jobs/1");
  EXPECT_EQ(view.content_type, "application/json");
  for (const auto& [field, value] : view.headers) {
    EXPECT_NE(field, "Set-Cookie");
    EXPECT_NE(field.substr(0, 27), "Access-Control-Allow-Origin") << value;
  }
  // A problem repeats what was asked, as text too.
  Request asked = ApiWorld::make_request("GET", "/<script>alert(1)</script>");
  const Response problem = world.send(std::move(asked));
  EXPECT_EQ(problem.content_type, "application/problem+json");
  // Without the header there is nobody: no cookie, no query, no other field signs in.
  Request bare = ApiWorld::make_request("POST", "/v1/jobs");
  bare.body = ApiWorld::make_document();
  EXPECT_EQ(world.send(std::move(bare)).status, 401);
  EXPECT_EQ(world.send(ApiWorld::make_request("OPTIONS", "/v1/jobs")).status, 405);
}

}  // namespace
}  // namespace intertie::adversarial
