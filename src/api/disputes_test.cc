// Disputes and events over the user interface.
#include <algorithm>

#include "intertie/api/dispute_views.h"
#include "intertie/api/event_views.h"
#include "intertie/core/limits.h"

#include "fake_backend.h"

namespace intertie::api {
namespace {

// A job whose first record is disputed (it begins an hour too early) and whose second is charged.
struct DisputedWorld : ApiWorld {
  DisputedWorld() {
    site = join("alpha", 1);
    measure(site);
    job = ApiWorld::submit("ada");
    for (const auto& message : read_rows(site)) {
      if (const auto* one = std::get_if<execution::StartAttempt>(&message)) start = *one;
    }
    const core::Time began = backend.time;
    say(site, execution::AttemptStarted{start.job, start.attempt, began});
    backend.advance(core::seconds(10));
    report_usage(site, start, began - core::hours(1), 1, false);
    const core::Time middle = backend.time;
    backend.advance(core::seconds(5));
    report_usage(site, start, middle, 2, true);
  }
  void end() {
    say(site,
        execution::AttemptEnded{start.job, start.attempt, backend.time, {}, "", {{0, 0, 0}}, {}});
  }
  Response resolve(const std::string& who, std::uint64_t id, const std::string& verdict) {
    return call(who, "POST", "/v1/disputes/" + std::to_string(id) + "/resolve",
                R"({"verdict":")" + verdict + "\"}");
  }
  Site site;
  execution::StartAttempt start;
  std::uint64_t job = 0;
};

TEST(Disputes, AreSeenByThoseConcernedAndResolvedOnce) {
  DisputedWorld world;
  for (const char* who : {"ada", "plant", "root"}) {
    const auto list = world.get<DisputeList>(who, "/v1/disputes");
    ASSERT_EQ(list.disputes.size(), 1u) << who;
    EXPECT_EQ(list.disputes[0].site, "alpha");
    EXPECT_EQ(list.disputes[0].job, world.job);
    EXPECT_EQ(list.disputes[0].reason.code, "usage_disputed");
    EXPECT_EQ(list.disputes[0].claimed_micros->count, 3'610'000);
    EXPECT_EQ(list.disputes[0].payable_micros->count, 10'000);
    EXPECT_FALSE(list.disputes[0].is_attempt_over);
  }
  EXPECT_TRUE(world.get<DisputeList>("bob", "/v1/disputes").disputes.empty());
  const std::uint64_t id = world.get<DisputeList>("root", "/v1/disputes").disputes[0].id;
  EXPECT_EQ(world.resolve("ada", id, "accept").status, 403);
  EXPECT_EQ(world.resolve("plant", id, "accept").status, 403);
  EXPECT_EQ(ApiWorld::read_code(world.resolve("root", id, "accept")), "busy");
  EXPECT_EQ(world.resolve("root", id + 1, "accept").status, 404);
  world.end();
  for (int round = 0; round < 2; ++round) {
    const Response done = world.resolve("root", id, "accept");
    ASSERT_EQ(done.status, 200) << done.body;
    const auto view = ApiWorld::read<DisputeView>(done);
    EXPECT_EQ(view.state, DisputeState::accepted);
    EXPECT_EQ(view.paid_micros.count, 10'000);
    EXPECT_EQ(view.resolved_by, "root");
  }
  EXPECT_EQ(ApiWorld::read_code(world.resolve("root", id, "reject")), "already_final");
  EXPECT_TRUE(world.get<DisputeList>("ada", "/v1/disputes").disputes.empty());
  EXPECT_EQ(world.get<DisputeList>("ada", "/v1/disputes?state=resolved").disputes.size(), 1u);
  EXPECT_EQ(ApiWorld::read_code(world.call("ada", "GET", "/v1/disputes?state=x")), "bad_field");
  EXPECT_TRUE(world.get<LedgerCheckView>("root", "/v1/ledger/check").is_sound);
  EXPECT_EQ(world.get<AccountView>("ada", "/v1/accounts/ada").balance_micros.count,
            1'000'000'000 - 15'000);
}

TEST(Disputes, TheBillShowsThemAndAgreesBeforeAndAfter) {
  DisputedWorld world;
  world.end();
  auto bill = world.get<JobBillView>("ada", "/v1/jobs/1/bill");
  EXPECT_TRUE(bill.agree);
  EXPECT_EQ(bill.recomputed_micros.count, 5'000);
  ASSERT_EQ(bill.disputes.size(), 1u);
  EXPECT_EQ(bill.disputes[0].state, DisputeState::open);
  world.resolve("root", bill.disputes[0].id, "accept");
  bill = world.get<JobBillView>("ada", "/v1/jobs/1/bill");
  EXPECT_TRUE(bill.agree) << codec::to_json(bill);
  EXPECT_EQ(bill.recomputed_micros.count, 15'000);
  EXPECT_EQ(bill.ledger_micros.count, 15'000);
  ASSERT_EQ(bill.records.size(), 2u);
  EXPECT_EQ(bill.disputes[0].state, DisputeState::accepted);
  EXPECT_EQ(world.get<BillView>("ada", "/v1/bill").recomputed_micros.count, 15'000);
  EXPECT_EQ(world.get<JobView>("ada", "/v1/jobs/1").charged_micros.count, 15'000);
}

TEST(Disputes, PagesAreComplete) {
  DisputedWorld world;
  for (int i = 0; i < 4; ++i) {
    world.say(world.site, execution::UsageReport{world.start.job, world.start.attempt, "noise"});
  }
  std::vector<std::uint64_t> ids;
  std::string after;
  do {
    const auto page = world.get<DisputeList>("ada", "/v1/disputes?limit=2" + after);
    for (const DisputeView& one : page.disputes) ids.push_back(one.id);
    after = page.next ? "&after=" + *page.next : "";
  } while (!after.empty());
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_TRUE(std::ranges::is_sorted(ids, std::greater<>()));
}

std::shared_ptr<FakeAnswer> listen(ApiWorld& world, const std::string& who,
                                   const std::string& query = {}, const std::string& last = {}) {
  Request request = ApiWorld::make_request("GET", "/v1/events" + query);
  request.authorization = "Bearer " + world.token(who);
  request.last_event_id = last;
  return world.start(std::move(request));
}

std::vector<std::string> list_events(const FakeAnswer& answer, const std::string& name) {
  std::vector<std::string> texts;
  for (const StreamEvent& event : answer.stream->events) {
    if (event.name != name) continue;
    const auto view = codec::from_json<JobEventView>(event.data, codec::Boundary::tolerant);
    texts.push_back(std::to_string(view->job) + " " +
                    std::to_string(static_cast<int>(view->phase)));
  }
  return texts;
}

TEST(Events, TellEachOwnerWhatBecomesOfItsJobsAndResumeWhereTheyStopped) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  world.measure(site);
  const auto ada = listen(world, "ada");
  const auto bob = listen(world, "bob");
  const auto root = listen(world, "root", "?owner=*");
  world.submit("ada");
  world.submit("bob");
  world.run(site, core::seconds(1));
  const std::vector<std::string> life = {"1 0", "1 1", "1 2", "1 3"};
  EXPECT_EQ(list_events(*ada, "job"), life);
  EXPECT_EQ(list_events(*bob, "job"), (std::vector<std::string>{"2 0", "2 1"}));
  EXPECT_EQ(list_events(*root, "job").size(), 6u);
  // From any event on: exactly what came after it.
  for (std::size_t i = 0; i < life.size(); ++i) {
    std::size_t seen = 0;
    std::string id;
    for (const StreamEvent& event : ada->stream->events) {
      if (event.name == "job" && seen++ == i) id = event.id;
    }
    const auto again = listen(world, "ada", "", id);
    EXPECT_EQ(
        list_events(*again, "job"),
        std::vector<std::string>(life.begin() + static_cast<std::ptrdiff_t>(i) + 1, life.end()));
  }
  EXPECT_EQ(list_events(*listen(world, "ada", "?after=0"), "job"), life);
  EXPECT_EQ(ApiWorld::read_code(*listen(world, "ada", "?after=99999")->response), "out_of_range");
  EXPECT_EQ(ApiWorld::read_code(*listen(world, "ada", "?owner=*")->response), "denied");
}

TEST(Events, TellOperatorsAboutSites) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  const auto root = listen(world, "root");
  const auto ada = listen(world, "ada");
  world.call("plant", "POST", "/v1/sites/alpha:drain");
  const auto is_site = [](const StreamEvent& event) { return event.name == "site"; };
  ASSERT_EQ(std::ranges::count_if(root->stream->events, is_site), 1);
  EXPECT_EQ(std::ranges::count_if(ada->stream->events, is_site), 0);
  const auto view =
      codec::from_json<SiteEventView>(root->stream->events.back().data, codec::Boundary::strict);
  EXPECT_EQ(view->site, "alpha");
  EXPECT_TRUE(view->is_drained);
}

TEST(Events, ASlowReaderAndAnOldTokenAreCutOffAndTheNumberIsBounded) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  const auto slow = listen(world, "ada");
  slow->stream->room = 2;  // Its place, and one event.
  world.submit("ada");
  world.submit("ada");
  EXPECT_TRUE(slow->stream->is_closed);
  const auto again = listen(world, "ada", "", slow->stream->events.back().id);
  EXPECT_EQ(list_events(*again, "job"), (std::vector<std::string>{"2 0"}));
  again->stream->close();
  std::vector<std::shared_ptr<FakeAnswer>> open;
  for (std::size_t i = 0; i < core::limits::event_streams_per_principal_max; ++i) {
    open.push_back(listen(world, "ada"));
  }
  EXPECT_EQ(ApiWorld::read_code(*listen(world, "ada")->response), "overloaded");
  EXPECT_TRUE(listen(world, "bob")->has_stream);
  open.back()->stream->close();
  EXPECT_TRUE(listen(world, "ada")->has_stream);
  world.backend.advance(core::hours(1001));
  world.submit("ada");
  EXPECT_TRUE(open.front()->stream->is_closed);
  EXPECT_TRUE(list_events(*open.front(), "job").empty());
}

}  // namespace
}  // namespace intertie::api
