#include "intertie/service/hub_service.h"

#include <optional>
#include <utility>

#include "intertie/api/auth.h"
#include "intertie/api/router.h"
#include "intertie/api/site_views.h"
#include "intertie/net/http_server.h"

#include "data_listener.h"
#include "files.h"
#include "hub_backend.h"
#include "listen_address.h"

namespace intertie::service {
namespace {

constexpr core::Duration kJoinTokenLifetime = core::hours(24);
constexpr core::Duration kListenerGrace = core::seconds(5);
constexpr core::Duration kEngineGrace = core::seconds(10);

bool is_content_path(std::string_view path) {
  return path.starts_with("/v1/content/") || path.starts_with("/site/v1/content/") ||
         path.starts_with("/v1/datasets") || path.starts_with("/site/v1/datasets/") ||
         path.starts_with("/peer/v1/datasets/") || path.starts_with("/peer/v1/users/");
}

// What reads or writes files, or a long stretch of the index, leaves the net threads free.
bool is_slow(std::string_view path) {
  return is_content_path(path) || path.starts_with("/v1/public/") || path == "/v1/jobs:bulk" ||
         path == "/v1/bill" || path == "/v1/ledger/check";
}

}  // namespace

class HubService::Parts {
 public:
  static core::Result<std::unique_ptr<Parts>> start(const HubOptions& options);
  bool stop();

  std::unique_ptr<Log> log;
  FailPoints fail_points;
  std::unique_ptr<HubBackend> backend;
  std::optional<api::Router> router;
  std::optional<net::HttpServer> site_server;
  std::optional<net::HttpServer> user_server;
  std::unique_ptr<DataListener> data_listener;
  // Known until the end, also after stop().
  std::string hub_id;
  std::string user_address;
  std::string site_address;
  std::string data_address;
  std::string user_fingerprint;
  std::string site_fingerprint;
  bool is_stopped = false;
  bool is_sound = true;

 private:
  using Route = void (api::Router::*)(api::Request, api::AnswerPointer);
  core::Result<void> open_site_listener(const HubOptions& options);
  core::Result<void> open_user_listener(const HubOptions& options);
  core::Result<void> open_data_listener(const HubOptions& options);
  net::Handler make_handler(Route route);
};

net::Handler HubService::Parts::make_handler(Route route) {
  return [this, route](net::Request request, net::Responder responder) {
    api::AnswerPointer answer = make_answer(std::move(responder), backend->answers());
    api::Request converted = convert_request(std::move(request));
    if (!is_slow(converted.path)) {
      ((*router).*route)(std::move(converted), std::move(answer));
      return;
    }
    const bool is_taken =
        backend->workers().try_post([this, route, answer, slow = std::move(converted)]() mutable {
          ((*router).*route)(std::move(slow), answer);
        });
    if (!is_taken) {
      answer->respond(api::make_problem({core::Reason::overloaded, "too many file requests"}));
    }
  };
}

core::Result<void> HubService::Parts::open_site_listener(const HubOptions& options) {
  auto listen = parse_listen("site_listen", options.site_listen);
  if (!listen) return listen.error();
  const HubKeys& keys = backend->keys();
  net::HttpServerOptions server;
  server.address = listen->address;
  server.port = listen->port;
  net::TlsServerOptions tls;
  tls.certificate_pem = keys.tls_certificate_pem;
  tls.key_pem = keys.tls.export_private_pem().reveal_text();
  tls.client_certificate = net::ClientCertificate::require;
  server.tls = std::move(tls);
  auto started = net::HttpServer::start(std::move(server), make_handler(&api::Router::handle_site));
  if (!started) return started.error();
  site_server.emplace(std::move(*started));
  hub_id = backend->hub_id();
  site_fingerprint = backend->site_fingerprint();
  site_address = options.site_address.empty()
                     ? format_reachable(site_server->address(), site_server->port())
                     : options.site_address;
  backend->set_site_address(site_address);
  return {};
}

core::Result<void> HubService::Parts::open_user_listener(const HubOptions& options) {
  auto listen = parse_listen("user_listen", options.user_listen);
  if (!listen) return listen.error();
  if (!options.user_tls && !is_loopback(listen->address)) {
    return core::Error{core::Reason::bad_argument,
                       "user_tls: only a loopback address may do without"};
  }
  net::HttpServerOptions server;
  server.address = listen->address;
  server.port = listen->port;
  server.threads = options.user_threads;
  if (options.user_tls) {
    const HubKeys& keys = backend->keys();
    net::TlsServerOptions tls;
    tls.certificate_pem = keys.user_certificate_pem;
    tls.key_pem = keys.user_key_pem.reveal_text();
    tls.allow_tls_1_2 = true;
    server.tls = std::move(tls);
  }
  auto started = net::HttpServer::start(std::move(server), make_handler(&api::Router::handle_user));
  if (!started) return started.error();
  user_server.emplace(std::move(*started));
  user_address = (options.user_tls ? "https://" : "http://") +
                 format_reachable(user_server->address(), user_server->port());
  if (options.user_tls) user_fingerprint = backend->keys().user_fingerprint;
  return {};
}

// Before the others: passes name its address.
core::Result<void> HubService::Parts::open_data_listener(const HubOptions& options) {
  if (options.data_listen.empty()) return {};
  const HubKeys& keys = backend->keys();
  api::DataHolder holder{
      backend->hub_id(),
      keys.sign.public_key(),
      [] { return read_clock(); },
      [this](const std::string& reader, const crypto::Digest& root) {
        return backend->datasets().find(reader, {transfer::DatasetKey::Kind::root, root, {}, {}});
      },
      [this](const transfer::DatasetInfo& info, transfer::ByteSpan span) {
        return backend->datasets().read(info.owner, info.root, span);
      },
      [this](const api::LineUse& use, std::int64_t wanted,
             std::function<void(core::Result<std::int64_t>)> done) {
        backend->pace_line(use, wanted, std::move(done));
      }};
  auto started =
      DataListener::start({options.data_listen, options.data_address, keys.tls_certificate_pem,
                           std::string(keys.tls.export_private_pem().reveal_text())},
                          std::move(holder), backend->answers());
  if (!started) return started.error();
  data_listener = std::move(*started);
  data_address = data_listener->address();
  backend->set_data_address(data_address);
  return {};
}

core::Result<std::unique_ptr<HubService::Parts>> HubService::Parts::start(
    const HubOptions& options) {
  auto parts = std::make_unique<Parts>();
  if (auto done = make_private_folder(options.folder); !done) return done.error();
  auto opened = Log::open(options.log_path);
  if (!opened) return opened.error();
  parts->log = std::move(*opened);
  if (auto done = parts->fail_points.arm(options.fail_point, Side::hub); !done) return done.error();
  auto backend = HubBackend::open(options, *parts->log, parts->fail_points);
  if (!backend) return backend.error();
  parts->backend = std::move(*backend);
  parts->router.emplace(*parts->backend);
  auto done = parts->open_data_listener(options);
  if (done) done = parts->open_site_listener(options);
  if (done) done = parts->open_user_listener(options);
  if (!done) {
    parts->stop();
    return done.error();
  }
  parts->backend->announce(parts->user_address);
  parts->log->write(
      LogLevel::info, "hub", "started",
      {{"id", parts->hub_id}, {"user", parts->user_address}, {"site", parts->site_address}});
  return parts;
}

bool HubService::Parts::stop() {
  if (std::exchange(is_stopped, true)) return is_sound;
  if (!backend) return is_sound;
  backend->release_waiting();
  if (user_server) user_server->stop(kListenerGrace);
  if (site_server) site_server->stop(kListenerGrace);
  if (data_listener) data_listener->stop(kListenerGrace);
  // Who was deposed can make nothing durable any more.
  is_sound = backend->close(backend->is_deposed() ? core::Duration{0} : kEngineGrace);
  log->write(is_sound ? LogLevel::info : LogLevel::error, "hub", "stopped");
  user_server.reset();
  site_server.reset();
  data_listener.reset();
  router.reset();
  backend.reset();
  return is_sound;
}

core::Result<std::unique_ptr<HubService>> HubService::start(HubOptions options) {
  auto parts = Parts::start(options);
  if (!parts) return parts.error();
  return std::unique_ptr<HubService>(new HubService(std::move(*parts)));
}

HubService::HubService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

HubService::~HubService() { stop(); }

bool HubService::stop() { return parts_->stop(); }

std::string HubService::user_address() const { return parts_->user_address; }

std::string HubService::site_address() const { return parts_->site_address; }

std::string HubService::data_address() const { return parts_->data_address; }

std::string HubService::user_fingerprint() const { return parts_->user_fingerprint; }

std::string HubService::site_fingerprint() const { return parts_->site_fingerprint; }

std::string HubService::hub_id() const { return parts_->hub_id; }

core::Result<std::string> HubService::mint_user_token(const std::string& principal,
                                                      std::vector<std::string> scopes,
                                                      core::Duration lifetime) {
  if (!parts_->backend) return core::Error{core::Reason::stopping, "the hub has stopped"};
  if (auto known = api::parse_scopes(scopes); !known) return known.error();
  if (auto found = parts_->backend->check_principal(principal); !found) return found.error();
  const core::Time now = read_clock();
  return api::mint_token(parts_->backend->token_key(),
                         {principal, std::move(scopes), now, now + lifetime,
                          crypto::encode_hex(crypto::random_bytes(16)), hub_id()});
}

core::Result<std::string> HubService::make_join_token(const std::string& operator_name) {
  if (!parts_->backend) return core::Error{core::Reason::stopping, "the hub has stopped"};
  if (auto found = parts_->backend->check_principal(operator_name); !found) return found.error();
  return api::mint_join_token(
      parts_->backend->token_key(),
      {"join", operator_name, crypto::encode_hex(crypto::random_bytes(16)),
       read_clock() + kJoinTokenLifetime, hub_id(), site_address(), site_fingerprint()});
}

}  // namespace intertie::service
