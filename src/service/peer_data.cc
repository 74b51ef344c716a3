#include "peer_data.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/net/http.h"

#include "site_hub_client.h"
#include "worker_pool.h"

namespace intertie::service {
namespace {

constexpr int kThreadsPerPeer = 6;
constexpr std::size_t kQueuedPerPeerMax = 1'000;

// Headers of an answer about content that the asker's asker needs.
constexpr const char* kPassedHeaders[] = {"Content-Range", "Accept-Ranges", "Intertie-Content-Size",
                                          "Intertie-Keep-Until"};

std::string make_target(const api::PeerFetch& ask) {
  std::string target;
  std::size_t at = 0;
  while (at < ask.path.size()) {
    const std::size_t end = std::min(ask.path.find('/', at), ask.path.size());
    target += net::percent_encode(ask.path.substr(at, end - at));
    if (end < ask.path.size()) target += '/';
    at = end + 1;
  }
  std::vector<net::QueryParameter> query;
  for (const auto& [name, value] : ask.query) query.push_back({name, value});
  return query.empty() ? target : target + "?" + net::format_query(query);
}

net::Request make_request(const api::PeerFetch& ask) {
  net::Request request;
  request.method = ask.method;
  request.target = make_target(ask);
  if (!ask.grant.empty()) request.headers.set("Intertie-Grant", ask.grant);
  if (!ask.range.empty()) request.headers.set("Range", ask.range);
  // What goes this way may go twice: a kept connection that was closed meanwhile costs no error.
  if (ask.method == "POST") request.headers.set("Idempotency-Key", "any");
  request.body = ask.body;
  return request;
}

api::Response convert(net::Response response) {
  api::Response converted;
  converted.status = response.status;
  converted.content_type = std::string(response.headers.find("Content-Type").value_or(""));
  for (const char* name : kPassedHeaders) {
    if (const auto value = response.headers.find(name)) {
      converted.headers.emplace_back(name, std::string(*value));
    }
  }
  converted.body = std::move(response.body);
  return converted;
}

}  // namespace

struct PeerData::Peer {
  Peer(std::string of, net::HttpClientOptions client)
      : region(std::move(of)), options(std::move(client)) {}

  const std::string region;
  const net::HttpClientOptions options;
  std::vector<Connection> idle;
  std::set<Connection> busy;
  WorkerPool threads{kThreadsPerPeer, kQueuedPerPeerMax};
  // Inputs of jobs: what has a share of the line does not stand in a row behind what waits for it.
  WorkerPool granted{kThreadsPerPeer, kQueuedPerPeerMax};
};

PeerData::PeerData(LineTraffic& lines) : lines_(lines) {}
PeerData::~PeerData() { stop(); }

PeerData::Peer* PeerData::use_peer(const PeerLink& link) {
  PeerLink::Destination destination = link.get_destination();
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return nullptr;
  auto& peer = peers_[destination.text];
  if (!peer) peer = std::make_unique<Peer>(link.region(), std::move(destination.options));
  return peer.get();
}

void PeerData::fetch(const PeerLink& link, const api::PeerFetch& ask,
                     std::function<void(core::Result<api::Response>)> done) {
  const bool is_content = ask.method == "GET" && ask.path.ends_with("/content");
  post(link, {make_request(ask), ask.timeout, is_content},
       [done = std::move(done)](core::Result<net::Response> response) {
         if (!response) return done(response.error());
         done(convert(std::move(*response)));
       });
}

void PeerData::ask(const PeerLink& link, api::PeerQuestion question,
                   std::function<void(core::Result<std::string>)> done) {
  net::Request request;
  request.method = std::move(question.method);
  request.target = std::move(question.target);
  request.body = std::move(question.body);
  post(link, {std::move(request), question.timeout},
       [done = std::move(done)](core::Result<net::Response> response) {
         if (!response) return done(response.error());
         done(std::move(response->body));
       });
}

void PeerData::post(const PeerLink& link, Call call,
                    std::function<void(core::Result<net::Response>)> done) {
  Peer* const peer = use_peer(link);
  if (peer == nullptr) return done(core::Error{core::Reason::stopping, "the hub"});
  const auto shared = std::make_shared<Call>(std::move(call));
  const bool is_granted = shared->request.headers.find("Intertie-Grant").has_value();
  WorkerPool& threads = is_granted ? peer->granted : peer->threads;
  const bool is_taken =
      threads.try_post([this, peer, shared, done] { done(send(*peer, *shared)); });
  if (!is_taken) done(core::Error{core::Reason::overloaded, "too many questions to that hub"});
}

core::Result<net::Response> PeerData::send(Peer& peer, const Call& call) {
  const Connection connection = take(peer);
  if (!connection) return core::Error{core::Reason::stopping, "the hub"};
  std::optional<LineTraffic::Fetch> fetch;
  if (call.is_content) fetch.emplace(lines_, peer.region);
  auto response = connection->request(call.request, call.timeout);
  if (fetch && response) fetch->finish(static_cast<std::int64_t>(response->body.size()));
  give_back(peer, connection, response.has_value());
  if (response && response->status / 100 != 2) return read_problem(*response);
  return response;
}

PeerData::Connection PeerData::take(Peer& peer) {
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return nullptr;
  Connection connection;
  if (peer.idle.empty()) {
    connection = std::make_shared<net::HttpClient>(peer.options);
  } else {
    connection = std::move(peer.idle.back());
    peer.idle.pop_back();
  }
  peer.busy.insert(connection);
  return connection;
}

// One that broke may be half way through an answer: it is not used again.
void PeerData::give_back(Peer& peer, Connection connection, bool is_sound) {
  const std::lock_guard lock(mutex_);
  peer.busy.erase(connection);
  if (is_sound) peer.idle.push_back(std::move(connection));
}

void PeerData::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const auto& [where, peer] : peers_) {
      for (const Connection& connection : peer->busy) connection->interrupt();
      peer->idle.clear();
    }
  }
  for (const auto& [where, peer] : peers_) {
    peer->threads.stop();
    peer->granted.stop();
  }
}

}  // namespace intertie::service
