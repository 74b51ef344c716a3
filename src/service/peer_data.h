// Requests to other regions' hubs over connections that are kept: datasets, grants, what users ask
// through their home hub.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "intertie/api/backend.h"
#include "intertie/core/result.h"
#include "intertie/net/http_client.h"

#include "line_traffic.h"
#include "peer_links.h"

namespace intertie::service {

/// Blocking calls on threads of each peer's own, so that a slow region stops neither the engine,
/// nor the net threads, nor another region. Any thread.
class PeerData {
 public:
  /// `lines` outlives it and measures what comes.
  explicit PeerData(LineTraffic& lines);
  /// stop().
  ~PeerData();
  PeerData(const PeerData&) = delete;
  PeerData& operator=(const PeerData&) = delete;

  /// As api::Backend::fetch_from_peer.
  void fetch(const PeerLink& link, const api::PeerFetch& ask,
             std::function<void(core::Result<api::Response>)> done);
  /// As api::Backend::ask_peer.
  void ask(const PeerLink& link, api::PeerQuestion question,
           std::function<void(core::Result<std::string>)> done);

  /// Ends what is under way with `stopping`, and the threads. Idempotent.
  void stop();

 private:
  using Connection = std::shared_ptr<net::HttpClient>;
  struct Peer;
  Peer* use_peer(const PeerLink& link);
  struct Call {
    net::Request request;
    core::Duration timeout;
    bool is_content = false;  // Of a dataset: measures the line.
  };
  void post(const PeerLink& link, Call call, std::function<void(core::Result<net::Response>)> done);
  core::Result<net::Response> send(Peer& peer, const Call& call);
  Connection take(Peer& peer);
  void give_back(Peer& peer, Connection connection, bool is_sound);

  LineTraffic& lines_;
  std::mutex mutex_;  // Guards all below, but not the peers' threads.
  bool is_stopping_ = false;
  std::map<std::string, std::unique_ptr<Peer>> peers_;  // By address and key. None is removed.
};

}  // namespace intertie::service
