// Identifiers of two registries, asked at either: what is signed, and what is not believed.
#include <gtest/gtest.h>

#include "intertie/api/identity_views.h"
#include "intertie/api/line_views.h"
#include "intertie/core/limits.h"
#include "intertie/hub/identity_statement.h"
#include "intertie/hub/line_record.h"

#include "identity_answer.h"
#include "two_registries.h"

namespace intertie::api {
namespace {

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

TEST(Identities, ALineIsKnownWithItsRecordEverywhere) {
  TwoRegistries grid;
  const std::string first = grid.add_line("22").id;
  const std::string second = grid.add_line("52").id;
  grid.add_line("52");
  const IdentityView line = grid.get(second);
  EXPECT_TRUE(line.is_known);
  EXPECT_EQ(line.type, "line");
  EXPECT_EQ(line.name, "42-52");
  EXPECT_EQ(line.status, "active");
  EXPECT_EQ(line.holder, grid.other.hub_id);
  const auto record = hub::open_line_record(line.record, read_key(grid.other));
  ASSERT_TRUE(record.has_value()) << core::to_text(record.error());
  EXPECT_EQ(record->line.identifier, second);
  EXPECT_EQ(record->seq, 2);
  EXPECT_EQ(grid.get(first).name, "42-22");
  // At its own registry, too; a line has no parts.
  const Response own = grid.other.call("bob", "GET", "/v1/identities/" + second);
  EXPECT_TRUE(ApiWorld::read<IdentityView>(own).is_known);
  EXPECT_FALSE(grid.get(second + "/cpu").is_known);
}

TEST(Identities, ALinesRecordIsBelievedOnlyIfItIsThatLines) {
  TwoRegistries grid;
  const IdentityView first = grid.get(grid.add_line("22").id);
  const IdentityView second = grid.get(grid.add_line("52").id);
  const auto give = [&](std::string record) {
    auto said = *hub::open_identity_statement(first.statement, read_key(grid.other));
    said.record_digest = crypto::to_text(crypto::compute_sha256(record));
    const std::string statement =
        identity::seal_envelope(hub::kIdentityType, codec::to_json(said), make_test_key(19))
            .value();
    grid.tamper = [statement, record = std::move(record)](IdentityView& view) {
      view.statement = statement;
      view.record = record;
    };
    return ApiWorld::read_code(grid.ask(first.id));
  };
  EXPECT_EQ(give(second.record), "bad_field");
  auto stolen = *hub::open_line_record(first.record, read_key(grid.other));
  stolen.line.owner = grid.home.hub_id;
  const auto sign = [&](std::uint8_t seed) {
    return identity::seal_envelope(hub::kLineRecordType, codec::to_json(stolen),
                                   make_test_key(seed))
        .value();
  };
  EXPECT_EQ(give(sign(19)), "bad_field");
  EXPECT_EQ(give(sign(20)), "bad_signature");
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
