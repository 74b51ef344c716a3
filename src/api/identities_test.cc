// Identifiers of two registries, asked at either: what is signed, and what is not believed.
#include <gtest/gtest.h>

#include "intertie/api/identity_views.h"
#include "intertie/core/limits.h"
#include "intertie/hub/identity_statement.h"
#include "intertie/identity/allocator.h"

#include "fake_backend.h"
#include "identity_answer.h"

namespace intertie::api {
namespace {

std::string make_hub_id(const char* region) {
  return identity::to_text(identity::get_registry_identifier(
      identity::make_allocator(*identity::parse_registry_code(region))));
}

// The hub of region 22, and that of 42 with a site; each can reach the other.
class TwoRegistries {
 public:
  TwoRegistries() : home(make_hub_id("22"), "22", 9), other(make_hub_id("42"), "42", 19) {
    introduce(home, other);
    introduce(other, home);
    site = other.join("beta", 4);
    home.backend.answer_peer = [this](std::uint32_t, const PeerQuestion& question) {
      return ask_other(question);
    };
  }

  static void introduce(ApiWorld& at, ApiWorld& peer) {
    hub::AddPeer add;
    const hub::HubCreated& facts = peer.backend.machine().state().facts;
    add.peer = {facts.id,
                facts.region,
                "hub " + facts.region,
                "127.0.0.1:1",
                facts.sign_key,
                peer.backend.peer_tls_key(),
                0};
    at.must(std::move(add));
  }

  core::Result<std::string> ask_other(const PeerQuestion& question) {
    if (!is_alive) return core::Error{core::Reason::unreachable, "connection refused"};
    Request request = ApiWorld::make_request(question.method, question.target);
    request.peer_certificate_der = ApiWorld::make_certificate(make_test_key(7));
    auto answer = std::make_shared<FakeAnswer>();
    other.router.handle_site(std::move(request), answer);
    other.backend.settle();
    if (answer->response->status != 200) {
      return core::Error{core::Reason::unreachable, answer->response->body};
    }
    if (!tamper) return answer->response->body;
    auto view = *codec::from_json<IdentityView>(answer->response->body, codec::Boundary::strict);
    tamper(view);
    return codec::to_json(view);
  }

  Response ask(const std::string& id) { return home.call("ada", "GET", "/v1/identities/" + id); }
  IdentityView get(const std::string& id) {
    const Response response = ask(id);
    EXPECT_EQ(response.status, 200) << response.body;
    return ApiWorld::read<IdentityView>(response);
  }

  // A well-formed identifier of region 42 that nobody was given.
  static std::string make_unused() {
    return identity::to_text(*identity::create_identifier(
        {*identity::parse_registry_code("42"), identity::EntityType::site, 77, 77}));
  }

  ApiWorld home;
  ApiWorld other;
  ApiWorld::Site site;
  bool is_alive = true;
  std::function<void(IdentityView&)> tamper;
};

crypto::PublicKey read_key(ApiWorld& world) {
  return *crypto::parse_public_key(world.backend.machine().state().facts.sign_key);
}

TEST(Identities, EveryHubAnswersForSitesPoolsAndHubsOfEveryRegion) {
  TwoRegistries grid;
  const IdentityView site = grid.get(grid.site.identifier);
  EXPECT_TRUE(site.is_known);
  EXPECT_FALSE(site.is_stale);
  EXPECT_EQ(site.type, "site");
  EXPECT_EQ(site.name, "beta");
  EXPECT_EQ(site.status, "registered");
  EXPECT_EQ(site.region, "42");
  EXPECT_EQ(site.registry, grid.other.hub_id);
  EXPECT_EQ(site.holder, grid.other.hub_id);
  // What the registry itself gives, and with its own signature.
  const auto own = ApiWorld::read<IdentityView>(
      grid.other.call("bob", "GET", "/v1/identities/" + grid.site.identifier));
  EXPECT_EQ(own.statement, site.statement);
  EXPECT_EQ(own.record, site.record);
  const auto said = hub::open_identity_statement(site.statement, read_key(grid.other));
  ASSERT_TRUE(said.has_value());
  EXPECT_EQ(said->record_digest, crypto::to_text(crypto::compute_sha256(site.record)));

  const IdentityView pool = grid.get(grid.site.identifier + "/cpu");
  EXPECT_EQ(pool.type, "pool");
  EXPECT_EQ(pool.holder, grid.site.identifier);
  EXPECT_EQ(pool.record, site.record);
  const IdentityView hub = grid.get(grid.other.hub_id);
  EXPECT_EQ(hub.type, "registry");
  EXPECT_TRUE(hub.is_known);
  EXPECT_FALSE(hub.record.empty());
  EXPECT_TRUE(grid.get(grid.home.hub_id).is_known);
}

TEST(Identities, ARevokedSiteSaysSoEverywhere) {
  TwoRegistries grid;
  ASSERT_EQ(
      grid.other.call("root", "POST", "/v1/sites/beta:revoke", R"({"reason":"order"})").status,
      200);
  EXPECT_EQ(grid.get(grid.site.identifier).status, "revoked");
}

TEST(Identities, WhatWasNeverGivenOutIsDeniedByItsRegistryAndSigned) {
  TwoRegistries grid;
  for (const std::string& id : {TwoRegistries::make_unused(), grid.site.identifier + "/gpu"}) {
    const IdentityView none = grid.get(id);
    EXPECT_FALSE(none.is_known);
    EXPECT_TRUE(none.record.empty());
    const auto said = hub::open_identity_statement(none.statement, read_key(grid.other));
    ASSERT_TRUE(said.has_value());
    EXPECT_FALSE(said->is_known);
    EXPECT_EQ(said->id, id);
    EXPECT_EQ(said->registry, grid.other.hub_id);
    EXPECT_EQ(said->time, grid.other.backend.time);
  }
}

TEST(Identities, ADeadRegistryLeavesWhatItSaidLast) {
  TwoRegistries grid;
  const std::string unused = TwoRegistries::make_unused();
  const IdentityView before = grid.get(grid.site.identifier);
  grid.get(unused);
  grid.is_alive = false;
  grid.home.backend.advance(core::hours(1));
  const IdentityView after = grid.get(grid.site.identifier);
  EXPECT_TRUE(after.is_stale);
  EXPECT_TRUE(after.is_known);
  EXPECT_EQ(after.as_of, before.as_of);
  EXPECT_EQ(after.statement, before.statement);
  EXPECT_TRUE(grid.get(unused).is_stale);
  EXPECT_FALSE(grid.get(unused).is_known);
  // What was never asked is not known, and nobody but its registry may deny it.
  EXPECT_EQ(ApiWorld::read_code(grid.ask(grid.site.identifier + "/cpu")), "unreachable");
  grid.is_alive = true;
  EXPECT_FALSE(grid.get(grid.site.identifier).is_stale);
}

TEST(Identities, AnUnknownRegionAndABadIdentifierAreNamed) {
  TwoRegistries grid;
  const std::string far = make_hub_id("63");
  EXPECT_EQ(ApiWorld::read_code(grid.ask(far)), "unknown_registry");
  std::string typo = grid.site.identifier;
  typo[5] = typo[5] == '7' ? '8' : '7';
  EXPECT_EQ(ApiWorld::read_code(grid.ask(typo)), "bad_identifier");
  EXPECT_TRUE(grid.home.backend.questions.empty());  // Neither cost a packet.
  // A peer is told about this hub's own registry alone.
  EXPECT_FALSE(grid.ask_other({"GET", "/peer/v1/identities/" + grid.home.hub_id, ""}).has_value());
}

TEST(Identities, AnAnswerThatWasTamperedWithIsRefusedAndNotRemembered) {
  TwoRegistries grid;
  const IdentityView good = grid.get(grid.site.identifier);
  const IdentityView pool = grid.get(grid.site.identifier + "/cpu");
  const IdentityView hub = grid.get(grid.other.hub_id);
  struct Case {
    const char* what;
    std::string code;
    std::function<void(IdentityView&)> change;
  };
  const auto resign = [&](const std::function<void(hub::IdentityStatement&)>& change,
                          std::uint8_t seed) {
    auto said = *hub::open_identity_statement(good.statement, read_key(grid.other));
    change(said);
    return identity::seal_envelope(hub::kIdentityType, codec::to_json(said), make_test_key(seed))
        .value();
  };
  const Case cases[] = {
      {"no signature", "bad_syntax", [](IdentityView& view) { view.statement.clear(); }},
      {"one byte", "bad_signature",
       [](IdentityView& view) {
         char& byte = view.statement[view.statement.find("payload\":\"") + 60];
         byte = byte == 'A' ? 'B' : 'A';
       }},
      {"another signer", "bad_signature",
       [&](IdentityView& view) { view.statement = resign([](auto&) {}, 20); }},
      {"another identifier", "bad_field",
       [&](IdentityView& view) {
         view.statement = pool.statement;
         view.record = pool.record;
       }},
      {"another registry", "bad_field",
       [&](IdentityView& view) {
         view.statement = resign([](auto& said) { said.registry = make_hub_id("52"); }, 19);
       }},
      {"the future", "bad_field",
       [&](IdentityView& view) {
         view.statement = resign([](auto& said) { said.time = said.time + core::hours(1); }, 19);
       }},
      {"no record", "bad_digest", [](IdentityView& view) { view.record.clear(); }},
      {"another record", "bad_digest", [&](IdentityView& view) { view.record = hub.record; }},
      {"a record of something else", "bad_field",
       [&](IdentityView& view) {
         view.record = hub.record;
         view.statement = resign(
             [&](auto& said) {
               said.record_digest = crypto::to_text(crypto::compute_sha256(hub.record));
             },
             19);
       }},
  };
  for (const Case& one : cases) {
    grid.tamper = one.change;
    const Response response = grid.ask(grid.site.identifier);
    EXPECT_EQ(ApiWorld::read_code(response), one.code) << one.what << " " << response.body;
    grid.is_alive = false;
    EXPECT_EQ(grid.get(grid.site.identifier).statement, good.statement) << one.what;
    grid.is_alive = true;
  }
  // What only repeats the envelopes is not believed either.
  grid.tamper = [](IdentityView& view) {
    view.name = "evil";
    view.is_known = false;
    view.is_stale = true;
  };
  const IdentityView view = grid.get(grid.site.identifier);
  EXPECT_EQ(view.name, "beta");
  EXPECT_TRUE(view.is_known);
  EXPECT_FALSE(view.is_stale);
}

TEST(Identities, TheCacheIsBoundedAndForgetsWhatWasNotAskedForLongest) {
  IdentityCache cache;
  const auto make = [](std::size_t number, std::size_t size) {
    IdentityView view;
    view.id = std::to_string(number);
    view.record = std::string(size, 'x');
    return view;
  };
  for (std::size_t i = 0; i < core::limits::identities_cached_max; ++i) cache.put(make(i, 1));
  EXPECT_TRUE(cache.find("0").has_value());  // Used: "1" is the oldest now.
  cache.put(make(1'000'000, 1));
  EXPECT_TRUE(cache.find("0").has_value());
  EXPECT_FALSE(cache.find("1").has_value());
  EXPECT_TRUE(cache.find("2").has_value());
  cache.put(make(2'000'000, core::limits::identity_cache_bytes_max - 4'096));
  EXPECT_TRUE(cache.find("2000000").has_value());
  EXPECT_FALSE(cache.find("5000").has_value());
  cache.put(make(2'000'000, 1));
  EXPECT_EQ(cache.find("2000000")->record, "x");
}

}  // namespace
}  // namespace intertie::api
