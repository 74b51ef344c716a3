// For tests: a hub on an engine with a store in memory, driven by hand, behind the routes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/api/auth.h"
#include "intertie/api/backend.h"
#include "intertie/api/router.h"
#include "intertie/api/site_views.h"
#include "intertie/api/views.h"
#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/certificate.h"
#include "intertie/engine/engine.h"
#include "intertie/execution/usage_record.h"
#include "intertie/hub/submission.h"
#include "intertie/identity/envelope.h"
#include "intertie/measurement/signed_statement.h"
#include "intertie/storage/memory_store.h"

#include "fake_datasets.h"

namespace intertie::api {

inline crypto::KeyPair make_test_key(std::uint8_t seed) {
  return crypto::KeyPair::from_seed(std::vector<std::uint8_t>(crypto::KeyPair::kSeedLength, seed));
}

class DirectLog final : public engine::LogPort {
 public:
  explicit DirectLog(storage::Store& store) : store_(store) {}
  void start_append(std::shared_ptr<const storage::Batch> batch) override {
    batch_ = std::move(batch);
  }
  std::optional<core::Result<storage::LogPosition>> poll_append() override {
    if (!batch_ || is_held) return std::nullopt;
    auto outcome = store_.append(*batch_);
    batch_.reset();
    return outcome;
  }
  bool is_held = false;

 private:
  storage::Store& store_;
  std::shared_ptr<const storage::Batch> batch_;
};

class FakeBackend final : public Backend {
 public:
  FakeBackend() {
    store_ = storage::open_memory_store(disk_).value();
    reader_ = store_->open_reader().value();
    machine_.start(time);
    log_ = std::make_unique<DirectLog>(*store_);
    engine_ = std::make_unique<engine::Engine<hub::HubMachine>>(machine_, *log_,
                                                                storage::LogPosition{}, time);
    engine_->set_durable_observer([this](const std::vector<std::uint64_t>& subjects) {
      for (const std::uint64_t subject : subjects) wake_watchers(subject);
    });
  }

  core::Time now() const override { return time; }
  void submit(hub::Command command, std::function<void(core::Result<hub::Reply>)> done) override {
    engine_->submit(std::move(command), std::move(done));
  }
  void read(
      std::function<DurableAction(const core::Result<const hub::HubMachine*>&)> look) override {
    engine_->read(std::move(look));
  }
  storage::Reader& reader() override { return *reader_; }
  void watch_job(std::uint64_t job, core::Time deadline, std::function<void()> wake) override {
    watchers_.push_back({job, deadline, std::move(wake)});
  }
  void watch_log(storage::LogIndex after, std::function<void()> wake) override {
    log_watchers_.emplace_back(after, std::move(wake));
  }
  Datasets& datasets() override { return held_datasets; }
  void read_site_file(const SiteFileRequest& request,
                      std::function<void(core::Result<SiteFilePiece>)> done) override {
    asked.push_back(request);
    const auto found = files.find(request.file);
    if (found == files.end()) return done(core::Error{core::Reason::unreachable, "site"});
    const std::string& bytes = found->second;
    const std::string piece =
        request.offset < bytes.size() ? bytes.substr(request.offset, request.length) : "";
    done(SiteFilePiece{piece, bytes.size()});
  }
  void fetch_from_peer(PeerFetch ask, std::function<void(core::Result<Response>)> done) override {
    if (on_fetch_from_peer) return on_fetch_from_peer(std::move(ask), std::move(done));
    done(core::Error{core::Reason::unreachable, "no peers"});
  }
  void pace_line(const LineUse& use, std::int64_t wanted,
                 std::function<void(core::Result<std::int64_t>)> done) override {
    paced.push_back(use);
    done(give_turn ? give_turn(use, wanted) : core::Result<std::int64_t>(wanted));
  }
  void note_arrived(const std::string& region, std::int64_t bytes, core::Duration) override {
    arrived.emplace_back(region, bytes);
  }
  void attach_site_stream(std::uint32_t site, std::uint64_t after,
                          std::shared_ptr<Stream>) override {
    streams.emplace_back(site, after);
  }
  void take_site_answer(std::uint32_t site, std::uint64_t ask,
                        core::Result<SiteFilePiece> piece) override {
    site_answers.push_back({site, ask, std::move(piece)});
  }
  const crypto::KeyPair& token_key() const override { return key_; }
  std::vector<FormerTokenKey> former_token_keys() const override { return former_tokens; }
  const crypto::SealPublicKey& seal_key() const override { return box_key.public_key(); }
  core::Result<crypto::Secret> open_box(std::string_view box,
                                        crypto::BoxContext context) const override {
    return crypto::open_bound(box, context, box_key);
  }
  core::Result<std::string> sign_record(std::string_view type, std::string_view payload) override {
    return identity::seal_envelope(type, payload, registry_key);
  }
  void greet_peer(std::uint32_t peer) override { greeted.push_back(peer); }
  void ask_peer(std::uint32_t peer, PeerQuestion question,
                std::function<void(core::Result<std::string>)> done) override {
    questions.push_back(question);
    done(answer_peer ? answer_peer(peer, question)
                     : core::Result<std::string>(core::Reason::unreachable, "peer"));
  }
  std::string peer_tls_key() const override { return crypto::to_text(key_.public_key()); }
  std::string data_address() const override { return data_at; }
  std::string site_address() const override { return "https://hub:7301"; }
  std::string site_fingerprint() const override { return "ab12"; }
  std::string service_metrics() override { return "intertie_service_up 1\n"; }

  void settle() {
    for (int turn = 0; turn < 10'000; ++turn) {
      wake_due();
      if (!engine_->poll(time) && engine_->is_idle() && !wake_log_watchers()) return;
      if (log_->is_held) return;
    }
    FAIL() << "the engine does not come to rest";
  }
  core::Result<hub::Reply> ask(hub::Command command) {
    std::optional<core::Result<hub::Reply>> answer;
    submit(std::move(command), [&](core::Result<hub::Reply> reply) { answer = std::move(reply); });
    settle();
    return *answer;
  }
  void advance(core::Duration duration) {
    time = time + duration;
    settle();
  }
  hub::HubMachine& machine() { return machine_; }
  DirectLog& log() { return *log_; }
  std::size_t watcher_count() const { return watchers_.size(); }

  struct SiteAnswer {
    std::uint32_t site = 0;
    std::uint64_t ask = 0;
    core::Result<SiteFilePiece> piece;
  };

  core::Time time{1'800'000'000'000'000};
  FakeDatasets held_datasets;
  std::vector<std::uint32_t> greeted;
  std::function<void(PeerFetch, std::function<void(core::Result<Response>)>)> on_fetch_from_peer;
  std::map<std::string, std::string> files;  // At every site, by name.
  std::vector<SiteFileRequest> asked;
  std::vector<PeerQuestion> questions;
  std::vector<LineUse> paced;
  std::vector<std::pair<std::string, std::int64_t>> arrived;  // Of other regions: bytes.
  std::function<core::Result<std::string>(std::uint32_t, const PeerQuestion&)> answer_peer;
  std::string data_at;  // Of the data listener; empty: none.
  std::vector<FormerTokenKey> former_tokens;
  std::function<core::Result<std::int64_t>(const LineUse& use, std::int64_t)> give_turn;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> streams;
  std::vector<SiteAnswer> site_answers;
  crypto::KeyPair registry_key = make_test_key(9);
  crypto::SealKeyPair box_key = crypto::SealKeyPair::from_seed(crypto::ByteString(32, 11));

 private:
  struct Watcher {
    std::uint64_t job = 0;
    core::Time deadline;
    std::function<void()> wake;
  };
  template <class Chosen>
  void wake_where(Chosen chosen) {
    std::vector<Watcher> woken;
    std::erase_if(watchers_, [&](Watcher& one) {
      if (!chosen(one)) return false;
      woken.push_back(one);
      return true;
    });
    for (const Watcher& one : woken) one.wake();
  }
  void wake_watchers(std::uint64_t job) {
    wake_where([&](const Watcher& one) { return one.job == job; });
  }
  // Whether somebody was waiting for what is durable now.
  bool wake_log_watchers() {
    std::vector<std::function<void()>> woken;
    std::erase_if(log_watchers_, [&](auto& one) {
      if (store_->last().index <= one.first) return false;
      woken.push_back(std::move(one.second));
      return true;
    });
    for (const auto& wake : woken) wake();
    return !woken.empty();
  }
  void wake_due() {
    wake_where([&](const Watcher& one) { return one.deadline <= time; });
  }

  storage::MemoryDisk disk_{storage::Incarnation{1}};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::Reader> reader_;
  hub::HubMachine machine_;
  std::unique_ptr<DirectLog> log_;
  std::unique_ptr<engine::Engine<hub::HubMachine>> engine_;
  std::vector<Watcher> watchers_;
  std::vector<std::pair<storage::LogIndex, std::function<void()>>> log_watchers_;
  crypto::KeyPair key_ = make_test_key(7);
};

class FakeStream final : public Stream {
 public:
  bool send(const StreamEvent& event) override {
    if (events.size() >= room) close();
    if (is_closed) return false;
    events.push_back(event);
    return true;
  }
  void close() override {
    if (std::exchange(is_closed, true)) return;
    if (on_close_) on_close_();
  }
  void on_close(std::function<void()> callback) override { on_close_ = std::move(callback); }
  std::vector<StreamEvent> events;
  std::size_t room = 10'000;
  bool is_closed = false;

 private:
  std::function<void()> on_close_;
};

class FakeAnswer final : public Answer {
 public:
  void respond(Response one) override {
    EXPECT_FALSE(response.has_value()) << "answered twice";
    response = std::move(one);
  }
  std::shared_ptr<Stream> start_stream() override {
    has_stream = true;
    stream = std::make_shared<FakeStream>();
    return stream;
  }
  std::optional<Response> response;
  bool has_stream = false;
  std::shared_ptr<FakeStream> stream;
};

inline std::string find_header(const Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

/// A hub with ada and bob (users), plant (provider) and root (operator), 1000 units on ada's
/// account, and sites that join through the site channel.
class ApiWorld {
 public:
  static constexpr std::string_view kHub = "22R0000000000000";

  explicit ApiWorld(std::string id = std::string(kHub), const std::string& region = "22",
                    std::uint8_t registry_seed = 9)
      : hub_id(std::move(id)) {
    backend.registry_key = make_test_key(registry_seed);
    must(hub::CreateHub{
        {hub_id, region, "test", "CNY", crypto::to_text(backend.registry_key.public_key()), 10}});
    must(hub::CreatePrincipal{"ada", hub::Role::user, 0, {}});
    must(hub::CreatePrincipal{"bob", hub::Role::user, 0, {}});
    must(hub::CreatePrincipal{"plant", hub::Role::provider, 0, {}});
    must(hub::CreatePrincipal{"root", hub::Role::operator_, 0, {}});
    must(hub::Deposit{{1, 1}, "ada", core::Money{1'000'000'000}});
    must(hub::Deposit{{1, 2}, "bob", core::Money{1'000'000'000}});
  }

  hub::Reply must(hub::Command command) {
    auto reply = backend.ask(std::move(command));
    EXPECT_TRUE(reply.has_value()) << core::to_text(reply.error());
    return *reply;
  }

  std::string token(const std::string& name, std::vector<std::string> scopes = {"admin"}) {
    TokenClaims claims{
        name, std::move(scopes), backend.time, backend.time + core::hours(1000), "id", hub_id};
    return mint_token(backend.token_key(), claims);
  }

  // A target such as "/v1/jobs?limit=2".
  static Request make_request(const std::string& method, const std::string& target) {
    Request request;
    request.method = method;
    const std::size_t mark = target.find('?');
    request.path = target.substr(0, mark);
    std::string rest = mark == std::string::npos ? "" : target.substr(mark + 1);
    while (!rest.empty()) {
      const std::size_t end = rest.find('&');
      const std::string pair = rest.substr(0, end);
      request.query[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
      rest = end == std::string::npos ? "" : rest.substr(end + 1);
    }
    return request;
  }

  std::shared_ptr<FakeAnswer> start(Request request) {
    auto answer = std::make_shared<FakeAnswer>();
    router.handle_user(std::move(request), answer);
    backend.settle();
    return answer;
  }
  Response send(Request request) {
    const auto answer = start(std::move(request));
    EXPECT_TRUE(answer->response.has_value() || answer->has_stream) << "no answer";
    return answer->response.value_or(Response{});
  }
  Response call(const std::string& who, const std::string& method, const std::string& target,
                const std::string& body = {}, const std::string& key = {}) {
    Request request = make_request(method, target);
    request.authorization = "Bearer " + token(who);
    request.body = body;
    request.idempotency_key = key;
    return send(std::move(request));
  }
  template <class View>
  View get(const std::string& who, const std::string& target) {
    const Response response = call(who, "GET", target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    return read<View>(response);
  }
  template <class View>
  static View read(const Response& response) {
    auto view = codec::from_json<View>(response.body, codec::Boundary::strict);
    EXPECT_TRUE(view.has_value()) << response.body;
    return view ? std::move(*view) : View{};
  }
  static std::string read_code(const Response& response) {
    EXPECT_EQ(response.content_type, "application/problem+json");
    const auto view = codec::from_json<ProblemView>(response.body, codec::Boundary::strict);
    if (!view) return "";
    EXPECT_EQ(view->status, response.status);
    EXPECT_FALSE(view->fix.empty());
    return view->code;
  }

  static std::string make_document(const std::string& name = "a", std::int64_t cpus = 1) {
    return R"({"name":")" + name + R"(","run":["true"],"need":{"cpus":)" +
           std::to_string(cpus * 1000) + R"(,"memory":1048576},"timeout":600000000})";
  }
  std::uint64_t submit(const std::string& who, const std::string& document = make_document()) {
    const Response response = call(who, "POST", "/v1/jobs", document);
    EXPECT_EQ(response.status, 201) << response.body;
    return read<JobView>(response).number;
  }

  struct Site {
    std::uint32_t handle = 0;
    std::string identifier;
    std::string certificate_der;
    crypto::KeyPair key = make_test_key(1);
    crypto::KeyPair tls = make_test_key(101);
    crypto::KeyPair next = make_test_key(201);
    engine::Outbox outbox;
    std::uint64_t seen = 0;
  };

  Response send_site(const Site& site, const std::string& method, const std::string& target,
                     const std::string& body = {}) {
    Request request = make_request(method, target);
    request.peer_certificate_der = site.certificate_der;
    request.body = body;
    auto answer = std::make_shared<FakeAnswer>();
    router.handle_site(std::move(request), answer);
    backend.settle();
    EXPECT_TRUE(answer->response.has_value() || answer->has_stream) << target;
    return answer->response.value_or(Response{});
  }

  static topology::Pool make_pool(std::int64_t cores) {
    topology::Pool pool;
    pool.name = "cpu";
    pool.region = "22";
    pool.cpus_per_node = core::MilliCpus{cores * 1000};
    pool.memory_per_node = core::Bytes{16LL << 30};
    pool.nodes = {{"n0", true}};
    pool.isolation = topology::Isolation::namespace_;
    pool.network = topology::Network::gang;
    pool.price = {core::Money{3'600'000}, core::Money{}, core::Money{}, {}};
    return pool;
  }

  Site make_site(std::uint8_t seed) {
    Site site;
    site.key = make_test_key(seed);
    site.tls = make_test_key(static_cast<std::uint8_t>(seed + 100));
    site.next = make_test_key(static_cast<std::uint8_t>(seed + 200));
    site.certificate_der = make_certificate(site.tls);
    return site;
  }
  static std::string make_certificate(const crypto::KeyPair& key) {
    const crypto::Validity validity{core::Time{0}, core::Time{4'000'000'000'000'000}};
    const auto pem = crypto::create_process_certificate(key, "site", validity);
    return std::string(crypto::as_text(*crypto::convert_certificate_to_der(*pem)));
  }
  JoinRequest make_join(const Site& site, const std::string& name, std::int64_t cores) {
    const Response minted = call("plant", "POST", "/v1/site-tokens", "{}");
    EXPECT_EQ(minted.status, 201) << minted.body;
    const std::string key = crypto::to_text(site.key.public_key());
    const std::string tls = crypto::to_text(site.tls.public_key());
    const std::string next = crypto::to_text(crypto::compute_key_digest(site.next.public_key()));
    return {
        read<SiteTokenView>(minted).token, name, "", {key, tls, next, ""}, {make_pool(cores)}, ""};
  }

  // The hub's proposal with the site's signature.
  std::string countersign(const Site& site, const JoinRequest& request) {
    const Response proposed =
        send_site(site, "POST", "/site/v1/join:propose", codec::to_json(request));
    EXPECT_EQ(proposed.status, 200) << proposed.body;
    return identity::add_signature(read<JoinProposal>(proposed).record, site.key).value();
  }

  // Joins and opens the channel as an agent does.
  Site join(const std::string& name, std::int64_t cores, std::uint8_t seed = 1,
            const std::string& seal_key = {}) {
    Site site = make_site(seed);
    JoinRequest request = make_join(site, name, cores);
    request.keys.seal = seal_key;
    request.record = countersign(site, request);
    const Response joined = send_site(site, "POST", "/site/v1/join", codec::to_json(request));
    EXPECT_EQ(joined.status, 201) << joined.body;
    const auto answer = read<JoinAnswer>(joined);
    site.handle = answer.handle;
    site.identifier = answer.site;
    const std::string zero = crypto::to_text(crypto::Digest{});
    const Response opened =
        send_site(site, "POST", "/site/v1/open",
                  codec::to_json(engine::ChannelHello{"inc", 0, zero, 0, zero}));
    EXPECT_EQ(opened.status, 200) << opened.body;
    return site;
  }

  void say(Site& site, const execution::SiteMessage& message) {
    const std::string payload = codec::to_cbor(message);
    RowsRequest rows;
    rows.incarnation = "inc";
    rows.first = site.outbox.push(payload, 0, 0);
    rows.payloads = {crypto::encode_base64url(crypto::as_bytes(payload))};
    rows.acknowledged = site.seen;
    const Response response = send_site(site, "POST", "/site/v1/rows", codec::to_json(rows));
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(read<RowsAnswer>(response).received, rows.first);
  }

  std::vector<execution::HubMessage> read_rows(Site& site) {
    std::vector<execution::HubMessage> messages;
    for (const auto* row : backend.machine().state().sites[site.handle].outbox.find_rows(
             site.seen, UINT64_MAX, 1000)) {
      messages.push_back(codec::from_cbor<execution::HubMessage>(row->payload).value());
      site.seen = row->number;
    }
    return messages;
  }

  void measure(Site& site) {
    measurement::Statement statement;
    statement.subject = site.identifier;
    statement.record_hash = "sha256:0";
    statement.method = measurement::kMethod;
    statement.method_version = measurement::kMethodVersion;
    statement.started = backend.time - core::seconds(10);
    statement.ended = backend.time;
    statement.expires = backend.time + core::hours(24);
    statement.machine.usable_cpus = core::MilliCpus{1000};
    statement.machine.cores = statement.machine.hardware_threads = statement.machine.packages = 1;
    statement.machine.memory = statement.machine.usable_memory = core::Bytes{1 << 30};
    measurement::Figure figure;
    figure.what = measurement::Measure::fp64;
    figure.kernel = "test";
    figure.repeats = 5;
    figure.per_cpu_second = figure.wall_clock = {1'000'000'000, 900'000'000, 1'100'000'000};
    figure.cpu_per_wall_permille = 1000;
    figure.peak = 2'000'000'000;
    figure.peak_kernel = "test";
    statement.figures = {figure};
    const auto signed_statement = measurement::sign_statement(statement, site.key);
    ASSERT_TRUE(signed_statement.has_value()) << core::to_text(signed_statement.error());
    say(site, execution::StatementReport{0, signed_statement->envelope});
  }

  void report_usage(Site& site, const execution::StartAttempt& start, core::Time from,
                    std::uint32_t number, bool is_last) {
    execution::UsageRecord record;
    record.site = site.identifier;
    record.pool = "cpu";
    record.key = {start.job, start.attempt, 0};
    record.number = number;
    record.from = from;
    record.to = backend.time;
    for (const execution::TaskSlot& slot : start.slots) {
      record.reserved.cpus += slot.cpus;
      record.reserved.memory += slot.memory;
    }
    record.is_last = is_last;
    const auto envelope =
        identity::seal_envelope(execution::kUsagePayloadType, codec::to_json(record), site.key);
    say(site, execution::UsageReport{start.job, start.attempt, *envelope});
  }

  // Plays the attempt that waits at the site from start to end.
  void run(Site& site, core::Duration length, std::int32_t exit_code = 0) {
    const auto messages = read_rows(site);
    for (const auto& message : messages) {
      const auto* start = std::get_if<execution::StartAttempt>(&message);
      if (start == nullptr) continue;
      const core::Time began = backend.time;
      say(site, execution::AttemptStarted{start->job, start->attempt, began});
      backend.advance(length);
      report_usage(site, *start, began, 1, false);
      const core::Time middle = backend.time;
      backend.advance(length);
      report_usage(site, *start, middle, 2, true);
      execution::AttemptEnded ended{start->job,
                                    start->attempt,
                                    backend.time,
                                    {},
                                    "",
                                    {{0, exit_code, 0}},
                                    {{"out.txt", "sha256:0", {10}}}};
      if (exit_code != 0) ended.failure = core::Reason::exited_nonzero;
      say(site, ended);
    }
  }

  FakeBackend backend;
  Router router{backend};
  const std::string hub_id;
};

}  // namespace intertie::api
