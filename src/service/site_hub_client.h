// How a site's threads speak to their hub: one connection each, pinned, with the site's
// certificate.
#pragma once

#include <optional>
#include <string>

#include "intertie/core/result.h"
#include "intertie/net/http_client.h"

#include "site_keys.h"

namespace intertie::service {

/// Where the hub listens for sites, and by what certificate it is known.
struct HubAddress {
  std::string url;          // "https://host:port"
  std::string fingerprint;  // 64 hexadecimal digits.
};

/// Makes connections of the same kind for each thread. Immutable after construction.
class SiteHubClients {
 public:
  /// bad_syntax: the address is not an https URL.
  static core::Result<SiteHubClients> create(const HubAddress& hub, const SiteKeys& keys);
  /// With a certificate of this TLS key.
  static core::Result<SiteHubClients> create(const HubAddress& hub, const crypto::KeyPair& tls_key,
                                             const std::string& certificate_pem);

  /// Connections to another listener with the same certificate of ours. bad_syntax.
  core::Result<SiteHubClients> make_clients(const HubAddress& other) const;

  /// A client that has not connected yet. Belongs to one thread, except interrupt().
  net::HttpClient make_client(core::Duration timeout) const;

 private:
  net::HttpClientOptions options_;
};

/// POSTs JSON and returns the body of a 2xx answer. An error of the hub comes back with the reason
/// and the detail of its problem document.
core::Result<std::string> post_json(net::HttpClient& client, const std::string& path,
                                    std::string body);

/// The same with any method; without a body if it is empty. `timeout`: the client's if absent.
core::Result<std::string> ask_json(net::HttpClient& client, const std::string& method,
                                   const std::string& target, std::string body,
                                   std::optional<core::Duration> timeout = std::nullopt);

/// The error that a problem document (docs/formats/problem.md) or a bare status stands for.
core::Error read_problem(const net::Response& response);

}  // namespace intertie::service
