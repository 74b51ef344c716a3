#include "site_hub_client.h"

#include <optional>
#include <utility>

#include <boost/describe.hpp>

#include "intertie/codec/json.h"
#include "intertie/net/http.h"

namespace intertie::service {
namespace {

struct Problem {
  std::string code;
  std::string detail;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (code, detail))

core::Result<std::string> read_body(core::Result<net::Response> response) {
  if (!response) return response.error();
  if (response->status / 100 != 2) return read_problem(*response);
  return std::move(response->body);
}

}  // namespace

core::Result<SiteHubClients> SiteHubClients::create(const HubAddress& hub, const SiteKeys& keys) {
  return create(hub, keys.tls, keys.certificate_pem);
}

core::Result<SiteHubClients> SiteHubClients::create(const HubAddress& hub,
                                                    const crypto::KeyPair& tls_key,
                                                    const std::string& certificate_pem) {
  SiteHubClients clients;
  clients.options_.tls.emplace();
  clients.options_.tls->certificate_pem = certificate_pem;
  clients.options_.tls->key_pem = tls_key.export_private_pem().reveal_text();
  return clients.make_clients(hub);
}

core::Result<SiteHubClients> SiteHubClients::make_clients(const HubAddress& other) const {
  const auto url = net::parse_url(other.url);
  if (!url) return url.error();
  if (!url->is_tls) return {core::Reason::bad_syntax, other.url + ": expected https"};
  // Without one the system's authorities would decide.
  if (other.fingerprint.empty()) return {core::Reason::bad_syntax, other.url + ": no fingerprint"};
  SiteHubClients clients = *this;
  clients.options_.host = url->host;
  clients.options_.port = url->port;
  clients.options_.tls->peer_fingerprint = other.fingerprint;
  return clients;
}

net::HttpClient SiteHubClients::make_client(core::Duration timeout) const {
  net::HttpClientOptions options = options_;
  options.timeout = timeout;
  return net::HttpClient(std::move(options));
}

core::Result<std::string> post_json(net::HttpClient& client, const std::string& path,
                                    std::string body) {
  return ask_json(client, "POST", path, std::move(body));
}

core::Result<std::string> ask_json(net::HttpClient& client, const std::string& method,
                                   const std::string& target, std::string body,
                                   std::optional<core::Duration> timeout) {
  net::Request request;
  request.method = method;
  request.target = target;
  if (!body.empty()) request.headers.set("Content-Type", "application/json");
  request.body = std::move(body);
  return read_body(client.request(request, timeout));
}

core::Error read_problem(const net::Response& response) {
  const auto problem = codec::from_json<Problem>(response.body, codec::Boundary::tolerant);
  if (problem) {
    if (const auto reason = core::find_reason(problem->code)) return {*reason, problem->detail};
  }
  return {core::Reason::unreachable,
          "the hub answered with status " + std::to_string(response.status)};
}

}  // namespace intertie::service
