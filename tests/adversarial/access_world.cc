#include "access_world.h"

#include "intertie/api/dispute_views.h"
#include "intertie/api/peer_views.h"
#include "intertie/crypto/bytes.h"

namespace intertie::adversarial {

using api::ApiWorld;
using api::Request;
using api::Route;

namespace {

// A document whose name and output dataset carry the owner's mark.
std::string make_marked_document(const std::string& owner) {
  std::string document = ApiWorld::make_document(AccessWorld::make_mark(owner));
  document.pop_back();
  return document + R"(,"data":{"out":[{"path":"out.txt"}]}})";
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

AccessWorld::Data AccessWorld::put_data(const std::string& owner, const std::string& content) {
  transfer::DatasetWish wish;
  wish.owner = owner;
  wish.name = make_mark(owner);
  const auto info = hub().backend.held_datasets.put(wish, content).value();
  const auto manifest = hub().backend.held_datasets.get_manifest(owner, info.root).value();
  return {crypto::encode_hex(info.root.bytes), crypto::to_text(*info.whole), content,
          transfer::encode_manifest(*manifest)};
}

void AccessWorld::submit_marked(const std::string& owner) {
  jobs_[owner] = hub().submit(owner, make_marked_document(owner));
}

AccessWorld::AccessWorld() {
  ApiWorld& world = hub();
  world.must(hub::CreatePrincipal{"mill", hub::Role::provider, 0, {}});
  std::uint64_t entry = 10;
  for (const char* const who : {"plant", "root"}) {
    world.must(hub::Deposit{{1, ++entry}, who, core::Money{1'000'000'000}});
  }
  for (const std::string& who : {std::string("ada"), std::string("bob"), std::string("plant"),
                                 std::string("root"), name_tenant()}) {
    data_[who] = put_data(who, make_mark(who) + " content");
  }
  for (const char* const who : {"ada", "bob", "plant", "root"}) submit_marked(who);
  world.run(grid_.site, core::seconds(1));  // Logs and outputs exist.
  world.backend.files["stdout"] = "log";
  world.backend.files["output:out.txt"] = "out";
  // A guest that runs, and a job of this hub beside it.
  const std::uint64_t away = grid_.home.submit("ada");
  offer_ = grid_.home.backend.machine().state().find_job(away)->offer;
  grid_.exchange();
  const std::string input = R"(,"data":{"in":[{"from":")" + data_.at("ada").whole +
                            R"(","to":"x"}],"out":[{"path":"out.txt","to":"data://landed"}]}})";
  std::string document = ApiWorld::make_document();
  document.pop_back();
  site_job_ = world.submit("ada", document + input);
  for (const auto& message : world.read_rows(grid_.site)) {
    const auto* start = std::get_if<execution::StartAttempt>(&message);
    if (start != nullptr && start->job != site_job_) guest_ = start->job;
  }
  world.say(grid_.site, execution::UsageReport{site_job_, 1, "noise"});
  dispute_ = world.get<api::DisputeList>("root", "/v1/disputes").disputes.at(0).id;
  // Somebody else's site, which runs another job of ada's.
  mill_ = world.make_site(4);
  auto join = world.make_join(mill_, "gamma", 1);
  join.token =
      ApiWorld::read<api::SiteTokenView>(world.call("mill", "POST", "/v1/site-tokens", "{}")).token;
  join.record = world.countersign(mill_, join);
  const auto joined = world.send_site(mill_, "POST", "/site/v1/join", codec::to_json(join));
  EXPECT_EQ(joined.status, 201) << joined.body;
  mill_.handle = ApiWorld::read<api::JoinAnswer>(joined).handle;
  mill_.identifier = ApiWorld::read<api::JoinAnswer>(joined).site;
  const std::string zero = crypto::to_text(crypto::Digest{});
  world.send_site(mill_, "POST", "/site/v1/open",
                  codec::to_json(engine::ChannelHello{"inc", 0, zero, 0, zero}));
  world.call("plant", "POST", "/v1/sites/beta:drain");
  world.measure(mill_);
  other_job_ = world.submit("ada", document + input);
  EXPECT_FALSE(world.read_rows(mill_).empty()) << "the mill's site has a job";
  world.call("plant", "POST", "/v1/sites/beta:resume");
  world.call("root", "POST", "/v1/lines", R"({"to":"22","bandwidth_bits_per_second":7})");
  api::TwoRegions::introduce(world, third_, api::make_test_key(63));
  for (const api::AccountView& account :
       world.get<api::AccountList>("root", "/v1/accounts").accounts) {
    if (account.kind == ledger::AccountKind::clearing && clearing_.empty()) {
      clearing_ = account.name;
    }
  }
}

std::string AccessWorld::name_owner(const std::string& caller, Whose whose) const {
  if (whose == Whose::own) return caller.empty() ? "ada" : caller;
  return whose == Whose::other ? "bob" : name_tenant();
}

std::string AccessWorld::find_value(std::string_view parameter, const AccessRow& row,
                                    const std::string& caller, Whose whose) const {
  const std::string owner = name_owner(caller, whose);
  if (parameter == "job") {
    return std::to_string(whose == Whose::tenant ? guest_ : jobs_.at(owner));
  }
  if (parameter == "account") return whose == Whose::tenant ? clearing_ : owner;
  if (parameter == "digest") return data_.at(owner).whole.substr(7);
  if (parameter == "dataset") return data_.at(owner).root;
  if (parameter == "chunk") return "0";
  if (parameter == "name") return "out.txt";
  if (parameter == "peer") return grid_.home.hub_id;
  if (parameter == "part") return "cpu";
  if (parameter == "to") return "22";
  if (parameter == "user") return "ada";
  if (parameter == "site") {
    if (row.subject != Subject::site || whose == Whose::own) return "beta";
    if (whose == Whose::tenant) return "site-of-region-22";
    return caller == "plant" ? "gamma" : "beta";
  }
  if (row.subject == Subject::dispute) {
    return std::to_string(whose == Whose::tenant ? 999'999 : dispute_);
  }
  return grid_.site.identifier;  // {id}
}

void AccessWorld::add_query(Request& request, const Route& route, const AccessRow& row,
                            const std::string& owner) const {
  if (row.subject == Subject::owner_query) request.query["owner"] = owner;
  if (route.name == "find_dataset" || route.name == "find_peer_dataset") {
    request.query["name"] = make_mark(owner);
  }
  if (route.name == "prove_inclusion") request.query = {{"leaf", "0"}, {"size", "1"}};
  if (route.name == "prove_consistency") request.query = {{"from", "1"}, {"to", "1"}};
}

std::string AccessWorld::find_body(const Route& route, const AccessRow& row,
                                   const std::string& caller, Whose whose) {
  const std::string owner = name_owner(caller, whose);
  const std::string document = make_marked_document(caller.empty() ? "ada" : caller);
  const std::string hello = R"({"incarnation":"x"})";
  const std::map<std::string_view, std::string> bodies = {
      {"submit_job", document},
      {"submit_bulk", R"({"jobs":[)" + document + "]}"},
      {"plan_job", document},
      {"create_principal", R"({"name":"eve"})"},
      {"create_token", R"({"principal":")" + owner + "\"}"},
      {"create_site_token", R"({"operator":")" + owner + "\"}"},
      {"deposit", R"({"amount_micros":5})"},
      {"set_credit_limit", R"({"credit_limit_micros":5})"},
      {"resolve_dispute", R"({"verdict":"reject"})"},
      {"offer_pools", R"({"pools":[]})"},
      {"reconcile_site", hello},
      {"reconcile_peer", hello},
      {"revoke_site", R"({"reason":"order"})"},
      {"change_peer", R"({"name":"next"})"},
      {"add_peer", R"({"card":"x"})"},
      {"settle_peer", R"({"amount_micros":5})"},
      {"adjust_peer", R"({"reason":"a backup"})"},
      {"decide_adjustment", R"({"verdict":"refuse"})"},
      {"add_line", R"({"to":"22","bandwidth_bits_per_second":1000000})"},
      {"put_content", data_.at(owner).content},
      {"put_chunk", data_.at(owner).content},
      {"begin_dataset", data_.at(owner).manifest}};
  const auto found = bodies.find(route.name);
  (void)row;
  return found == bodies.end() ? std::string() : found->second;
}

Request AccessWorld::make_user_request(const Route& route, const AccessRow& row,
                                       const std::string& caller, Whose whose) {
  std::string path(route.pattern);
  for (const std::string_view parameter : api::list_parameters(route.pattern)) {
    path = replace_all(path, "{" + std::string(parameter) + "}",
                       find_value(parameter, row, caller, whose));
  }
  Request request = ApiWorld::make_request(std::string(route.method), path);
  add_query(request, route, row, name_owner(caller, whose));
  request.body = find_body(route, row, caller, whose);
  if (route.name == "deposit") request.idempotency_key = "key-of-the-matrix";
  if (!caller.empty()) request.authorization = "Bearer " + hub().token(caller);
  return request;
}

std::string AccessWorld::find_site_body(const Route& route, bool is_own) {
  const std::uint64_t job = is_own ? site_job_ : other_job_;
  const std::string offer = std::to_string(offer_);
  const std::map<std::string_view, std::string> bodies = {
      {"give_secrets", R"({"job":)" + std::to_string(job) + R"(,"attempt":1})"},
      {"read_guest_file", R"({"offer":)" + offer + R"(,"file":"stdout","length":9})"},
      {"give_peer_secrets", R"({"offer":)" + offer + R"(,"attempt":1,"job":2,"record":"x"})"},
      {"give_grant",
       R"({"offer":)" + offer + R"(,"dataset":"data:)" + data_.at("ada").root + "\"}"},
      {"locate_datasets", R"({"user":"ada","datasets":[]})"},
      {"put_peer_chunk", data_.at(name_tenant()).content},
      {"begin_peer_dataset", data_.at(name_tenant()).manifest},
      {"give_passes", R"({"site":"x","key":"y"})"},
      {"bring_output", data_.at("ada").manifest},
      {"bring_peer_output", data_.at("ada").manifest},
      {"propose_site", codec::to_json(hub().make_join(hub().make_site(77), "delta", 1))}};
  const auto found = bodies.find(route.name);
  return found == bodies.end() ? "{}" : found->second;
}

Request AccessWorld::make_site_request(const Route& route, const AccessRow& row, Party party,
                                       Whose whose) {
  const bool is_own = whose == Whose::own;
  // Of users: the calling region's, or this hub's own of the same name.
  const std::string owner = row.subject == Subject::attempt || !is_own ? "ada" : name_tenant();
  std::string path(route.pattern);
  for (const std::string_view parameter : api::list_parameters(route.pattern)) {
    std::string value = parameter == "dataset" ? data_.at(owner).root
                        : parameter == "id" && route.name == "take_answer"
                            ? "1"
                            : find_value(parameter, row, "", whose);
    path = replace_all(path, "{" + std::string(parameter) + "}", value);
  }
  Request request = ApiWorld::make_request(std::string(route.method), path);
  add_query(request, route, row, owner);
  if (row.subject == Subject::attempt && route.name != "give_secrets") {
    request.query["job"] = std::to_string(is_own ? site_job_ : other_job_);
  }
  if (route.name.starts_with("bring_")) {
    request.query["attempt"] = "1";
    request.query["output"] = "0";
    if (row.subject == Subject::offer) request.query["offer"] = std::to_string(offer_);
  }
  request.body = find_site_body(route, is_own);
  switch (party) {
    case Party::nobody:
      break;
    case Party::stranger:
      request.peer_certificate_der = hub().make_site(77).certificate_der;
      break;
    case Party::site:
      request.peer_certificate_der = grid_.site.certificate_der;
      break;
    case Party::peer:
      // The other hub asks about the first one's offer.
      request.peer_certificate_der = row.subject == Subject::offer && !is_own
                                         ? ApiWorld::make_certificate(api::make_test_key(63))
                                         : ApiWorld::make_certificate(grid_.home_tls);
      break;
  }
  return request;
}

api::Response AccessWorld::send_site(Request request) {
  auto answer = std::make_shared<api::FakeAnswer>();
  hub().router.handle_site(std::move(request), answer);
  hub().backend.settle();
  EXPECT_TRUE(answer->response.has_value() || answer->has_stream) << "no answer";
  return answer->response.value_or(api::Response{});
}

}  // namespace intertie::adversarial
