// Outputs on their way to their owner: who may bring what, and where it lies then.
#include "landing.h"

#include <gtest/gtest.h>

#include "intertie/api/landing_views.h"
#include "intertie/crypto/bytes.h"

#include "two_regions.h"

namespace intertie::api {
namespace {

transfer::Manifest make_manifest(const std::string& content) {
  transfer::ManifestWriter writer(content.size(), true);
  writer.add(content);
  return writer.finish().value();
}

class Landing : public testing::Test {
 protected:
  Landing() {
    std::string document = ApiWorld::make_document();
    document.pop_back();
    document_ = document + R"(,"data":{"out":[{"path":"a","to":"data://results"},{"path":"b"}]}})";
  }

  static execution::StartAttempt read_start(ApiWorld& world, ApiWorld::Site& site) {
    for (const auto& message : world.read_rows(site)) {
      if (const auto* start = std::get_if<execution::StartAttempt>(&message)) return *start;
    }
    ADD_FAILURE() << "nothing was started";
    return {};
  }

  // A job of home at the owner's site.
  execution::StartAttempt begin() {
    const std::uint64_t job = grid.home.submit("ada", document_);
    offer = grid.home.backend.machine().state().find_job(job)->offer;
    grid.exchange();
    return read_start(grid.owner, grid.site);
  }

  std::string make_target(const std::string& rest = {}) const {
    return "/site/v1/outputs/" + crypto::encode_hex(transfer::compute_root(manifest).bytes) + rest;
  }
  static std::string make_query(const execution::StartAttempt& start, int output = 0) {
    return "?job=" + std::to_string(start.job) + "&attempt=" + std::to_string(start.attempt) +
           "&output=" + std::to_string(output);
  }
  static std::string code(const Response& response) {
    return response.status == 200 ? "taken" : ApiWorld::read_code(response);
  }
  std::string bring(ApiWorld& world, const ApiWorld::Site& site, const std::string& query) {
    return code(world.send_site(site, "PUT", make_target() + query, encoded));
  }

  // What ada reads at this hub under the name.
  static std::string read(ApiWorld& world, const std::string& name) {
    const auto info =
        world.backend.held_datasets.find("ada", {transfer::DatasetKey::Kind::name, {}, {}, name});
    if (!info) return "nothing";
    return world.backend.held_datasets.read("ada", info->root, {0, 100}).value();
  }

  const std::string content = "what the job has made";
  const transfer::Manifest manifest = make_manifest(content);
  const std::string encoded = transfer::encode_manifest(manifest);
  TwoRegions grid;
  std::string document_;
  std::uint64_t offer = 0;
};

TEST_F(Landing, OfAJobOfThisHub) {
  ApiWorld& world = grid.owner;
  const std::uint64_t job = world.submit("ada", document_);
  const execution::StartAttempt start = read_start(world, grid.site);
  ASSERT_EQ(start.job, job);
  const std::string query = make_query(start);
  const Response begun = world.send_site(grid.site, "PUT", make_target() + query, encoded);
  ASSERT_EQ(begun.status, 200) << begun.body;
  auto view = ApiWorld::read<LandingView>(begun);
  EXPECT_FALSE(view.is_complete);
  ASSERT_EQ(view.missing.size(), 1u);
  EXPECT_EQ(view.missing[0].last, 0u);
  EXPECT_EQ(bring(world, grid.site, query + "&last=true"), "bad_field");
  EXPECT_EQ(read(world, "results"), "nothing");
  EXPECT_EQ(code(world.send_site(grid.site, "PUT", make_target("/chunks/0") + query, "other")),
            "bad_digest");
  EXPECT_EQ(code(world.send_site(grid.site, "PUT", make_target("/chunks/0") + query, content)),
            "taken");
  EXPECT_EQ(read(world, "results"), "nothing");
  EXPECT_EQ(bring(world, grid.site, query), "taken");
  EXPECT_EQ(read(world, "results"), "nothing");
  EXPECT_EQ(bring(world, grid.site, query + "&last=true"), "taken");
  EXPECT_EQ(read(world, "results"), content);
  EXPECT_EQ(bring(world, grid.site, query + "&last=true"), "taken");  // After a lost answer.
  const auto info = world.backend.held_datasets.list("ada").at(0);
  EXPECT_FALSE(info.policy.keep_until.has_value());
}

TEST_F(Landing, OnlyWhatTheJobDeclaresFromWhereItRuns) {
  ApiWorld& world = grid.owner;
  const auto other = world.join("gamma", 1, 2);
  world.submit("ada", document_);
  execution::StartAttempt start = read_start(world, grid.site);
  EXPECT_EQ(bring(world, other, make_query(start)), "stale_epoch");
  EXPECT_EQ(bring(world, grid.site, make_query(start, 1)), "not_found");  // It names no dataset.
  EXPECT_EQ(bring(world, grid.site, make_query(start, 2)), "not_found");
  EXPECT_EQ(bring(world, grid.site, make_query(start, 100'000)), "bad_field");
  EXPECT_EQ(bring(world, grid.site, ""), "bad_field");
  ++start.attempt;
  EXPECT_EQ(bring(world, grid.site, make_query(start)), "stale_epoch");
  --start.attempt;
  EXPECT_EQ(code(world.send_site(grid.site, "PUT", make_target() + make_query(start), "nonsense")),
            "bad_syntax");
  EXPECT_EQ(code(world.send_site(grid.site, "PUT", make_target() + make_query(start),
                                 transfer::encode_manifest(make_manifest("other")))),
            "bad_digest");
  EXPECT_TRUE(world.backend.held_datasets.list("ada").empty());
  EXPECT_EQ(bring(world, grid.site, make_query(start)), "taken");
  // What comes of it is set a term, in case that the job never ends.
  EXPECT_TRUE(world.backend.held_datasets.list("ada").at(0).policy.keep_until.has_value());
  world.say(grid.site,
            execution::AttemptNotStarted{start.job, 1, core::Reason::staging_failed, ""});
  EXPECT_EQ(bring(world, grid.site, make_query(start)), "stale_epoch");
}

TEST_F(Landing, OfAGuestAtItsHome) {
  const execution::StartAttempt start = begin();
  const std::string query = make_query(start);
  ApiWorld& owner = grid.owner;
  const Response begun = owner.send_site(grid.site, "PUT", make_target() + query, encoded);
  ASSERT_EQ(begun.status, 200) << begun.body;
  EXPECT_EQ(ApiWorld::read<LandingView>(begun).missing.size(), 1u);
  EXPECT_EQ(code(owner.send_site(grid.site, "PUT", make_target("/chunks/0") + query, "other")),
            "bad_digest");
  EXPECT_EQ(code(owner.send_site(grid.site, "PUT", make_target("/chunks/0") + query, content)),
            "taken");
  EXPECT_EQ(read(grid.home, "results"), "nothing");
  EXPECT_EQ(bring(owner, grid.site, query + "&last=true"), "taken");
  EXPECT_EQ(read(grid.home, "results"), content);
  // Home measures the line by what comes.
  const std::pair<std::string, std::int64_t> chunk{"42", static_cast<std::int64_t>(content.size())};
  EXPECT_EQ(std::ranges::count(grid.home.backend.arrived, chunk), 1);
  EXPECT_TRUE(owner.backend.arrived.empty());
  EXPECT_TRUE(owner.backend.held_datasets.list("ada").empty());
  EXPECT_EQ(bring(owner, grid.site, make_query(start, 1)), "not_found");
}

TEST_F(Landing, OfAGuestGoesAtThePaceOfTheLineHome) {
  const execution::StartAttempt start = begin();
  const std::string query = make_query(start);
  ApiWorld& owner = grid.owner;
  ASSERT_EQ(bring(owner, grid.site, query), "taken");
  std::vector<std::int64_t> turns;
  owner.backend.give_turn = [&](const LineUse& use, std::int64_t wanted) {
    EXPECT_EQ(use.region, "22");
    turns.push_back(wanted);
    return core::Result<std::int64_t>(std::min<std::int64_t>(wanted, 10));
  };
  const std::size_t asked = owner.backend.questions.size();
  EXPECT_EQ(code(owner.send_site(grid.site, "PUT", make_target("/chunks/0") + query, content)),
            "taken");
  const auto size = static_cast<std::int64_t>(content.size());
  EXPECT_EQ(turns, (std::vector<std::int64_t>{size, size - 10, size - 20}));
  EXPECT_EQ(owner.backend.questions.size(), asked + 1);
  // A line that is too busy: the site asks again, and nothing has gone.
  owner.backend.give_turn = [](const LineUse&, std::int64_t) {
    return core::Result<std::int64_t>(core::Reason::busy, "the line");
  };
  EXPECT_EQ(code(owner.send_site(grid.site, "PUT", make_target("/chunks/0") + query, content)),
            "overloaded");
  EXPECT_EQ(owner.backend.questions.size(), asked + 1);
}

TEST_F(Landing, OnlyFromTheHubWhereTheOfferRuns) {
  grid.home.submit("ada", document_);
  const auto ask = [&](const crypto::KeyPair& tls, std::uint64_t number, int attempt) {
    const std::string root = crypto::encode_hex(transfer::compute_root(manifest).bytes);
    return code(TwoRegions::send(grid.home, tls,
                                 {"PUT",
                                  "/peer/v1/outputs/" + root + "?offer=" + std::to_string(number) +
                                      "&attempt=" + std::to_string(attempt) + "&output=0",
                                  encoded}));
  };
  offer = grid.home.backend.machine().state().offers.begin()->first;
  EXPECT_EQ(ask(grid.owner_tls, offer, 1), "stale_epoch");  // Not committed.
  grid.exchange();
  EXPECT_EQ(ask(grid.owner_tls, offer + 1, 1), "stale_epoch");
  EXPECT_EQ(ask(grid.owner_tls, offer, 2), "stale_epoch");
  ApiWorld third("52R0000000000000", "52", 29);
  TwoRegions::introduce(grid.home, third, make_test_key(63));
  EXPECT_EQ(ask(make_test_key(63), offer, 1), "stale_epoch");
  EXPECT_EQ(ask(make_test_key(64), offer, 1), "certificate_refused");
  EXPECT_EQ(ask(grid.owner_tls, offer, 1), "taken");
  grid.owner.run(grid.site, core::seconds(1));
  grid.home.backend.advance(core::seconds(2));
  grid.exchange();
  EXPECT_EQ(ask(grid.owner_tls, offer, 1), "stale_epoch");
}

// The hub of region 52 as home sees it: ada's datasets there.
core::Result<std::string> answer_as_region(FakeDatasets& held, const PeerQuestion& question) {
  const std::string prefix = "/peer/v1/users/ada/datasets/";
  EXPECT_TRUE(question.target.starts_with(prefix)) << question.target;
  const std::string rest = question.target.substr(prefix.size());
  const auto root = transfer::parse_dataset("data:" + rest.substr(0, 64)).value();
  if (rest.find("/chunks/0") != std::string::npos) {
    const auto done = held.put_chunk("ada", root, 0, question.body);
    if (!done) return done.error();
    return std::string(R"({"chunk":0})");
  }
  if (question.method == "PUT") {
    transfer::DatasetWish wish;
    wish.owner = "ada";
    wish.manifest = transfer::decode_manifest(question.body).value();
    if (const auto name = rest.find("&name="); name != std::string::npos) {
      wish.name = rest.substr(name + 6);
    }
    if (rest.find("keep_until=") != std::string::npos) wish.policy.keep_until = core::Time{1};
    if (rest.find("readers=bob") != std::string::npos) wish.policy.readers = {"bob"};
    held.begin(wish).value();
  }
  const auto info = held.find("ada", {transfer::DatasetKey::Kind::root, root, {}, {}});
  if (!info) return info.error();
  DatasetView view;
  view.owner = "ada";
  view.name = info->name;
  view.is_complete = info->is_complete();
  view.policy = info->policy;
  if (!view.is_complete) view.missing = {{0, 0}};
  return codec::to_json(view);
}

TEST_F(Landing, InTheRegionThatTheJobFileNames) {
  document_.replace(document_.find(R"("data://results")"), 16, R"("data://results","region":"52")");
  const Response refused = grid.home.call("ada", "POST", "/v1/jobs", document_);
  EXPECT_EQ(ApiWorld::read_code(refused), "bad_field");  // No hub of it is a peer.
  ApiWorld third("52R0000000000000", "52", 29);
  TwoRegions::introduce(grid.home, third, make_test_key(63));
  FakeDatasets& there = third.backend.held_datasets;
  grid.home.backend.answer_peer = [&](std::uint32_t peer, const PeerQuestion& question) {
    EXPECT_EQ(peer, 1u);
    return answer_as_region(there, question);
  };
  const execution::StartAttempt start = begin();
  const std::string query = make_query(start);
  ApiWorld& owner = grid.owner;
  const Response begun = owner.send_site(grid.site, "PUT", make_target() + query, encoded);
  ASSERT_EQ(begun.status, 200) << begun.body;
  EXPECT_EQ(ApiWorld::read<LandingView>(begun).missing.size(), 1u);
  EXPECT_TRUE(there.list("ada").at(0).policy.keep_until.has_value());
  EXPECT_EQ(bring(owner, grid.site, query + "&last=true"), "bad_field");
  EXPECT_EQ(code(owner.send_site(grid.site, "PUT", make_target("/chunks/0") + query, "other")),
            "bad_digest");
  EXPECT_EQ(code(owner.send_site(grid.site, "PUT", make_target("/chunks/0") + query, content)),
            "taken");
  EXPECT_EQ(read(third, "results"), "nothing");
  EXPECT_EQ(bring(owner, grid.site, query), "taken");
  EXPECT_EQ(bring(owner, grid.site, query + "&last=true"), "taken");
  EXPECT_EQ(read(third, "results"), content);
  EXPECT_FALSE(there.list("ada").at(0).policy.keep_until.has_value());
  EXPECT_TRUE(grid.home.backend.held_datasets.list("ada").empty());
}

// What the owner had there before stays as it is, but for its name.
TEST_F(Landing, KeepsThePolicyOfWhatIsThere) {
  document_.replace(document_.find(R"("data://results")"), 16, R"("data://results","region":"52")");
  ApiWorld third("52R0000000000000", "52", 29);
  TwoRegions::introduce(grid.home, third, make_test_key(63));
  FakeDatasets& there = third.backend.held_datasets;
  transfer::DatasetWish wish;
  wish.owner = "ada";
  wish.name = "older";
  wish.policy.readers = {"bob"};
  wish.policy.keep_until = core::Time{1};
  ASSERT_TRUE(there.put(wish, content).has_value());
  grid.home.backend.answer_peer = [&](std::uint32_t, const PeerQuestion& question) {
    return answer_as_region(there, question);
  };
  const std::string query = make_query(begin());
  const Response begun = grid.owner.send_site(grid.site, "PUT", make_target() + query, encoded);
  EXPECT_TRUE(ApiWorld::read<LandingView>(begun).is_complete) << begun.body;
  EXPECT_EQ(read(third, "older"), content);
  EXPECT_EQ(bring(grid.owner, grid.site, query + "&last=true"), "taken");
  EXPECT_EQ(read(third, "results"), content);
  EXPECT_EQ(there.list("ada").at(0).policy.readers, std::vector<std::string>{"bob"});
  EXPECT_TRUE(there.list("ada").at(0).policy.keep_until.has_value());
}

}  // namespace
}  // namespace intertie::api
