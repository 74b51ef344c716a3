// Data across regions through the routes alone: two hubs whose questions to each other are answered
// by each other's routers.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/api/dataset_views.h"
#include "intertie/api/grant_views.h"
#include "intertie/hub/line_key.h"
#include "intertie/transfer/grant.h"
#include "intertie/transfer/pass.h"

#include "fake_backend.h"
#include "job_inputs.h"

namespace intertie::api {
namespace {

// The hub of one region with the users ada and bob; others are connected to it as peers.
class Region {
 public:
  Region(std::string region, std::uint8_t seed)
      : region_(std::move(region)), tls_(make_test_key(static_cast<std::uint8_t>(seed + 50))) {
    backend.registry_key = make_test_key(seed);
    must(hub::CreateHub{{get_id(), region_, region_, "CNY", sign_key(), 10}});
    for (const char* name : {"ada", "bob"}) {
      must(hub::CreatePrincipal{name, hub::Role::user, 0, {}});
    }
    backend.on_fetch_from_peer = [this](PeerFetch ask, auto done) { answer(std::move(ask), done); };
  }

  std::string get_id() const { return region_ + "R0000000000000"; }
  const std::string& name() const { return region_; }
  std::string sign_key() const { return crypto::to_text(backend.registry_key.public_key()); }

  hub::Reply must(hub::Command command) {
    auto reply = backend.ask(std::move(command));
    EXPECT_TRUE(reply.has_value()) << core::to_text(reply.error());
    return reply ? *reply : hub::Reply{};
  }

  // Each knows the other; their beacons count.
  void join(Region& other) {
    add(other);
    other.add(*this);
    hear();
    other.hear();
  }
  void hear() {
    for (std::uint32_t peer = 0; peer < peers_.size(); ++peer) {
      hub::Beacon beacon;
      beacon.number = 1;
      beacon.is_full = true;
      beacon.lifetime = core::limits::beacon_lifetime;
      must(hub::AcceptBeacon{peer, beacon});
    }
  }

  Response call(const std::string& who, const std::string& method, const std::string& target,
                const std::string& body = {}) {
    Request request = ApiWorld::make_request(method, target);
    request.body = body;
    TokenClaims claims{who,  {"admin"}, backend.time, backend.time + core::hours(1000),
                       "id", get_id()};
    request.authorization = "Bearer " + mint_token(backend.token_key(), claims);
    auto answer = std::make_shared<FakeAnswer>();
    router.handle_user(std::move(request), answer);
    settle();
    EXPECT_TRUE(answer->response.has_value()) << target;
    return answer->response.value_or(Response{});
  }
  // As another hub.
  Response call_as(const Region& caller, Request request) {
    request.peer_certificate_der = ApiWorld::make_certificate(caller.tls_);
    auto answer = std::make_shared<FakeAnswer>();
    router.handle_site(std::move(request), answer);
    settle();
    EXPECT_TRUE(answer->response.has_value());
    return answer->response.value_or(Response{});
  }
  transfer::DatasetInfo put(const std::string& owner, const std::string& content,
                            const std::string& name = {}, transfer::DataPolicy policy = {}) {
    transfer::DatasetWish wish;
    wish.owner = owner;
    wish.name = name;
    wish.policy = std::move(policy);
    return backend.held_datasets.put(std::move(wish), content).value();
  }
  void settle() {
    backend.settle();
    for (Region* const peer : peers_) peer->backend.settle();
    backend.settle();
  }

  FakeBackend backend;
  Router router{backend};
  bool is_away = false;
  int asked = 0;  // Questions that came from peers.

 private:
  void add(Region& other) {
    hub::AddPeer command;
    command.peer = {other.get_id(),
                    other.region_,
                    other.region_,
                    "127.0.0.1:1",
                    other.sign_key(),
                    crypto::to_text(other.tls_.public_key()),
                    0};
    must(command);
    peers_.push_back(&other);
  }

  void answer(PeerFetch ask, const std::function<void(core::Result<Response>)>& done) {
    Region& other = *peers_.at(ask.peer);
    if (other.is_away) return done(core::Error{core::Reason::unreachable, "away"});
    ++other.asked;
    Request request;
    request.method = ask.method;
    request.path = ask.path;
    request.query = ask.query;
    request.grant = ask.grant;
    request.range = ask.range;
    request.body = ask.body;
    request.peer_certificate_der = ApiWorld::make_certificate(tls_);
    auto answer = std::make_shared<FakeAnswer>();
    other.router.handle_site(std::move(request), answer);
    other.backend.settle();
    ASSERT_TRUE(answer->response.has_value()) << ask.path;
    if (answer->response->status / 100 == 2) return done(*answer->response);
    const auto problem =
        codec::from_json<ProblemView>(answer->response->body, codec::Boundary::tolerant);
    done(core::Error{*core::find_reason(problem->code), problem->detail});
  }

  const std::string region_;
  const crypto::KeyPair tls_;
  std::vector<Region*> peers_;
};

std::string get_hex(const transfer::DatasetInfo& info) {
  return crypto::encode_hex(info.root.bytes);
}

class PeerDataTest : public testing::Test {
 protected:
  PeerDataTest() { jilin_.join(hubei_); }

  std::string make_grant(const transfer::DataGrant& grant, const Region& signer) {
    const auto envelope = identity::seal_envelope(transfer::kGrantType, codec::to_json(grant),
                                                  signer.backend.registry_key);
    return crypto::encode_base64url(crypto::as_bytes(*envelope));
  }
  Response read_granted(Region& holder, const Region& caller, const transfer::DatasetInfo& info,
                        const std::string& grant) {
    Request request =
        ApiWorld::make_request("GET", "/peer/v1/datasets/" + get_hex(info) + "/content");
    request.grant = grant;
    return holder.call_as(caller, std::move(request));
  }
  transfer::DataGrant make_facts(const transfer::DatasetInfo& info) {
    return {transfer::format_dataset(info.root), "22/ada", hubei_.get_id(), 1,
            jilin_.backend.time + core::minutes(15)};
  }

  Region jilin_{"22", 9};
  Region hubei_{"42", 10};
};

TEST_F(PeerDataTest, AUserPutsListsAndReadsThroughTheHomeHub) {
  transfer::ManifestWriter writer(5, true);
  writer.add("hello");
  const auto manifest = writer.finish().value();
  const std::string target =
      "/v1/datasets/" + crypto::encode_hex(transfer::compute_root(manifest).bytes);
  const std::string there = "?region=42";
  EXPECT_EQ(jilin_
                .call("ada", "PUT", target + there + "&name=far&readers=bob",
                      transfer::encode_manifest(manifest))
                .status,
            202);
  EXPECT_EQ(jilin_.call("ada", "PUT", target + "/chunks/0" + there, "hello").status, 201);
  // It lies in the other region under her name there, and nowhere else.
  EXPECT_TRUE(hubei_.backend.held_datasets.list("ada").empty());
  ASSERT_EQ(hubei_.backend.held_datasets.list("22/ada").size(), 1u);
  EXPECT_EQ(hubei_.backend.held_datasets.list("22/ada")[0].policy.readers,
            std::vector<std::string>{"22/bob"});
  EXPECT_TRUE(jilin_.backend.held_datasets.list("ada").empty());

  const auto view = ApiWorld::read<DatasetView>(jilin_.call("ada", "GET", target + there));
  EXPECT_EQ(view.owner, "ada");
  EXPECT_EQ(view.region, "42");
  EXPECT_EQ(view.policy.readers, std::vector<std::string>{"bob"});
  EXPECT_EQ(jilin_.call("ada", "GET", target + "/content" + there).body, "hello");
  EXPECT_EQ(jilin_.call("ada", "GET", target).status, 404);
  EXPECT_EQ(jilin_.call("ada", "GET", target + "?region=*").status, 200);
  EXPECT_EQ(jilin_.call("ada", "GET", "/v1/datasets:find?region=*&name=far").status, 200);
  // Bob may read it, as she said; a bob of the other region may not.
  EXPECT_EQ(jilin_.call("bob", "GET", target + there).status, 200);
  EXPECT_EQ(hubei_.call("bob", "GET", target).status, 404);
  EXPECT_EQ(hubei_.call("ada", "GET", target).status, 404);

  jilin_.put("ada", "near", "near");
  const auto list = ApiWorld::read<DatasetList>(jilin_.call("ada", "GET", "/v1/datasets?region=*"));
  ASSERT_EQ(list.datasets.size(), 2u);
  EXPECT_EQ(list.datasets[0].region, "42");
  EXPECT_EQ(list.datasets[1].region, "22");
  EXPECT_TRUE(list.silent.empty());
  EXPECT_EQ(jilin_.call("ada", "POST", target + ":pin" + there).status, 200);
  EXPECT_TRUE(hubei_.backend.held_datasets.list("22/ada")[0].is_pinned);
  EXPECT_EQ(jilin_.call("ada", "DELETE", target + there).status, 204);
  EXPECT_TRUE(hubei_.backend.held_datasets.list("22/ada").empty());
  EXPECT_EQ(ApiWorld::read_code(jilin_.call("ada", "GET", target + "?region=99")), "not_found");
}

TEST_F(PeerDataTest, ARegionThatIsAwayIsNamedAndTheRestIsListed) {
  jilin_.put("ada", "near", "near");
  hubei_.is_away = true;
  const auto list = ApiWorld::read<DatasetList>(jilin_.call("ada", "GET", "/v1/datasets?region=*"));
  EXPECT_EQ(list.datasets.size(), 1u);
  ASSERT_EQ(list.silent.size(), 1u);
  EXPECT_EQ(list.silent[0].region, "42");
}

TEST_F(PeerDataTest, TheHolderKeepsNothingThatMayNotLieInItsRegion) {
  transfer::ManifestWriter writer(5, true);
  writer.add("hello");
  const auto manifest = writer.finish().value();
  const std::string target =
      "/v1/datasets/" + crypto::encode_hex(transfer::compute_root(manifest).bytes);
  const std::string body = transfer::encode_manifest(manifest);
  EXPECT_EQ(ApiWorld::read_code(jilin_.call("ada", "PUT", target + "?region=42&regions=22", body)),
            "data_policy");
  EXPECT_EQ(ApiWorld::read_code(jilin_.call("ada", "PUT", target + "?regions=42", body)),
            "data_policy");
  EXPECT_EQ(jilin_.call("ada", "PUT", target + "?region=42&regions=22,42", body).status, 202);
}

TEST_F(PeerDataTest, OnlyAGrantOfTheReadersHubForThisHubOpensADataset) {
  const auto info = jilin_.put("ada", "hello");
  const transfer::DataGrant facts = make_facts(info);
  const Response good = read_granted(jilin_, hubei_, info, make_grant(facts, jilin_));
  EXPECT_EQ(good.status, 200) << good.body;
  EXPECT_EQ(good.body, "hello");

  const auto code = [&](const transfer::DataGrant& grant, const Region& signer) {
    return ApiWorld::read_code(read_granted(jilin_, hubei_, info, make_grant(grant, signer)));
  };
  EXPECT_EQ(code(facts, hubei_), "bad_signature");  // Forged by the hub that wants it.
  transfer::DataGrant other = facts;
  other.reader = "22/bob";
  EXPECT_EQ(code(other, jilin_), "not_found");  // Of a user who may not read it.
  other = facts;
  other.reader = "42/ada";
  EXPECT_EQ(code(other, hubei_), "not_found");  // A namesake.
  other = facts;
  other.audience = "52R0000000000000";
  EXPECT_EQ(code(other, jilin_), "denied");
  other = facts;
  other.dataset = "data:00";
  EXPECT_EQ(code(other, jilin_), "denied");
  other = facts;
  other.expires = jilin_.backend.time;
  EXPECT_EQ(code(other, jilin_), "token_expired");
  EXPECT_EQ(ApiWorld::read_code(read_granted(jilin_, hubei_, info, "")), "bad_syntax");

  transfer::DataPolicy policy;
  policy.regions = {"22"};
  const auto kept = jilin_.put("ada", "stays", "", policy);
  EXPECT_EQ(
      ApiWorld::read_code(read_granted(jilin_, hubei_, kept, make_grant(make_facts(kept), jilin_))),
      "data_policy");
}

TEST_F(PeerDataTest, WhatIsSentUnderAGrantUsesTheShareOfItsOffer) {
  const auto info = jilin_.put("ada", "hello");
  transfer::DataGrant facts = make_facts(info);
  read_granted(jilin_, hubei_, info, make_grant(facts, jilin_));
  facts.offer = 0;  // For jobs that run at home.
  read_granted(jilin_, hubei_, info, make_grant(facts, jilin_));
  facts.audience = "52R0000000000000";
  read_granted(jilin_, hubei_, info, make_grant(facts, jilin_));
  const auto& paced = jilin_.backend.paced;
  ASSERT_EQ(paced.size(), 2u);
  EXPECT_EQ(paced[0].region, "42");
  EXPECT_EQ(paced[0].leg, hub::make_leg_key("22", 1));
  EXPECT_EQ(paced[0].size.count, 5);
  EXPECT_EQ(paced[1].leg, "22/0/" + transfer::format_dataset(info.root));
}

TEST_F(PeerDataTest, AGrantIsWorthAPassForOneSiteOfTheCaller) {
  const auto info = jilin_.put("ada", "hello");
  const auto ask = [&](const transfer::DataGrant& grant, PassRequest what) {
    Request request =
        ApiWorld::make_request("POST", "/peer/v1/datasets/" + get_hex(info) + "/passes");
    request.grant = make_grant(grant, jilin_);
    request.body = codec::to_json(what);
    return jilin_.call_as(hubei_, std::move(request));
  };
  const transfer::DataGrant facts = make_facts(info);
  const std::string key = crypto::to_text(make_test_key(77).public_key());
  const PassRequest what{"42S", key};
  // A hub that listens for nobody names nobody.
  EXPECT_TRUE(ApiWorld::read<DataSources>(ask(facts, what)).sources.empty());
  jilin_.backend.data_at = "data.example:7302";
  const auto sources = ApiWorld::read<DataSources>(ask(facts, what));
  ASSERT_EQ(sources.sources.size(), 1u);
  const DataSourceView& source = sources.sources[0];
  EXPECT_EQ(source.address, "data.example:7302");
  EXPECT_EQ(source.holder, jilin_.get_id());
  EXPECT_EQ(source.expires, facts.expires);
  const auto bytes = crypto::decode_base64url(source.pass).value();
  const transfer::PassUse use{jilin_.get_id(), transfer::format_dataset(info.root), key,
                              jilin_.backend.time};
  const auto pass =
      transfer::open_pass(crypto::as_text(bytes), jilin_.backend.registry_key.public_key(), use);
  ASSERT_TRUE(pass.has_value()) << core::to_text(pass.error());
  EXPECT_EQ(pass->reader, "ada");
  EXPECT_EQ(pass->puller, "42S");
  EXPECT_EQ(pass->region, "42");
  // It never lasts longer than the grant, nor than its own time.
  transfer::DataGrant longer = facts;
  longer.expires = jilin_.backend.time + core::hours(5);
  EXPECT_EQ(ApiWorld::read<DataSources>(ask(longer, what)).sources.at(0).expires,
            jilin_.backend.time + core::minutes(15));
  // What opens no dataset gives no pass.
  transfer::DataGrant other = facts;
  other.audience = "52R0000000000000";
  EXPECT_EQ(ApiWorld::read_code(ask(other, what)), "denied");
  other = facts;
  other.reader = "22/bob";
  EXPECT_EQ(ApiWorld::read_code(ask(other, what)), "not_found");
  EXPECT_EQ(ask(facts, {"42S", "no key"}).status / 100, 4);
  EXPECT_EQ(ApiWorld::read_code(ask(facts, {"", key})), "bad_field");
  EXPECT_EQ(ApiWorld::read_code(ask(facts, {std::string(100, 'x'), key})), "bad_field");
}

TEST_F(PeerDataTest, AGrantNeedsACommittedOffer) {
  const auto info = jilin_.put("ada", "hello");
  Request request = ApiWorld::make_request("POST", "/peer/v1/grants");
  request.body = codec::to_json(GrantRequest{1, transfer::format_dataset(info.root)});
  EXPECT_EQ(ApiWorld::read_code(jilin_.call_as(hubei_, request)), "not_found");
  request.body = codec::to_json(GrantRequest{1, "data://x"});
  EXPECT_EQ(ApiWorld::read_code(jilin_.call_as(hubei_, request)), "bad_field");
}

TEST_F(PeerDataTest, LocatesWhatTheUserMayReadAndNothingElse) {
  hubei_.put("22/ada", "far", "far");
  hubei_.put("ada", "a namesake's", "own");
  const auto locate = [&](const std::string& user, std::vector<std::string> keys) {
    Request request = ApiWorld::make_request("POST", "/peer/v1/locate");
    request.body = codec::to_json(LocateRequest{user, std::move(keys)});
    return ApiWorld::read<LocateAnswer>(hubei_.call_as(jilin_, request));
  };
  const auto found = locate("ada", {"data://far", "data://own", "nonsense"});
  ASSERT_EQ(found.found.size(), 1u);
  EXPECT_EQ(found.found[0].key, "data://far");
  EXPECT_EQ(found.found[0].dataset.owner, "ada");
  EXPECT_TRUE(locate("bob", {"data://far"}).found.empty());
}

// What a job's home hub writes into its inputs.
DatasetView make_copy(const std::string& region, std::vector<std::string> allowed = {}) {
  DatasetView view;
  view.id = "data:" + std::string(64, 'a');
  view.size_bytes = core::Bytes{7};
  view.region = region;
  view.policy.regions = std::move(allowed);
  return view;
}

core::Result<hub::DataIn> complete(const std::vector<DatasetView>& copies,
                                   const std::string& from = "data://x") {
  hub::JobDocument document;
  document.data.in.resize(1);
  hub::DataIn& input = document.data.in[0];
  input.from = from;
  input.regions = {"99"};  // What a user wrote counts for nothing.
  input.allowed = {"99"};
  input.classification = transfer::Classification::secret;
  LocatedDatasets located;
  located.emplace(from, copies);
  const auto done = complete_inputs(document, located, "22");
  if (!done) return done.error();
  return input;
}

TEST(JobInputs, SayWhereTheDataLiesAndMayLie) {
  const auto here = complete({make_copy("22")});
  EXPECT_EQ(here->from, "data:" + std::string(64, 'a'));
  EXPECT_EQ(here->size.count, 7);
  EXPECT_TRUE(here->regions.empty());
  EXPECT_TRUE(here->allowed.empty());
  EXPECT_EQ(here->classification, transfer::Classification::open);

  const auto both = complete({make_copy("22", {"22", "42"}), make_copy("42", {"42", "52"})});
  EXPECT_EQ(both->regions, (std::vector<std::string>{"22", "42"}));
  EXPECT_EQ(both->allowed, std::vector<std::string>{"42"});
  EXPECT_EQ(complete({make_copy("42")})->regions, std::vector<std::string>{"42"});
  EXPECT_EQ(complete({make_copy("22", {"22"}), make_copy("42", {"42"})}).error().reason,
            core::Reason::data_policy);

  // The digest of a whole is looked up here alone.
  const std::string whole = "sha256:" + std::string(64, 'b');
  EXPECT_EQ(complete({make_copy("22")}, whole)->from, whole);
  EXPECT_EQ(complete({make_copy("42")}, whole)->from, "data:" + std::string(64, 'a'));
}

}  // namespace
}  // namespace intertie::api
