// For tests: two hubs that answer for their regions' identifiers, with a line that can lie.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "intertie/api/identity_views.h"
#include "intertie/api/line_views.h"
#include "intertie/hub/identity_statement.h"
#include "intertie/identity/allocator.h"

#include "fake_backend.h"

namespace intertie::api {

inline std::string make_hub_id(const char* region) {
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

  // Of region 42; returns what its operator is shown.
  LineView add_line(const std::string& to) {
    const Response made = other.call("root", "POST", "/v1/lines",
                                     R"({"to":")" + to + R"(","bandwidth_bits_per_second":7})");
    EXPECT_EQ(made.status, 201) << made.body;
    return ApiWorld::read<LineView>(made);
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

inline crypto::PublicKey read_key(ApiWorld& world) {
  return *crypto::parse_public_key(world.backend.machine().state().facts.sign_key);
}

}  // namespace intertie::api
