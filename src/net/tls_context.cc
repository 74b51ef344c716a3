// TLS settings as OpenSSL contexts.
#include "tls_context.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace intertie::net {
namespace {

using core::Reason;
using core::Result;

struct Deleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

// Without it OpenSSL would ask on the terminal for the passphrase of an encrypted key.
int refuse_passphrase(char*, int, int, void*) { return -1; }

Owned<BIO> open_text(const std::string& text) {
  if (text.size() > INT_MAX) return nullptr;
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<void> use_identity(SSL_CTX* context, const std::string& certificates,
                          const std::string& key) {
  const auto bad = [](std::string detail) -> Result<void> {
    ERR_clear_error();
    return {Reason::bad_key, std::move(detail)};
  };
  const Owned<BIO> certificate_text = open_text(certificates);
  const Owned<X509> own(
      PEM_read_bio_X509(certificate_text.get(), nullptr, refuse_passphrase, nullptr));
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return bad("the certificate cannot be read");
  }
  while (true) {
    Owned<X509> issuer(
        PEM_read_bio_X509(certificate_text.get(), nullptr, refuse_passphrase, nullptr));
    if (issuer == nullptr) break;
    if (SSL_CTX_add0_chain_cert(context, issuer.get()) != 1) return bad("bad certificate chain");
    static_cast<void>(issuer.release());
  }
  ERR_clear_error();
  const Owned<BIO> key_text = open_text(key);
  const Owned<EVP_PKEY> private_key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, refuse_passphrase, nullptr));
  if (private_key == nullptr) return bad("the private key cannot be read");
  if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return bad("the private key does not belong to the certificate");
  }
  return {};
}

void set_common(SSL_CTX* context, bool allow_tls_1_2) {
  SSL_CTX_set_min_proto_version(context, allow_tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A resumed session would skip the certificates, which are what a connection is trusted for.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  // As the keys of the parties (Ed25519, P-256) these have 128 bits of strength; 256 cost more
  // rounds a byte and would add none. The others stay for peers that insist.
  SSL_CTX_set_ciphersuites(
      context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

// The registry is the PKI: the handler compares the key. OpenSSL has checked that the peer holds
// it.
int accept_every_certificate(X509_STORE_CTX*, void*) { return 1; }

std::string sha256_hex(const unsigned char* data, std::size_t size) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256(data, size, digest.data());
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

template <class T>
std::string fingerprint_of(const T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int length = encode(object, &der);
  if (length <= 0) return {};
  std::string text = sha256_hex(der, static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

int compare_fingerprint(X509_STORE_CTX* store, void* expected) {
  const X509* certificate = X509_STORE_CTX_get0_cert(store);
  const auto& fingerprint = *static_cast<const std::string*>(expected);
  if (certificate != nullptr && (fingerprint_of<X509>(certificate, i2d_X509) == fingerprint ||
                                 fingerprint_of<X509_PUBKEY>(X509_get_X509_PUBKEY(certificate),
                                                             i2d_X509_PUBKEY) == fingerprint)) {
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

}  // namespace

Result<SslContext> make_server_context(const TlsServerOptions& options) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return {Reason::internal, "OpenSSL gave no context"};
  set_common(context.get(), options.allow_tls_1_2);
  const Result<void> used = use_identity(context.get(), options.certificate_pem, options.key_pem);
  if (!used) return used.error();
  if (options.client_certificate == ClientCertificate::require) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), accept_every_certificate, nullptr);
  }
  return context;
}

Result<ClientTls> make_client_tls(const TlsClientOptions& options) {
  ClientTls tls;
  tls.context.reset(SSL_CTX_new(TLS_client_method()));
  if (tls.context == nullptr) return {Reason::internal, "OpenSSL gave no context"};
  set_common(tls.context.get(), options.allow_tls_1_2);
  if (!options.certificate_pem.empty() || !options.key_pem.empty()) {
    const Result<void> used =
        use_identity(tls.context.get(), options.certificate_pem, options.key_pem);
    if (!used) return used.error();
  }
  SSL_CTX_set_verify(tls.context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.peer_fingerprint.empty()) {
    SSL_CTX_set_default_verify_paths(tls.context.get());
    return tls;
  }
  tls.fingerprint = std::make_unique<std::string>(options.peer_fingerprint);
  for (char& c : *tls.fingerprint) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  if (tls.fingerprint->size() != 64 ||
      tls.fingerprint->find_first_not_of("0123456789abcdef") != std::string::npos) {
    return {Reason::bad_field, "peer fingerprint: expected 64 hexadecimal digits"};
  }
  SSL_CTX_set_cert_verify_callback(tls.context.get(), compare_fingerprint, tls.fingerprint.get());
  return tls;
}

Ssl make_client_ssl(const ClientTls& tls, const std::string& host) {
  Ssl ssl(SSL_new(tls.context.get()));
  if (ssl == nullptr) return ssl;
  const bool is_address = is_ip_address(host);
  if (!is_address) SSL_set_tlsext_host_name(ssl.get(), host.c_str());
  if (tls.fingerprint == nullptr) {
    if (is_address) {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl.get()), host.c_str());
    } else {
      SSL_set1_host(ssl.get(), host.c_str());
    }
  }
  SSL_set_connect_state(ssl.get());
  return ssl;
}

std::string get_peer_certificate(SSL* ssl) {
  const Owned<X509> certificate(SSL_get1_peer_certificate(ssl));
  if (certificate == nullptr) return {};
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  if (length <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return text;
}

core::Error take_tls_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(code);
  std::string detail = std::string("TLS: ") + (text != nullptr ? text : "broken off");
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return {Reason::unreachable, std::move(detail)};
  switch (ERR_GET_REASON(code)) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
      return {Reason::certificate_refused, std::move(detail)};
    default:
      return {Reason::unreachable, std::move(detail)};
  }
}

}  // namespace intertie::net
