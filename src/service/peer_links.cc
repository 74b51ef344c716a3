#include "peer_links.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <utility>

#include "intertie/api/site_views.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/signature.h"
#include "intertie/net/http.h"

#include "backoff.h"
#include "channel_requests.h"
#include "site_clock.h"
#include "site_hub_client.h"

namespace intertie::service {
namespace {

constexpr int kDivergedMax = 3;
constexpr core::Duration kIdle = core::seconds(10);
constexpr core::Duration kTimeout = core::seconds(10);

std::string encode(std::string_view bytes) {
  return crypto::encode_base64url(crypto::as_bytes(bytes));
}

}  // namespace

/// Our rows that the peer has not acknowledged, and what we have of its own.
struct PeerLink::Rows {
  struct Row {
    std::string payload;
    std::uint64_t attachment = 0;
  };
  std::uint64_t first = 0;
  std::vector<Row> rows;
  engine::ChannelHello hello;
};

PeerLink::PeerLink(const PeerContext& context, std::uint32_t peer, const hub::PeerAdded& terms)
    : context_(context), peer_(peer), id_(terms.id), region_(terms.region) {
  take_address(terms.address);
  if (const auto key = crypto::parse_public_key(terms.tls_key)) {
    fingerprint_ =
        crypto::encode_hex(crypto::compute_sha256(crypto::export_public_der(*key)).bytes);
  }
  threads_.emplace_back([this] { run_sender(); });
  threads_.emplace_back([this] { run_beacons(); });
}

PeerLink::~PeerLink() { stop(); }

void PeerLink::wake() {
  const std::lock_guard lock(mutex_);
  has_rows_ = true;
  changed_.notify_all();
}

void PeerLink::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    for (const Connection* connection : {&rows_connection_, &beacon_connection_}) {
      if (connection->client) connection->client->interrupt();
    }
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void PeerLink::take_address(const std::string& address) {
  const auto url = net::parse_url("https://" + address);
  const std::lock_guard lock(mutex_);
  host_ = url ? url->host : "";
  port_ = url ? url->port : std::uint16_t{0};
  ++address_version_;
  for (const Connection* connection : {&rows_connection_, &beacon_connection_}) {
    if (connection->client) connection->client->interrupt();
  }
  has_rows_ = true;
  changed_.notify_all();
}

net::HttpClientOptions PeerLink::make_options() const {
  net::TlsClientOptions tls;
  tls.peer_fingerprint = fingerprint_;
  tls.certificate_pem = context_.keys.tls_certificate_pem;
  tls.key_pem = context_.keys.tls.export_private_pem().reveal_text();
  net::HttpClientOptions options;
  options.host = host_;
  options.port = port_;
  options.tls = std::move(tls);
  options.timeout = kTimeout;
  return options;
}

PeerLink::Destination PeerLink::get_destination() const {
  const std::lock_guard lock(mutex_);
  return {host_ + ":" + std::to_string(port_) + " " + fingerprint_, make_options()};
}

net::HttpClient& PeerLink::use_client(Connection& connection) {
  const std::lock_guard lock(mutex_);
  if (connection.version != address_version_) {
    connection.client = std::make_unique<net::HttpClient>(make_options());
    connection.version = address_version_;
    if (is_stopping_) connection.client->interrupt();
  }
  return *connection.client;
}

core::Result<hub::Reply> PeerLink::ask_engine(hub::Command command) {
  std::promise<core::Result<hub::Reply>> promise;
  context_.engine.submit(std::move(command), [&promise](core::Result<hub::Reply> reply) {
    promise.set_value(std::move(reply));
  });
  return promise.get_future().get();
}

core::Result<PeerLink::Rows> PeerLink::find_rows() {
  std::promise<core::Result<Rows>> promise;
  context_.engine.read([&](const core::Result<const hub::HubMachine*>& machine) {
    core::Result<Rows> found = core::Error{};
    if (!machine) {
      found = machine.error();
    } else {
      const hub::PeerState& peer = (*machine)->state().peers[peer_];
      Rows rows;
      rows.hello = {context_.incarnation, peer.outbox.last_number(),
                    crypto::to_text(peer.outbox.last_hash()), peer.inbox.received,
                    crypto::to_text(peer.inbox.hash)};
      std::size_t bytes = 0;
      for (const engine::ChannelRow* row : peer.outbox.find_rows(
               peer.outbox.acknowledged(), context_.engine.durable_index(), kRowsPerRequest)) {
        bytes += row->payload.size();
        if (!rows.rows.empty() && bytes > kRowBytesPerRequest) break;
        if (rows.rows.empty()) rows.first = row->number;
        rows.rows.push_back({row->payload, row->attachment});
      }
      found = std::move(rows);
    }
    return api::Backend::DurableAction(
        [&promise, found = std::move(found)]() mutable { promise.set_value(std::move(found)); });
  });
  return promise.get_future().get();
}

core::Result<void> PeerLink::open_channel(net::HttpClient& client) {
  const auto rows = find_rows();
  if (!rows) return rows.error();
  const auto body = post_json(client, "/peer/v1/open", codec::to_json(rows->hello));
  if (!body) return body.error();
  const auto answer = codec::from_json<engine::ChannelHello>(*body, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  const auto reply = ask_engine(hub::AcknowledgePeerRows{peer_, answer->received});
  if (!reply) return reply.error();
  return {};
}

// True if there were rows.
core::Result<bool> PeerLink::send_rows(net::HttpClient& client) {
  const auto found = find_rows();
  if (!found) return found.error();
  if (found->rows.empty()) return false;
  api::PeerRowsRequest request;
  request.incarnation = context_.incarnation;
  request.first = found->first;
  std::size_t bytes = 0;
  for (const Rows::Row& row : found->rows) {
    std::string attachment;
    if (row.attachment != 0) {
      auto body = context_.read_body(row.attachment);
      if (!body) return body.error();
      attachment = std::move(*body);
    }
    bytes += attachment.size();
    if (!request.payloads.empty() && bytes > kRowBytesPerRequest) break;
    request.payloads.push_back(encode(row.payload));
    request.attachments.push_back(encode(attachment));
  }
  context_.fail_points.pass(ServicePoint::peer_rows_before_send);
  const auto body = post_json(client, "/peer/v1/rows", codec::to_json(request));
  if (!body) return body.error();
  context_.fail_points.pass(ServicePoint::peer_rows_after_send);
  const auto answer = codec::from_json<api::RowsAnswer>(*body, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  const auto reply = ask_engine(hub::AcknowledgePeerRows{peer_, answer->received});
  if (!reply) return reply.error();
  return true;
}

void PeerLink::run_sender() {
  Backoff backoff;
  bool is_open = false;
  int diverged = 0;
  while (true) {
    net::HttpClient& client = use_client(rows_connection_);
    if (take_reopening()) is_open = false;
    core::Result<bool> sent = false;
    if (!is_open) {
      if (auto opened = open_channel(client); !opened) {
        sent = opened.error();
      } else {
        is_open = true;
        diverged = 0;
        backoff.reset();
      }
    }
    if (sent) sent = send_rows(client);
    if (!sent) {
      is_open = false;
      tell(sent.error());
      // A hello that newer rows have overtaken says so, too: only a repeated answer is believed.
      if (sent.error().reason == core::Reason::channel_diverged) ++diverged;
      if (!wait(diverged > kDivergedMax ? kDivergedPause : backoff.take(), false)) return;
    } else if (!*sent && !wait(kIdle, true)) {
      return;
    }
  }
}

// True if one was sent; a peer that missed one gets a full one next.
core::Result<bool> PeerLink::send_beacon(net::HttpClient& client, bool is_full, bool is_due) {
  if (auto news = context_.lines.take_news(region_)) {
    if (const auto noted = ask_engine(std::move(*news)); !noted) return noted.error();
  }
  const auto reply = ask_engine(hub::MakeBeacon{peer_, is_full, is_due});
  if (!reply) return reply.error();
  const auto& beacon = std::get<hub::Beacon>(*reply);
  if (beacon.number == 0) return false;
  const core::Time sent_at = read_boot_time();
  const auto body = post_json(client, "/peer/v1/beacon", codec::to_json(beacon));
  if (!body) return body.error();
  context_.lines.note_round_trip(region_, read_boot_time() - sent_at);
  const auto answer = codec::from_json<hub::BeaconAnswer>(*body, codec::Boundary::tolerant);
  if (!answer) return answer.error();
  if (answer->rows) {
    const hub::NotePeerAnswer note{peer_, *answer->rows, core::Duration{sent_at.micros}};
    if (const auto noted = ask_engine(note); !noted) return noted.error();
  }
  if (answer->is_full_wanted) {
    return core::Error{core::Reason::not_found, "the peer has missed a beacon"};
  }
  return true;
}

void PeerLink::run_beacons() {
  Backoff backoff;
  bool is_full = true;
  auto due = std::chrono::steady_clock::now();
  while (true) {
    net::HttpClient& client = use_client(beacon_connection_);
    const auto now = std::chrono::steady_clock::now();
    const auto sent = send_beacon(client, is_full, now >= due);
    is_full = !sent.has_value();
    if (!sent) greet();
    if (sent && *sent) {
      due = now + std::chrono::microseconds(core::limits::beacon_lifetime.count / 3);
      backoff.reset();
    }
    const core::Duration pause = sent ? core::limits::beacon_interval : backoff.take();
    if (!wait(pause, false)) return;
  }
}

// A hub that comes back may remember less than it did: both should notice before rows are due.
void PeerLink::greet() {
  const std::lock_guard lock(mutex_);
  is_reopening_ = true;
  has_rows_ = true;
  changed_.notify_all();
}

bool PeerLink::take_reopening() {
  const std::lock_guard lock(mutex_);
  return std::exchange(is_reopening_, false);
}

// False: all is stopping.
bool PeerLink::wait(core::Duration duration, bool until_rows) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::microseconds(duration.count),
                    [&] { return is_stopping_ || (until_rows && has_rows_); });
  if (until_rows) has_rows_ = false;
  return !is_stopping_;
}

// Once a change: a peer that is away for a day is not a line a second.
void PeerLink::tell(const core::Error& error) {
  const std::string text = core::to_text(error);
  if (error.reason == core::Reason::stopping || std::exchange(last_told_, text) == text) return;
  context_.log.write(LogLevel::warning, "peer", "link_broken", {{"peer", id_}, {"detail", text}});
}

void PeerLinks::look(const hub::HubMachine& machine, storage::LogIndex durable) {
  const auto& peers = machine.state().peers;
  seen_.resize(peers.size());
  const std::lock_guard lock(mutex_);
  if (is_stopping_) return;
  for (std::uint32_t peer = 0; peer < peers.size(); ++peer) {
    // One that is decided and not durable yet is news when it is.
    const std::uint64_t last = peers[peer].outbox.find_last_durable(durable);
    const std::string& address = peers[peer].terms.address;
    Seen& seen = seen_[peer];
    if (peer == links_.size()) {
      links_.push_back(std::make_shared<PeerLink>(context_, peer, peers[peer].terms));
    } else if (address != seen.address) {
      links_[peer]->take_address(address);
    } else if (last != seen.last) {
      links_[peer]->wake();
    }
    seen.last = last;
    if (address != seen.address) seen.address = address;
  }
}

std::shared_ptr<PeerLink> PeerLinks::find(std::uint32_t peer) {
  const std::lock_guard lock(mutex_);
  return peer < links_.size() && !is_stopping_ ? links_[peer] : nullptr;
}

void PeerLinks::stop() {
  std::vector<std::shared_ptr<PeerLink>> links;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    links = links_;
  }
  for (const auto& link : links) link->stop();
}

}  // namespace intertie::service
