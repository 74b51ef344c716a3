// Adversarial tests 36 and 37: identifiers that are not one's own, and registries that lie.
#include <gtest/gtest.h>

#include "intertie/identity/allocator.h"
#include "intertie/identity/identifier.h"
#include "intertie/identity/record.h"

#include "two_registries.h"

namespace intertie::adversarial {
namespace {

using api::ApiWorld;
using api::IdentityView;
using api::Response;
using api::TwoRegistries;

std::string code_of(const Response& response) {
  return response.status / 100 == 2 ? "taken" : ApiWorld::read_code(response);
}

Response join_as(ApiWorld& world, const ApiWorld::Site& site, const api::JoinRequest& request) {
  return world.send_site(site, "POST", "/site/v1/join", codec::to_json(request));
}

// The proposal that the hub made, with another identifier in it, signed by the site alone.
std::string forge_record(const std::string& envelope, const std::string& from,
                         const std::string& to, const crypto::KeyPair& key) {
  const auto payload = identity::read_unverified_payload(envelope, identity::kRecordType).value();
  std::string changed = payload;
  const std::size_t at = changed.find(from);
  EXPECT_NE(at, std::string::npos);
  changed.replace(at, from.size(), to);
  return identity::seal_envelope(identity::kRecordType, changed, key).value();
}

TEST(Adversarial, A36_NobodyRegistersAnIdentifierThatIsNotTheirs) {
  ApiWorld world;
  const auto first = world.join("alpha", 1, 1);
  const auto thief = world.make_site(3);
  api::JoinRequest request = world.make_join(thief, "beta", 1);
  const std::string honest = world.countersign(thief, request);
  const auto own = ApiWorld::read<api::JoinProposal>(
      world.send_site(thief, "POST", "/site/v1/join:propose", codec::to_json(request)));
  const auto payload = identity::read_unverified_payload(own.record, identity::kRecordType).value();
  const std::size_t at = payload.find("22S");
  ASSERT_NE(at, std::string::npos);
  const std::string mine = payload.substr(at, 16);
  ASSERT_NE(mine, first.identifier);
  // Another's, and one that differs from its own in one character: only the hub signs what it gave.
  std::string typo = mine;
  typo[15] = typo[15] == '2' ? '3' : '2';
  for (const std::string& wanted : {first.identifier, typo}) {
    request.record = forge_record(own.record, mine, wanted, thief.key);
    EXPECT_NE(code_of(join_as(world, thief, request)), "taken") << wanted;
  }
  // The hub's own proposal, but signed by somebody else's key as the site.
  request.record = identity::add_signature(own.record, api::make_test_key(77)).value();
  EXPECT_NE(code_of(join_as(world, thief, request)), "taken");
  // A name and a key that are taken.
  request.record = honest;
  request.name = "alpha";
  EXPECT_NE(code_of(join_as(world, thief, request)), "taken");
  request.name = "beta";
  EXPECT_EQ(code_of(join_as(world, thief, request)), "taken");
  EXPECT_EQ(world.get<api::RecordView>("ada", "/v1/ids/" + first.identifier).record.empty(), false);
}

TEST(Adversarial, A36_LookAlikesAndTyposAreNoIdentifiers) {
  TwoRegistries grid;
  const std::string id = grid.site.identifier;
  std::size_t refused = 0;
  for (std::size_t place = 0; place < id.size(); ++place) {
    for (const char c : std::string_view("023456789ABCDEFGHJKLMNPQRSTUVWXYZ1IO")) {
      std::string other = id;
      other[place] = c;
      if (other == id) continue;
      const Response response = grid.ask(other);
      // Where a person's slip is read as the letter that is meant, it is the same identifier.
      if (response.status == 200) {
        EXPECT_EQ(ApiWorld::read<IdentityView>(response).id, id) << other;
        continue;
      }
      EXPECT_EQ(ApiWorld::read_code(response), "bad_identifier") << other;
      ++refused;
    }
  }
  EXPECT_GT(refused, 400u);
  for (const char* const alike : {"\xd0\x90", "\xef\xbc\xa1", "\xe2\x80\x8b", "\xce\x91"}) {
    std::string other = id;
    other.replace(7, 1, alike);
    EXPECT_EQ(ApiWorld::read_code(grid.ask(other)), "bad_identifier");
  }
}

TEST(Adversarial, A36_ARevokedSitesKeysOpenNothing) {
  ApiWorld world;
  auto site = world.join("alpha", 1);
  world.measure(site);
  ASSERT_EQ(world.call("root", "POST", "/v1/sites/alpha:revoke", R"({"reason":"key_lost"})").status,
            200);
  // It never comes back, so nobody waits for it. What was asked for in vain is an event.
  EXPECT_EQ(world.call("ada", "POST", "/v1/jobs", ApiWorld::make_document()).status, 422);
  const std::uint64_t before = world.backend.reader().read_last()->index;
  api::KeysRequest keys;
  keys.record = world.get<api::RecordView>("ada", "/v1/ids/" + site.identifier).record;
  EXPECT_NE(code_of(world.send_site(site, "POST", "/site/v1/keys", codec::to_json(keys))), "taken");
  EXPECT_EQ(world.backend.reader().read_last()->index, before);
  EXPECT_NE(code_of(world.call("root", "POST", "/v1/sites/alpha:revoke", R"({"reason":"order"})")),
            "taken");
}

// What a registry has said is not taken back by an older answer of its own.
TEST(Adversarial, A36_ARolledBackRevocationIsRefused) {
  TwoRegistries grid;
  IdentityView active;
  grid.tamper = [&](IdentityView& view) { active = view; };
  grid.get(grid.site.identifier);
  grid.tamper = {};
  grid.home.backend.advance(core::hours(1));
  grid.other.backend.advance(core::hours(1));
  ASSERT_EQ(
      grid.other.call("root", "POST", "/v1/sites/beta:revoke", R"({"reason":"order"})").status,
      200);
  EXPECT_EQ(grid.get(grid.site.identifier).status, "revoked");
  // The answer of an hour ago, played again by whoever has it.
  grid.tamper = [&](IdentityView& view) { view = active; };
  EXPECT_EQ(ApiWorld::read_code(grid.ask(grid.site.identifier)), "stale_sequence");
  // A registry that signs anew what it had revoked.
  const auto resign = [&](const std::function<void(hub::IdentityStatement&)>& change) {
    auto said = *hub::open_identity_statement(active.statement, api::read_key(grid.other));
    said.time = grid.other.backend.time;
    change(said);
    return identity::seal_envelope(hub::kIdentityType, codec::to_json(said), api::make_test_key(19))
        .value();
  };
  grid.tamper = [&](IdentityView& view) {
    view = active;
    view.statement = resign([](hub::IdentityStatement&) {});
  };
  EXPECT_EQ(ApiWorld::read_code(grid.ask(grid.site.identifier)), "record_forked");
  // Nothing of it is remembered.
  grid.is_alive = false;
  EXPECT_EQ(grid.get(grid.site.identifier).status, "revoked");
}

TEST(Adversarial, A36_AGapInARecordsVersionsIsNoSuccessor) {
  // Shown version by version by Successor.FollowsInOrder (identity_test); here: over the channel.
  ApiWorld world;
  const auto site = world.join("alpha", 1);
  const std::string first = world.get<api::RecordView>("ada", "/v1/ids/" + site.identifier).record;
  api::KeysRequest keys;
  keys.record = forge_record(first, "\"seq\":1", "\"seq\":3", site.key);
  EXPECT_NE(code_of(world.send_site(site, "POST", "/site/v1/keys", codec::to_json(keys))), "taken");
  EXPECT_EQ(world.get<api::RecordView>("ada", "/v1/ids/" + site.identifier).record, first);
}

/// The hub of region 22 among 30 others, each of which answers for its own region; one lies.
class ManyRegistries {
 public:
  ManyRegistries() {
    home.backend.answer_peer = [this](std::uint32_t peer, const api::PeerQuestion& question) {
      return answer(peer, question);
    };
    for (const char* const code : kCodes) {
      if (std::string_view(code) == "22") continue;
      const auto seed = static_cast<std::uint8_t>(100 + codes.size());
      hub::AddPeer add;
      add.peer = {
          api::make_hub_id(code),
          code,
          std::string("hub ") + code,
          "127.0.0.1:1",
          crypto::to_text(api::make_test_key(seed).public_key()),
          crypto::to_text(api::make_test_key(static_cast<std::uint8_t>(seed + 50)).public_key()),
          0};
      home.must(std::move(add));
      codes.emplace_back(code);
    }
  }

  static std::string make_id(const std::string& code) {
    return identity::to_text(*identity::create_identifier(
        {*identity::parse_registry_code(code), identity::EntityType::site, 7, 7}));
  }

  // What peer `by` signs about the identifier.
  IdentityView say(std::uint32_t by, const std::string& id, bool is_known) const {
    hub::IdentityStatement said;
    said.id = id;
    said.registry = api::make_hub_id(codes[by].c_str());
    said.is_known = is_known;
    said.type = "site";
    said.status = is_known ? "active" : "";
    said.time = home.backend.time;
    const auto envelope =
        identity::seal_envelope(hub::kIdentityType, codec::to_json(said),
                                api::make_test_key(static_cast<std::uint8_t>(100 + by)));
    IdentityView view;
    view.statement = *envelope;
    return view;
  }

  core::Result<std::string> answer(std::uint32_t peer, const api::PeerQuestion& question) {
    asked.push_back(peer);
    const std::string id = question.target.substr(question.target.rfind('/') + 1);
    if (peer == silent) return core::Error{core::Reason::unreachable, "connection refused"};
    if (peer == liar && lie) return codec::to_json(lie(id));
    return codec::to_json(say(peer, id, true));
  }

  Response ask(const std::string& id) { return home.call("ada", "GET", "/v1/identities/" + id); }

  static constexpr const char* kCodes[] = {"11", "12", "13", "14", "15", "21", "22", "23",
                                           "31", "32", "33", "34", "35", "36", "37", "41",
                                           "42", "43", "44", "45", "46", "50", "51", "52",
                                           "53", "54", "61", "62", "63", "64", "65"};

  ApiWorld home{api::make_hub_id("22"), "22", 9};
  std::vector<std::string> codes;  // By peer.
  std::vector<std::uint32_t> asked;
  std::uint32_t liar = 16;
  std::uint32_t silent = 17;
  std::function<IdentityView(const std::string& id)> lie;
};

TEST(Adversarial, A37_OneLyingRegistryOf31IsBelievedAboutItsOwnAlone) {
  ManyRegistries grid;
  ASSERT_EQ(grid.codes.size(), 30u);
  for (std::uint32_t peer = 0; peer < grid.codes.size(); ++peer) {
    if (peer == grid.silent) continue;
    const Response response = grid.ask(ManyRegistries::make_id(grid.codes[peer]));
    ASSERT_EQ(response.status, 200) << response.body;
    // Each registry is asked about its own identifiers, and nobody else is.
    EXPECT_EQ(grid.asked.back(), peer);
  }
  // It denies what it gave out: not believed, and not taken for a proof of absence.
  const std::string known = ManyRegistries::make_id(grid.codes[grid.liar]);
  grid.lie = [&](const std::string& id) { return grid.say(grid.liar, id, false); };
  EXPECT_EQ(ApiWorld::read_code(grid.ask(known)), "record_forked");
  // What it never gave out it may deny, signed; nobody else could say better.
  const std::string unknown = identity::to_text(*identity::create_identifier(
      {*identity::parse_registry_code(grid.codes[grid.liar]), identity::EntityType::site, 8, 8}));
  const Response absent = grid.ask(unknown);
  ASSERT_EQ(absent.status, 200);
  EXPECT_FALSE(ApiWorld::read<IdentityView>(absent).is_known);
  // A registry that cannot be reached is an error, never absence.
  EXPECT_EQ(ApiWorld::read_code(grid.ask(ManyRegistries::make_id(grid.codes[grid.silent]))),
            "unreachable");
}

TEST(Adversarial, A37_ARegistryThatSignsAnothersIdentifierIsRefused) {
  ManyRegistries grid;
  const std::string own = ManyRegistries::make_id(grid.codes[grid.liar]);
  const std::string others = ManyRegistries::make_id(grid.codes[3]);
  // About somebody else's identifier, when asked about its own.
  grid.lie = [&](const std::string&) { return grid.say(grid.liar, others, false); };
  EXPECT_EQ(ApiWorld::read_code(grid.ask(own)), "bad_field");
  // In another registry's name, and with another registry's key.
  grid.lie = [&](const std::string& id) { return grid.say(3, id, true); };
  EXPECT_EQ(ApiWorld::read_code(grid.ask(own)), "bad_signature");
  // The other one's answer is what it was.
  const auto view = ApiWorld::read<IdentityView>(grid.ask(others));
  EXPECT_TRUE(view.is_known);
  EXPECT_EQ(grid.asked.back(), 3u);
}

}  // namespace
}  // namespace intertie::adversarial
