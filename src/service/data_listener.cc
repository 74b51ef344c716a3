#include "data_listener.h"

#include <utility>

#include "listen_address.h"

namespace intertie::service {
namespace {

constexpr int kThreads = 2;
// An answer in memory each: api::kDataPieceBytes.
constexpr std::size_t kConnectionsMax = 128;
constexpr std::size_t kHeaderBytesMax = 8u << 10;

}  // namespace

DataListener::DataListener(api::DataHolder holder, AnswerSender& answers)
    : endpoint_(std::move(holder)), answers_(answers), workers_(kThreads, kConnectionsMax) {}

core::Result<std::unique_ptr<DataListener>> DataListener::start(const DataListenerOptions& options,
                                                                api::DataHolder holder,
                                                                AnswerSender& answers) {
  auto listen = parse_listen("data_listen", options.listen);
  if (!listen) return listen.error();
  std::unique_ptr<DataListener> listener(new DataListener(std::move(holder), answers));
  net::HttpServerOptions server;
  server.address = listen->address;
  server.port = listen->port;
  server.limits.connections_max = kConnectionsMax;
  server.limits.header_bytes_max = kHeaderBytesMax;
  server.limits.body_bytes_max = 0;
  net::TlsServerOptions tls;
  tls.certificate_pem = options.certificate_pem;
  tls.key_pem = options.key_pem;
  tls.client_certificate = net::ClientCertificate::require;
  server.tls = std::move(tls);
  auto started = net::HttpServer::start(
      std::move(server), [to = listener.get()](net::Request request, net::Responder responder) {
        to->take(std::move(request), std::move(responder));
      });
  if (!started) return started.error();
  listener->server_ = std::make_unique<net::HttpServer>(std::move(*started));
  listener->address_ = options.reachable.empty() ? format_reachable(listener->server_->address(),
                                                                    listener->server_->port())
                                                 : options.reachable;
  return listener;
}

DataListener::~DataListener() { stop(core::Duration{0}); }

void DataListener::take(net::Request request, net::Responder responder) {
  api::AnswerPointer answer = make_answer(std::move(responder), answers_);
  const bool is_taken =
      workers_.try_post([this, answer, asked = convert_request(std::move(request))] {
        endpoint_.handle(asked, answer);
      });
  if (!is_taken) {
    answer->respond(api::make_problem({core::Reason::overloaded, "too many requests for data"}));
  }
}

void DataListener::stop(core::Duration grace) {
  if (server_) server_->stop(grace);
  workers_.stop();
}

}  // namespace intertie::service
