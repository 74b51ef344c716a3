// HTTP requests as the routes see them, users' and sites', against a hub in memory.
//
// Input: "METHOD who target[ range]" newline body; `who` is a principal, "-" (no token), "site"
// (the site's certificate) or a token's text.
#include <memory>

#include "fake_backend.h"
#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

// The state grows with what is accepted, so a world serves so many inputs.
constexpr int kInputsPerWorld = 200;

struct World {
  api::ApiWorld api;
  api::ApiWorld::Site site = api.join("alpha", 2);
  std::string token = "Bearer " + api.token("ada");
  std::string operator_token = "Bearer " + api.token("root");

  World() {
    api.measure(site);
    api.submit("ada");
  }
};

std::string_view take_word(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
  return word;
}

}  // namespace

void take_input(std::string_view input) {
  static std::unique_ptr<World> world;
  static int left = 0;
  if (left-- == 0) {
    world = std::make_unique<World>();
    left = kInputsPerWorld;
  }
  std::string_view line = take_line(input);
  const std::string method(take_word(line));
  const std::string who(take_word(line));
  api::Request request = api::ApiWorld::make_request(method, std::string(take_word(line)));
  request.range = line;
  request.idempotency_key = line;
  request.body = input;
  auto answer = std::make_shared<api::FakeAnswer>();
  if (who == "site") {
    request.peer_certificate_der = world->site.certificate_der;
    world->api.router.handle_site(std::move(request), answer);
  } else {
    if (who == "ada") request.authorization = world->token;
    if (who == "root") request.authorization = world->operator_token;
    if (request.authorization.empty() && who != "-") request.authorization = who;
    world->api.router.handle_user(std::move(request), answer);
  }
  world->api.backend.settle();
  // A long poll may still wait; what was answered is never an internal error.
  if (answer->response) check(answer->response->status != 500, "no request is an internal error");
}

std::vector<std::string> make_seeds() {
  const std::string document = api::ApiWorld::make_document();
  std::vector<std::string> seeds = {
      "POST ada /v1/jobs key\n" + document,
      "POST ada /v1/plan\n" + document,
      "POST ada /v1/jobs:bulk\n{\"jobs\":[" + document + "]}",
      "DELETE ada /v1/jobs/1\n",
      "POST root /v1/principals\n{\"name\":\"eve\"}",
      "POST root /v1/site-tokens\n{}",
      "POST ada /v1/tokens\n{\"scopes\":[\"jobs:read\"]}",
      "POST site /site/v1/rows\n{\"incarnation\":\"inc\",\"first\":2,\"payloads\":[\"AAAA\"]}",
      "POST site /site/v1/beat\n{\"sequence\":1,\"running\":[]}",
      "POST site /site/v1/answers/1\n{\"size\":1,\"bytes\":\"QQ\"}",
      "GET ada /v1/content/sha256:00 bytes=0-5\n",
      "PUT ada /v1/content/sha256:00\nabc"};
  for (const char* const target :
       {"/v1/jobs?limit=2&phase=ended", "/v1/jobs/1", "/v1/jobs/1/explain", "/v1/jobs/1/bill",
        "/v1/bill?from=2020-01-01T00:00:00Z", "/v1/sites/alpha", "/v1/ledger/check", "/metrics",
        "/openapi.json", "/v1/jobs/99999999999999999999", "/v1/sites/%00"}) {
    seeds.push_back("GET ada " + std::string(target) + "\n");
  }
  return seeds;
}

}  // namespace intertie::fuzz
