// The user interface, route by route, against a real state machine.
#include "intertie/api/router.h"

#include <set>

#include <boost/json/parse.hpp>

#include "intertie/identity/record.h"

#include "fake_backend.h"
#include "route.h"

namespace intertie::api {
namespace {

TEST(Router, PlaysTheLifeOfAJobFromJoinToBill) {
  ApiWorld world;
  auto site = world.join("alpha", 2);
  EXPECT_EQ(site.identifier.substr(0, 3), "22S");
  world.measure(site);
  const auto plan =
      ApiWorld::read<PlanView>(world.call("ada", "POST", "/v1/plan", ApiWorld::make_document()));
  ASSERT_EQ(plan.pools.size(), 1u);
  EXPECT_TRUE(plan.pools[0].chosen);
  EXPECT_EQ(plan.pools[0].site, "alpha");
  EXPECT_FALSE(plan.verdict.has_value());
  // 1 core for 10 min at 3.6 units an hour.
  EXPECT_EQ(plan.pools[0].price_max_micros->count, 600'000);

  const std::uint64_t job = world.submit("ada");
  auto view = world.get<JobView>("ada", "/v1/jobs/1");
  EXPECT_EQ(job, 1u);
  EXPECT_EQ(view.phase, Phase::placed);
  EXPECT_EQ(view.site, "alpha");
  EXPECT_EQ(view.owner, "ada");
  world.run(site, core::seconds(10));
  view = world.get<JobView>("ada", "/v1/jobs/1");
  EXPECT_EQ(view.phase, Phase::ended);
  EXPECT_EQ(view.outcome, hub::JobOutcome::succeeded);
  EXPECT_EQ(view.exit_code, 0);
  EXPECT_EQ(view.charged_micros.count, 20'000);

  const auto bill = world.get<JobBillView>("ada", "/v1/jobs/1/bill");
  ASSERT_EQ(bill.records.size(), 2u);
  EXPECT_TRUE(bill.agree) << bill.records[0].problem << bill.records[1].problem;
  EXPECT_EQ(bill.recomputed_micros.count, 20'000);
  EXPECT_EQ(bill.ledger_micros.count, 20'000);
  const auto all = world.get<BillView>("ada", "/v1/bill");
  EXPECT_TRUE(all.agree);
  EXPECT_EQ(all.recomputed_micros.count, 20'000);
  EXPECT_TRUE(world.get<BillView>("ada", "/v1/bill?to=2020-01-01T00:00:00Z").jobs.empty());

  const auto explain = world.get<ExplainView>("ada", "/v1/jobs/1/explain");
  ASSERT_TRUE(explain.choice.has_value());
  EXPECT_EQ(explain.choice->site, "alpha");
  EXPECT_TRUE(explain.choice->candidates.at(0).chosen);
  EXPECT_FALSE(explain.reason.has_value());
  EXPECT_EQ(explain.history.front().what, "submitted");
  EXPECT_EQ(explain.history.back().what, "ended");

  EXPECT_EQ(world.get<AccountView>("ada", "/v1/accounts/ada").balance_micros.count,
            1'000'000'000 - 20'000);
  const auto postings = world.get<PostingList>("ada", "/v1/accounts/ada/postings");
  ASSERT_EQ(postings.postings.size(), 3u);
  EXPECT_EQ(postings.postings[0].job, 1u);
  EXPECT_EQ(postings.postings[2].memo, ledger::Memo::deposit);
  EXPECT_TRUE(world.get<LedgerCheckView>("root", "/v1/ledger/check").is_sound);
  EXPECT_EQ(world.get<OutputList>("ada", "/v1/jobs/1/outputs").outputs.at(0).name, "out.txt");
}

TEST(Router, ExplainsWhyAJobWaitsAndWhatWouldHelp) {
  ApiWorld world;
  auto site = world.join("alpha", 2);
  const std::uint64_t job = world.submit("ada");  // Unmeasured: it may wait.
  auto view = world.get<ExplainView>("ada", "/v1/jobs/1/explain");
  EXPECT_EQ(view.reason->code, "unmeasured");
  EXPECT_EQ(view.counts.at(0).reason.code, "unmeasured");
  world.measure(site);
  EXPECT_EQ(world.get<JobView>("ada", "/v1/jobs/1").phase, Phase::placed);
  world.submit("ada", ApiWorld::make_document("big", 2));
  view = world.get<ExplainView>("ada", "/v1/jobs/2/explain");
  EXPECT_EQ(view.reason->code, "busy");
  EXPECT_EQ(job, 1u);
  const auto plan = ApiWorld::read<PlanView>(
      world.call("ada", "POST", "/v1/plan", ApiWorld::make_document("c", 4)));
  EXPECT_EQ(plan.verdict->code, "unplaceable");
  ASSERT_TRUE(plan.change.has_value());
  EXPECT_EQ(plan.change->field, "need.cpus");
  const Response refused = world.call("ada", "POST", "/v1/jobs", ApiWorld::make_document("c", 64));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(ApiWorld::read_code(refused), "unplaceable");
}

TEST(Router, RefusesTokensThatAreForgedExpiredOrOfAnotherHub) {
  ApiWorld world;
  const auto refuse = [&](const std::string& header) {
    Request request = ApiWorld::make_request("GET", "/v1/jobs");
    request.authorization = header;
    const Response response = world.send(std::move(request));
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(find_header(response, "WWW-Authenticate"), "Bearer");
    return ApiWorld::read<ProblemView>(response);
  };
  EXPECT_EQ(refuse("").code, "not_signed_in");
  EXPECT_EQ(refuse("Basic abc").code, "bad_token");
  TokenClaims claims{"ada",
                     {"jobs.read"},
                     world.backend.time,
                     world.backend.time + core::hours(1),
                     "id",
                     std::string(ApiWorld::kHub)};
  const std::string forged = refuse("Bearer " + mint_token(make_test_key(8), claims)).detail;
  claims.aud = "22R1111111111111";
  EXPECT_EQ(refuse("Bearer " + mint_token(world.backend.token_key(), claims)).detail, forged);
  claims.aud = ApiWorld::kHub;
  claims.sub = "nobody";
  EXPECT_EQ(refuse("Bearer " + mint_token(world.backend.token_key(), claims)).detail, forged);
  claims.sub = "ada";
  const std::string good = "Bearer " + mint_token(world.backend.token_key(), claims);
  Request request = ApiWorld::make_request("GET", "/v1/jobs");
  request.authorization = good;
  EXPECT_EQ(world.send(request).status, 200);
  request.method = "POST";
  EXPECT_EQ(ApiWorld::read_code(world.send(request)), "denied");  // Scope jobs.write is missing.
  world.backend.advance(core::hours(1));
  EXPECT_EQ(refuse(good).code, "token_expired");  // Also when it was remembered.
}

TEST(Router, WalksEveryRouteWithEveryRole) {
  ApiWorld world;
  const auto site = world.join("alpha", 1);
  world.submit("bob");
  const std::map<std::string, hub::Role> people = {
      {"ada", hub::Role::user}, {"plant", hub::Role::provider}, {"root", hub::Role::operator_}};
  std::size_t denied = 0;
  for (const Route& route : get_user_routes()) {
    if (route.name == "create_principal" || route.name == "reconcile_site") continue;
    std::string target(route.pattern);
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"{job}", "1"},
                                            {"{site}", "alpha"},
                                            {"{account}", "bob"},
                                            {"{name}", "x"},
                                            {"{digest}", std::string(64, '0')},
                                            {"{dataset}", std::string(64, '0')},
                                            {"{chunk}", "0"},
                                            {"{id}", site.identifier}}) {
      const std::size_t at = target.find(name);
      if (at != std::string::npos) target.replace(at, name.size(), value);
    }
    SCOPED_TRACE(std::string(route.method) + " " + target);
    const bool is_open = route.visibility == Visibility::open;
    const Response bare = world.send(ApiWorld::make_request(std::string(route.method), target));
    EXPECT_EQ(bare.status == 401, !is_open);
    if (is_open) continue;
    for (const auto& [name, role] : people) {
      SCOPED_TRACE(name);
      const bool has_scope = !route.scope || (get_scopes_of(role) & scope_bit(*route.scope)) != 0;
      const bool is_operator = role == hub::Role::operator_;
      const bool may = has_scope && (is_operator || route.visibility != Visibility::operators);
      const Response response =
          world.call(name, std::string(route.method), target, "{}", "key-of-the-walk");
      if (!may) {
        EXPECT_EQ(response.status, 403);
        ++denied;
      } else if (is_operator) {
        EXPECT_NE(response.status, 403) << response.body;
      } else if (target.find("/jobs/1") != std::string::npos ||
                 target.find("accounts/bob") != std::string::npos) {
        EXPECT_EQ(response.status, 404) << response.body;  // Bob's: hidden from the others.
      }
    }
  }
  EXPECT_EQ(denied, 42u);  // A user on 23 routes, a provider on 19.
}

TEST(Router, AnIdempotencyKeyMakesOneJob) {
  ApiWorld world;
  auto site = world.join("alpha", 4);
  world.measure(site);
  const std::string document = ApiWorld::make_document();
  const Response first = world.call("ada", "POST", "/v1/jobs", document, "k");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(find_header(first, "Location"), "/v1/jobs/1");
  const Response again = world.call("ada", "POST", "/v1/jobs", document, "k");
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(ApiWorld::read<JobView>(again).number, 1u);
  const Response other = world.call("ada", "POST", "/v1/jobs", ApiWorld::make_document("b"), "k");
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(ApiWorld::read_code(other), "idempotency_conflict");
  EXPECT_EQ(world.call("bob", "POST", "/v1/jobs", document, "k").status, 201);  // Bob's own key.
  const std::string bulk =
      R"({"jobs":[)" + document + R"(,{"name":"no command"},)" + document + "]}";
  for (int round = 0; round < 2; ++round) {
    const auto view =
        ApiWorld::read<BulkView>(world.call("ada", "POST", "/v1/jobs:bulk", bulk, "m"));
    ASSERT_EQ(view.jobs.size(), 3u);
    EXPECT_EQ(view.jobs[0].number, 3u);
    EXPECT_EQ(view.jobs[0].is_repeat, round == 1);
    EXPECT_EQ(view.jobs[1].problem->code, "missing_field");
    EXPECT_EQ(view.jobs[2].number, 4u);
  }
  const std::string amount = R"({"amount_micros":5})";
  EXPECT_EQ(ApiWorld::read_code(world.call("root", "POST", "/v1/accounts/bob:deposit", amount)),
            "missing_field");
  for (int round = 0; round < 2; ++round) {
    const Response paid = world.call("root", "POST", "/v1/accounts/plant:deposit", amount, "d");
    EXPECT_EQ(ApiWorld::read<AccountView>(paid).balance_micros.count, 5) << paid.body;
  }
}

TEST(Router, PagesAreCompleteWhileJobsAreSubmitted) {
  ApiWorld world;
  const auto site = world.join("alpha", 1);
  for (int i = 0; i < 7; ++i) world.submit(i % 3 == 2 ? "bob" : "ada");
  const auto walk = [&](const std::string& who, const std::string& query) {
    std::vector<std::uint64_t> numbers;
    std::string after;
    do {
      const auto page = world.get<JobList>(who, "/v1/jobs?limit=2" + query + after);
      for (const JobView& job : page.jobs) numbers.push_back(job.number);
      after = page.next ? "&after=" + *page.next : "";
      world.submit("ada");
    } while (!after.empty());
    return numbers;
  };
  EXPECT_EQ(walk("ada", ""), (std::vector<std::uint64_t>{7, 5, 4, 2, 1}));
  EXPECT_EQ(walk("root", "&owner=bob"), (std::vector<std::uint64_t>{6, 3}));
  EXPECT_EQ(walk("bob", "&phase=ended"), (std::vector<std::uint64_t>{}));
  EXPECT_EQ(world.call("ada", "POST", "/v1/jobs/1:cancel").status, 202);
  EXPECT_EQ(walk("ada", "&phase=ended"), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(world.get<JobList>("root", "/v1/jobs?owner=*&limit=1000").jobs.size(), 13u);
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "GET", "/v1/jobs?owner=bob")), "denied");
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "GET", "/v1/jobs?limit=1001")), "out_of_range");
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "GET", "/v1/jobs?after=AAAA")), "bad_field");
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "GET", "/v1/jobs?colour=1")), "unknown_field");
}

TEST(Router, FindsJobsByTag) {
  ApiWorld world;
  const auto site = world.join("alpha", 1);
  world.submit("ada", R"({"run":["true"],"tags":{"set":"x"}})");
  world.submit("ada", R"({"run":["true"],"tags":{"set":"y"}})");
  const auto list = world.get<JobList>("ada", "/v1/jobs?tag=set:x&phase=waiting");
  ASSERT_EQ(list.jobs.size(), 1u);
  EXPECT_EQ(list.jobs[0].number, 1u);
}

TEST(Router, ALongPollAnswersWithTheNewsOrAtItsDeadline) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  world.submit("ada");
  const auto poll = [&](const std::string& query) {
    Request request = ApiWorld::make_request("GET", "/v1/jobs/1" + query);
    request.authorization = "Bearer " + world.token("ada");
    return world.start(std::move(request));
  };
  const auto late = poll("?wait=30s");
  EXPECT_FALSE(late->response.has_value());
  world.backend.advance(core::seconds(29));
  EXPECT_FALSE(late->response.has_value());
  world.backend.advance(core::seconds(1));
  EXPECT_EQ(ApiWorld::read<JobView>(*late->response).phase, Phase::waiting);
  const auto soon = poll("?wait=30s");
  world.measure(site);
  ASSERT_TRUE(soon->response.has_value());
  const auto placed = ApiWorld::read<JobView>(*soon->response);
  EXPECT_EQ(placed.phase, Phase::placed);
  EXPECT_TRUE(poll("?wait=30s&index=1")->response.has_value());  // That is news already.
  const auto next = poll("?wait=30s&index=" + std::to_string(placed.index));
  EXPECT_FALSE(next->response.has_value());
  world.run(site, core::seconds(1));
  EXPECT_EQ(ApiWorld::read<JobView>(*next->response).phase, Phase::running);
  EXPECT_TRUE(poll("?wait=60s")->response.has_value());  // It has ended.
  world.backend.advance(core::minutes(2));
  EXPECT_EQ(world.backend.watcher_count(), 0u);
}

TEST(Router, RelaysLogsAndOutputsOfTheRightAttempt) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  world.submit("ada");
  Response log = world.call("ada", "GET", "/v1/jobs/1/log");
  EXPECT_EQ(log.body, "");
  EXPECT_EQ(find_header(log, "Intertie-Log-Complete"), "false");
  world.measure(site);
  world.backend.files["stdout"] = "hello world";
  log = world.call("ada", "GET", "/v1/jobs/1/log?offset=6&limit=3");
  EXPECT_EQ(log.body, "wor");
  EXPECT_EQ(find_header(log, "Intertie-Log-Size"), "11");
  EXPECT_EQ(find_header(log, "Intertie-Log-Complete"), "false");
  world.run(site, core::seconds(1));
  log = world.call("ada", "GET", "/v1/jobs/1/log?offset=6");
  EXPECT_EQ(log.body, "world");
  EXPECT_EQ(find_header(log, "Intertie-Log-Complete"), "true");
  EXPECT_EQ(world.backend.asked.back().attempt, 1u);
  EXPECT_EQ(world.call("ada", "GET", "/v1/jobs/1/log?stream=stderr").status, 502);
  world.backend.files["output:out.txt"] = "0123456789";
  EXPECT_EQ(world.call("ada", "GET", "/v1/jobs/1/outputs/out.txt").body, "0123456789");
  Request request = ApiWorld::make_request("GET", "/v1/jobs/1/outputs/out.txt");
  request.authorization = "Bearer " + world.token("ada");
  request.range = "bytes=8-";
  const Response part = world.send(request);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "89");
  EXPECT_EQ(find_header(part, "Content-Range"), "bytes 8-9/10");
  request.range = "bytes=10-";
  EXPECT_EQ(world.send(request).status, 416);
  EXPECT_EQ(world.call("ada", "GET", "/v1/jobs/1/outputs/none").status, 404);
}

TEST(Router, StoresContentOnceAndJobsNameIt) {
  ApiWorld world;
  const auto site = world.join("alpha", 1);
  const std::string digest = crypto::to_text(crypto::compute_sha256("input"));
  const std::string job =
      R"({"run":["true"],"data":{"in":[{"from":")" + digest + R"(","to":"x"}]}})";
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "POST", "/v1/jobs", job)), "not_found");
  EXPECT_EQ(world.call("ada", "HEAD", "/v1/content/" + digest).status, 404);
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "PUT", "/v1/content/" + digest, "other")),
            "bad_digest");
  EXPECT_EQ(world.call("ada", "PUT", "/v1/content/" + digest, "input").status, 201);
  const Response head = world.call("ada", "HEAD", "/v1/content/" + digest);
  EXPECT_EQ(find_header(head, "Intertie-Content-Size"), "5");
  EXPECT_EQ(world.call("ada", "GET", "/v1/content/" + digest).body, "input");
  EXPECT_EQ(world.call("ada", "POST", "/v1/jobs", job).status, 201);
  EXPECT_EQ(world.backend.machine().state().shapes.back().input.count, 5);
}

TEST(Router, TheOpenApiDocumentHasEveryRouteAndEveryReferenceResolves) {
  const ApiWorld world;
  const auto document = boost::json::parse(world.router.render_openapi());
  EXPECT_EQ(world.router.render_openapi(), world.router.render_openapi());
  std::set<std::string> names;
  for (const Route& route : get_user_routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    const auto& operation = document.at("paths").at(std::string(route.pattern)).at(method);
    EXPECT_TRUE(names.insert(operation.at("operationId").as_string().c_str()).second);
    EXPECT_EQ(operation.as_object().contains("x-scope"), route.scope.has_value());
    ASSERT_NE(route.handler, nullptr);
  }
  const auto& schemas = document.at("components").at("schemas").as_object();
  std::size_t references = 0;
  const auto walk = [&](const auto& self, const boost::json::value& value) -> void {
    if (const auto* list = value.if_array()) {
      for (const auto& one : *list) self(self, one);
    }
    const auto* object = value.if_object();
    if (object == nullptr) return;
    for (const auto& [key, inner] : *object) {
      if (key == "$ref") {
        const std::string target = inner.as_string().c_str();
        const std::string prefix = "#/components/schemas/";
        ASSERT_EQ(target.substr(0, prefix.size()), prefix);
        EXPECT_TRUE(schemas.contains(target.substr(prefix.size()))) << target;
        ++references;
      } else {
        self(self, inner);
      }
    }
  };
  walk(walk, document);
  EXPECT_GT(references, 100u);
}

TEST(Router, HealthExercisesTheEngineAndMetricsAreDescribed) {
  ApiWorld world;
  EXPECT_EQ(world.send(ApiWorld::make_request("GET", "/livez")).status, 200);
  const Response ready = world.send(ApiWorld::make_request("GET", "/readyz?verbose=1"));
  EXPECT_EQ(ready.status, 200);
  EXPECT_EQ(ApiWorld::read<HealthView>(ready).checks.size(), 2u);
  const Response metrics = world.send(ApiWorld::make_request("GET", "/metrics"));
  EXPECT_NE(metrics.body.find("intertie_hub_jobs_submitted_total 0\n"), std::string::npos);
  EXPECT_NE(metrics.body.find("intertie_service_up 1\n"), std::string::npos);
  // A log that does not finish: the engine's answers do not become durable.
  world.backend.log().is_held = true;
  world.backend.submit(hub::CreatePrincipal{"eve", hub::Role::user, 0, {}}, {});
  const auto stuck = world.start(ApiWorld::make_request("GET", "/readyz"));
  EXPECT_FALSE(stuck->response.has_value());
  world.backend.advance(core::seconds(2));
  ASSERT_TRUE(stuck->response.has_value());
  EXPECT_EQ(stuck->response->status, 503);
  EXPECT_EQ(find_header(*stuck->response, "Retry-After"), "1");
  world.backend.log().is_held = false;
  world.backend.settle();
}

TEST(Router, EchoesTheTraceAndNamesTheMethodsOfAPath) {
  ApiWorld world;
  Request request = ApiWorld::make_request("GET", "/livez");
  request.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  EXPECT_EQ(find_header(world.send(request), "traceparent"), request.traceparent);
  request.method = "DELETE";
  const Response refused = world.send(request);
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(find_header(refused, "Allow"), "GET");
  EXPECT_EQ(ApiWorld::read_code(world.send(ApiWorld::make_request("GET", "/v2"))), "not_found");
}

TEST(Router, HandsOutTokensNoStrongerThanTheCallers) {
  ApiWorld world;
  const auto mint = [&](const std::string& who, const std::string& body) {
    return world.call(who, "POST", "/v1/tokens", body);
  };
  const auto own = ApiWorld::read<TokenView>(mint("ada", R"({"scopes":["jobs.read"]})"));
  EXPECT_EQ(own.principal, "ada");
  EXPECT_EQ(ApiWorld::read_code(mint("ada", R"({"principal":"bob"})")), "denied");
  EXPECT_EQ(ApiWorld::read_code(mint("ada", R"({"scopes":["ledger.write"]})")), "denied");
  EXPECT_EQ(ApiWorld::read_code(mint("ada", R"({"scopes":["all"]})")), "bad_field");
  EXPECT_EQ(ApiWorld::read<TokenView>(mint("root", R"({"principal":"bob"})")).scopes.size(), 4u);
  Request request = ApiWorld::make_request("POST", "/v1/tokens");
  request.authorization = "Bearer " + own.token;
  request.body = R"({"scopes":["jobs.write"]})";
  EXPECT_EQ(ApiWorld::read_code(world.send(request)), "denied");
  request.body = R"({"lifetime":"300h"})";
  EXPECT_EQ(ApiWorld::read<TokenView>(world.send(request)).expires, own.expires);
}

TEST(SiteChannel, AdmitsTheKeyOfASiteAloneAndTokensOnce) {
  ApiWorld world;
  auto site = world.make_site(1);
  EXPECT_EQ(world.send_site(site, "POST", "/site/v1/beat", "{}").status, 403);
  JoinRequest join = world.make_join(site, "alpha", 1);
  EXPECT_EQ(
      world.send_site(world.make_site(2), "POST", "/site/v1/join", codec::to_json(join)).status,
      403);  // Another certificate than keys.tls.
  JoinRequest forged = join;
  forged.token = world.token("plant");
  EXPECT_EQ(
      ApiWorld::read_code(world.send_site(site, "POST", "/site/v1/join", codec::to_json(forged))),
      "bad_token");
  join.record = world.countersign(site, join);
  const auto joined = ApiWorld::read<JoinAnswer>(
      world.send_site(site, "POST", "/site/v1/join", codec::to_json(join)));
  EXPECT_EQ(joined.record, join.record);
  auto second = world.make_site(3);
  JoinRequest again = world.make_join(second, "beta", 1);
  again.token = join.token;
  again.record = world.countersign(second, again);
  EXPECT_EQ(
      ApiWorld::read_code(world.send_site(second, "POST", "/site/v1/join", codec::to_json(again))),
      "bad_token");  // Used before.
  EXPECT_EQ(world.get<RecordView>("ada", "/v1/ids/" + joined.site).record, joined.record);
  const Response beat = world.send_site(site, "POST", "/site/v1/beat", R"({"sequence":4})");
  EXPECT_EQ(ApiWorld::read<execution::HeartbeatAnswer>(beat).sequence, 4u);
  world.send_site(site, "GET", "/site/v1/rows?after=3");
  ASSERT_EQ(world.backend.streams.size(), 1u);
  EXPECT_EQ(world.backend.streams[0], (std::pair<std::uint32_t, std::uint64_t>(0, 3)));
  EXPECT_EQ(
      world.send_site(site, "POST", "/site/v1/answers/5", R"({"size":9,"bytes":"YWI"})").status,
      204);
  EXPECT_EQ(world.backend.site_answers.at(0).piece->bytes, "ab");
}

TEST(Sites, AreDrainedByTheirOperatorAlone) {
  ApiWorld world;
  auto site = world.join("alpha", 2);
  world.measure(site);
  EXPECT_EQ(world.call("ada", "POST", "/v1/sites/alpha:drain").status, 403);
  const auto drained =
      ApiWorld::read<SiteView>(world.call("plant", "POST", "/v1/sites/alpha:drain"));
  EXPECT_TRUE(drained.is_drained);
  ASSERT_EQ(drained.pools.size(), 1u);
  EXPECT_TRUE(drained.pools[0].measured->is_valid);
  EXPECT_EQ(drained.pools[0].free.milli_cpus.count, 2000);
  EXPECT_FALSE(
      ApiWorld::read<SiteView>(world.call("root", "POST", "/v1/sites/alpha:resume")).is_drained);
  EXPECT_EQ(world.get<MeasurementList>("ada", "/v1/measurements?site=alpha").measurements.size(),
            1u);
  EXPECT_EQ(world.call("ada", "GET", "/v1/sites/none").status, 404);
}

}  // namespace
}  // namespace intertie::api
