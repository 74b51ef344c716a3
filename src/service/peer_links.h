// The links to other regions' hubs: rows of our outboxes out, beacons out, files asked for
// (docs/formats/hub-channel.md).
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "intertie/api/backend.h"
#include "intertie/api/peer_views.h"
#include "intertie/core/result.h"
#include "intertie/hub/machine.h"
#include "intertie/net/http_client.h"

#include "engine_thread.h"
#include "fail_points.h"
#include "key_store.h"
#include "line_traffic.h"
#include "log.h"

namespace intertie::service {

/// What a link needs of the hub around it. All outlive the links.
struct PeerContext {
  EngineThread<hub::HubMachine>& engine;
  const HubKeys& keys;
  std::string incarnation;  // Of our log.
  std::function<core::Result<std::string>(storage::LogIndex index)> read_body;
  FailPoints& fail_points;
  Log& log;
  LineTraffic& lines;
};

/// One peer: a thread that sends rows, and one that sends beacons, a connection each. A break is
/// retried with growing pauses; what was sent and not acknowledged is sent again.
class PeerLink {
 public:
  PeerLink(const PeerContext& context, std::uint32_t peer, const hub::PeerAdded& terms);
  /// stop().
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  /// There may be rows to send. Any thread, cheap.
  void wake();
  /// Says hello again before the next rows: what the two remember may differ. As often as asked,
  /// but after a refusal no sooner than the pause between tries. Any thread, cheap.
  void greet();
  /// Interrupts what waits and joins the threads. Before the engine stops.
  void stop();

  /// The peer listens there now; calls under way end. Any thread, cheap.
  void take_address(const std::string& address);

  const std::string& region() const { return region_; }

  /// For connections of the caller's own, and where they go: another text after a change. Any
  /// thread.
  struct Destination {
    std::string text;
    net::HttpClientOptions options;
  };
  Destination get_destination() const;

 private:
  struct Rows;
  /// A thread's own connection, made anew when the peer has moved.
  struct Connection {
    std::unique_ptr<net::HttpClient> client;
    std::uint64_t version = 0;
  };

  net::HttpClientOptions make_options() const;  // With the lock held.
  net::HttpClient& use_client(Connection& connection);
  void run_sender();
  void run_beacons();
  core::Result<void> open_channel(net::HttpClient& client);
  core::Result<bool> send_rows(net::HttpClient& client);
  core::Result<bool> send_beacon(net::HttpClient& client, bool is_full, bool is_due);
  core::Result<Rows> find_rows();
  core::Result<hub::Reply> ask_engine(hub::Command command);
  bool take_reopening();
  bool wait(core::Duration duration, bool until_rows);
  void tell(const core::Error& error);

  const PeerContext& context_;
  const std::uint32_t peer_;
  const std::string id_;
  const std::string region_;
  std::string fingerprint_;

  mutable std::mutex mutex_;  // Guards all below but the threads.
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool has_rows_ = true;
  bool is_reopening_ = false;  // The peer was away, or is another life of it: say hello again.
  std::string last_told_;
  std::string host_;
  std::uint16_t port_ = 0;
  std::uint64_t address_version_ = 1;
  Connection rows_connection_;
  Connection beacon_connection_;
  std::vector<std::thread> threads_;
};

/// All peers of a hub.
class PeerLinks {
 public:
  explicit PeerLinks(PeerContext context) : context_(std::move(context)) {}

  /// Starts links to new peers, wakes those with rows and tells those whose peer has moved. On the
  /// engine's thread; O(peers).
  void look(const hub::HubMachine& machine, storage::LogIndex durable);

  /// The link, or nothing: no such peer, or stopping. Any thread.
  std::shared_ptr<PeerLink> find(std::uint32_t peer);

  void stop();

 private:
  const PeerContext context_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<PeerLink>> links_;
  struct Seen {
    std::uint64_t last = 0;  // Row.
    std::string address;
  };
  std::vector<Seen> seen_;  // The engine's thread's own.
  bool is_stopping_ = false;
};

}  // namespace intertie::service
