// For tests: a hub of a few hundred lines that speaks the site channel and remembers what it heard.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/api/site_views.h"
#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/certificate.h"
#include "intertie/crypto/token.h"
#include "intertie/engine/channel.h"
#include "intertie/execution/site_messages.h"
#include "intertie/execution/usage_record.h"
#include "intertie/hub/job_document.h"
#include "intertie/identity/envelope.h"
#include "intertie/identity/signed_record.h"
#include "intertie/net/http_server.h"
#include "intertie/transfer/manifest.h"

#include "clock.h"

namespace intertie::service {

class FakeHub {
 public:
  static inline const std::string kSite = identity::to_text(*identity::create_identifier(
      {*identity::parse_registry_code("90"), identity::EntityType::site, 1, 10}));

  FakeHub() : key_(crypto::KeyPair::generate()) {
    const core::Time now{read_clock().micros / 1'000'000 * 1'000'000};
    const std::string pem = crypto::create_process_certificate(
                                key_, "hub", {now - core::hours(1), now + core::hours(1)})
                                .value();
    fingerprint_ = crypto::encode_hex(crypto::read_certificate_pem(pem)->fingerprint.bytes);
    net::HttpServerOptions options;
    options.tls.emplace();
    options.tls->certificate_pem = pem;
    options.tls->key_pem = key_.export_private_pem().reveal_text();
    options.tls->client_certificate = net::ClientCertificate::require;
    auto server = net::HttpServer::start(std::move(options),
                                         [this](net::Request request, net::Responder responder) {
                                           handle(std::move(request), std::move(responder));
                                         });
    server_.emplace(std::move(server).value());
  }
  ~FakeHub() {
    break_streams();
    server_->stop(core::milliseconds(100));
  }

  std::string make_token(std::optional<std::string> fingerprint = std::nullopt) const {
    api::JoinClaims claims;
    claims.kind = "join";
    claims.operator_ = "plant";
    claims.nonce = "1";
    claims.hub = "90R0000000000000";
    claims.address = "127.0.0.1:" + std::to_string(server_->port());
    claims.fingerprint = fingerprint.value_or(fingerprint_);
    return crypto::sign_token(key_, codec::to_json(claims));
  }

  std::string add_content(const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    const std::string digest = crypto::to_text(crypto::compute_sha256(bytes));
    contents_[digest] = bytes;
    return digest;
  }

  void order(std::uint64_t job, std::uint32_t attempt, const hub::JobDocument& document,
             std::uint32_t ranks = 1) {
    execution::StartAttempt order;
    order.job = job;
    order.attempt = attempt;
    for (std::uint32_t rank = 0; rank < ranks; ++rank) {
      order.slots.push_back({rank, 0, core::MilliCpus{500}, core::Bytes{256LL << 20}, {}});
    }
    order.time_limit = core::seconds(120);
    order.owner = "ada";
    send(order, codec::to_json(document));
  }

  /// What POST /site/v1/secrets answers for the job: boxes, or a problem.
  void answer_secrets(std::uint64_t job, std::string body, int status = 200) {
    const std::lock_guard lock(mutex_);
    secrets_[job] = {std::move(body), status};
  }
  crypto::SealPublicKey site_seal_key() const {
    const std::lock_guard lock(mutex_);
    return crypto::parse_seal_public_key(site_seal_key_).value();
  }

  void send(const execution::HubMessage& message, std::string attachment = {}) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t number = outbox_.push(codec::to_cbor(message), 0, 0);
    attachments_[number] = std::move(attachment);
    for (net::EventStream& stream : streams_) stream.send(make_event(outbox_.rows().back()));
  }

  void break_streams() {
    const std::lock_guard lock(mutex_);
    for (net::EventStream& stream : streams_) stream.close();
    streams_.clear();
  }

  void answer_beats(bool is_answering) {
    const std::lock_guard lock(mutex_);
    is_answering_ = is_answering;
  }

  bool wait_until(const std::function<bool()>& condition,
                  std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
      lock.unlock();
      const bool holds = condition();
      lock.lock();
      if (holds) return true;
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
        lock.unlock();
        return condition();
      }
    }
  }

  template <class Message>
  std::optional<Message> find(std::uint64_t job, std::uint32_t attempt) const {
    const std::lock_guard lock(mutex_);
    for (const execution::SiteMessage& each : messages_) {
      const auto* message = std::get_if<Message>(&each);
      if (message != nullptr && message->job == job && message->attempt == attempt) {
        return *message;
      }
    }
    return std::nullopt;
  }
  template <class Message>
  bool has(std::uint64_t job, std::uint32_t attempt) const {
    return find<Message>(job, attempt).has_value();
  }
  template <class Message>
  std::optional<Message> wait_for(std::uint64_t job, std::uint32_t attempt,
                                  std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    wait_until([&] { return has<Message>(job, attempt); }, patience);
    return find<Message>(job, attempt);
  }

  /// The records of an attempt that verify with the key the site joined with.
  std::vector<execution::UsageRecord> find_usage(std::uint64_t job, std::uint32_t attempt) const {
    std::vector<execution::UsageRecord> records;
    const std::lock_guard lock(mutex_);
    for (const execution::SiteMessage& each : messages_) {
      const auto* report = std::get_if<execution::UsageReport>(&each);
      if (report == nullptr || report->job != job || report->attempt != attempt) continue;
      const auto opened =
          identity::open_envelope(report->envelope, execution::kUsagePayloadType,
                                  [this](const crypto::Digest& id) { return find_key(id); });
      EXPECT_TRUE(opened.has_value());
      if (!opened) continue;
      records.push_back(
          codec::from_json<execution::UsageRecord>(opened->payload, codec::Boundary::strict)
              .value());
    }
    return records;
  }

  std::vector<execution::StatementReport> statements() const {
    std::vector<execution::StatementReport> found;
    const std::lock_guard lock(mutex_);
    for (const execution::SiteMessage& each : messages_) {
      if (const auto* report = std::get_if<execution::StatementReport>(&each)) {
        found.push_back(*report);
      }
    }
    return found;
  }

  std::optional<crypto::PublicKey> find_key(const crypto::Digest& id) const {
    const auto key = crypto::parse_public_key(site_key_);
    if (!key || crypto::compute_key_digest(*key) != id) return std::nullopt;
    return *key;
  }

  /// What a correct site never does.
  std::string find_faults() const {
    const std::lock_guard lock(mutex_);
    std::string faults = faults_;
    std::set<std::pair<std::uint64_t, std::uint32_t>> ends;
    for (const execution::SiteMessage& each : messages_) {
      const auto note = [&](std::uint64_t job, std::uint32_t attempt) {
        if (!ends.emplace(job, attempt).second) faults += std::to_string(job) + " ended twice; ";
      };
      if (const auto* end = std::get_if<execution::AttemptEnded>(&each)) {
        note(end->job, end->attempt);
      } else if (const auto* refusal = std::get_if<execution::AttemptNotStarted>(&each)) {
        note(refusal->job, refusal->attempt);
      }
    }
    return faults;
  }

  std::uint64_t acknowledged() const {
    const std::lock_guard lock(mutex_);
    return outbox_.acknowledged();
  }
  int joins() const {
    const std::lock_guard lock(mutex_);
    return joins_;
  }

  struct Piece {
    std::string bytes;
    std::uint64_t size = 0;
  };
  std::optional<Piece> ask(api::AskData ask) {
    {
      const std::lock_guard lock(mutex_);
      ask.id = ++asks_;
      const net::Event event{"", "ask", codec::to_json(ask)};
      for (net::EventStream& stream : streams_) stream.send(event);
    }
    wait_until([&] {
      const std::lock_guard lock(mutex_);
      return answers_.contains(ask.id);
    });
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(ask.id);
    if (found == answers_.end() || found->second.error) return std::nullopt;
    const auto bytes = crypto::decode_base64url(found->second.bytes);
    return Piece{std::string(crypto::as_text(*bytes)), found->second.size};
  }

 private:
  net::Event make_event(const engine::ChannelRow& row) const {
    api::RowData data;
    data.number = row.number;
    data.payload = crypto::encode_base64url(crypto::as_bytes(row.payload));
    data.attachment = crypto::encode_base64url(crypto::as_bytes(attachments_.at(row.number)));
    return {std::to_string(row.number), "row", codec::to_json(data)};
  }

  static net::Response make_json(std::string body, int status = 200) {
    net::Response response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    return response;
  }

  void handle(net::Request request, net::Responder responder) {
    const std::lock_guard lock(mutex_);
    if (request.path == "/site/v1/rows" && request.method == "GET") {
      const std::uint64_t after = std::stoull(std::string(*request.find_query("after")));
      net::EventStream stream = responder.start_stream();
      for (const engine::ChannelRow& row : outbox_.rows()) {
        if (row.number > after) stream.send(make_event(row));
      }
      streams_.push_back(stream);
    } else {
      responder.respond(answer(request));
    }
    changed_.notify_all();
  }

  net::Response answer(const net::Request& request) {
    if (request.path == "/site/v1/join:propose") return propose(request.body);
    if (request.path == "/site/v1/join") return join(request.body);
    if (request.path == "/site/v1/open") return open(request.body);
    if (request.path == "/site/v1/rows") return take_rows(request.body);
    if (request.path == "/site/v1/beat") {
      const auto beat =
          codec::from_json<execution::Heartbeat>(request.body, codec::Boundary::strict);
      if (!is_answering_) return make_json("{}", 503);
      return make_json(codec::to_json(execution::HeartbeatAnswer{beat->sequence, {}}));
    }
    if (request.path == "/site/v1/secrets") {
      const auto asked =
          codec::from_json<api::SecretsRequest>(request.body, codec::Boundary::strict).value();
      const auto found = secrets_.find(asked.job);
      if (found == secrets_.end()) return make_json(R"({"code":"stale_epoch"})", 409);
      return make_json(found->second.first, found->second.second);
    }
    if (request.path.starts_with("/site/v1/datasets/")) return send_dataset(request.path);
    if (request.path.starts_with("/site/v1/answers/")) {
      answers_[std::stoull(request.path.substr(17))] =
          codec::from_json<api::AskAnswer>(request.body, codec::Boundary::strict).value();
      return make_json("", 204);
    }
    return make_json("{}", 404);
  }

  net::Response propose(const std::string& body) {
    const auto request = codec::from_json<api::JoinRequest>(body, codec::Boundary::strict);
    if (!request) return make_json("{}", 400);
    identity::RegistrationRecord record;
    record.id = *identity::parse_identifier(kSite);
    record.type = identity::EntityType::site;
    record.status = identity::RecordStatus::registered;
    record.holder = *identity::create_identifier(
        {record.id.registry(), identity::EntityType::participant, 1, 0});
    const auto add = [&](identity::KeyPurpose purpose, const std::string& key) {
      record.keys.push_back(
          identity::make_record_key(purpose, crypto::parse_public_key(key).value()));
    };
    add(identity::KeyPurpose::tls, request->keys.tls);
    add(identity::KeyPurpose::sign, request->keys.sign);
    record.keys.push_back(
        identity::make_record_key(crypto::parse_seal_public_key(request->keys.seal).value()));
    record.next_key_hash = crypto::parse_digest(request->keys.next).value();
    record.issued = read_clock();
    record.valid_until = record.issued + core::hours(1);
    const auto envelope =
        identity::seal_envelope(identity::kRecordType, codec::to_json(record), key_);
    return make_json(codec::to_json(
        api::JoinProposal{*envelope, "90R0000000000000", crypto::to_text(key_.public_key())}));
  }

  // Of one chunk each: "sha256:..." before the content is known, the identity afterwards.
  net::Response send_dataset(const std::string& path) {
    for (const auto& [digest, content] : contents_) {
      transfer::ManifestWriter writer(content.size(), true);
      writer.add(content);
      const transfer::Manifest manifest = writer.finish().value();
      const std::string root = crypto::encode_hex(transfer::compute_root(manifest).bytes);
      if (path == "/site/v1/datasets/" + digest + "/manifest") {
        return make_json(transfer::encode_manifest(manifest));
      }
      if (path == "/site/v1/datasets/" + root + "/content") return make_json(content);
    }
    return make_json(R"({"code":"not_found"})", 404);
  }

  net::Response join(const std::string& body) {
    const auto request = codec::from_json<api::JoinRequest>(body, codec::Boundary::strict);
    if (!request) return make_json("{}", 400);
    ++joins_;
    site_key_ = request->keys.sign;
    site_seal_key_ = request->keys.seal;
    api::JoinAnswer answer;
    answer.site = kSite;
    for (std::uint32_t pool = 0; pool < request->pools.size(); ++pool) answer.pools.push_back(pool);
    answer.record = request->record;
    answer.hub = "90R0000000000000";
    answer.hub_sign_key = crypto::to_text(key_.public_key());
    return make_json(codec::to_json(answer));
  }

  net::Response open(const std::string& body) {
    const auto hello =
        codec::from_json<engine::ChannelHello>(body, codec::Boundary::strict).value();
    const auto hash = crypto::parse_digest(hello.received_hash).value();
    if (const auto same = outbox_.check_receiver(hello.received, hash); !same) {
      faults_ += same.error().detail + "; ";
    }
    outbox_.acknowledge(hello.received);
    if (hello.sent < inbox_.received) faults_ += "the site has forgotten; ";
    if (!incarnation_.empty() && incarnation_ != hello.incarnation) faults_ += "incarnation; ";
    incarnation_ = hello.incarnation;
    return make_json(codec::to_json(
        engine::ChannelHello{"", outbox_.last_number(), crypto::to_text(outbox_.last_hash()),
                             inbox_.received, crypto::to_text(inbox_.hash)}));
  }

  net::Response take_rows(const std::string& body) {
    const auto rows = codec::from_json<api::RowsRequest>(body, codec::Boundary::strict).value();
    std::uint64_t number = rows.first;
    for (const std::string& text : rows.payloads) {
      const auto arrival = inbox_.classify(number);
      if (arrival == engine::Inbox::Arrival::gap) faults_ += "gap; ";
      if (arrival == engine::Inbox::Arrival::next) {
        const std::string payload(crypto::as_text(crypto::decode_base64url(text).value()));
        inbox_.accept(number, payload);
        messages_.push_back(codec::from_cbor<execution::SiteMessage>(payload).value());
      }
      ++number;
    }
    outbox_.acknowledge(rows.acknowledged);
    return make_json(codec::to_json(api::RowsAnswer{inbox_.received}));
  }

  crypto::KeyPair key_;
  std::string fingerprint_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  engine::Outbox outbox_;
  engine::Inbox inbox_;
  std::map<std::uint64_t, std::string> attachments_;
  std::vector<net::EventStream> streams_;
  std::vector<execution::SiteMessage> messages_;
  std::map<std::string, std::string> contents_;
  std::map<std::uint64_t, api::AskAnswer> answers_;
  std::uint64_t asks_ = 0;
  std::string site_key_;
  std::string site_seal_key_;
  std::map<std::uint64_t, std::pair<std::string, int>> secrets_;
  std::string incarnation_;
  std::string faults_;
  int joins_ = 0;
  bool is_answering_ = true;
  std::optional<net::HttpServer> server_;
};

}  // namespace intertie::service
