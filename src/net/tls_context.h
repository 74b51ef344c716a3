// TLS settings as OpenSSL contexts.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "intertie/core/result.h"
#include "intertie/net/http_client.h"
#include "intertie/net/http_server.h"

namespace intertie::net {

struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextDeleter>;

/// Refuses with bad_key what cannot be read or does not belong together.
core::Result<SslContext> make_server_context(const TlsServerOptions& options);

/// A client's context with the fingerprint it refers to.
struct ClientTls {
  SslContext context;
  /// Lower-case hexadecimal; behind a pointer because OpenSSL holds its address.
  std::unique_ptr<std::string> fingerprint;
};

/// Refuses with bad_key, and a malformed fingerprint with bad_field.
core::Result<ClientTls> make_client_tls(const TlsClientOptions& options);

/// A connection's TLS half, with the name to expect if the system's authorities decide. Empty if
/// memory is short.
struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, SslDeleter>;
Ssl make_client_ssl(const ClientTls& tls, const std::string& host);

/// The certificate the other side has shown, in DER; empty without one.
std::string get_peer_certificate(SSL* ssl);

/// Takes the oldest error off OpenSSL's queue of this thread and clears the rest:
/// certificate_refused if either side refused a certificate, otherwise unreachable.
core::Error take_tls_error();

}  // namespace intertie::net
