// Self-signed X.509 v3 certificates: Ed25519 between processes, P-256 for users and browsers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/digest.h"
#include "intertie/crypto/secret.h"
#include "intertie/crypto/signature.h"

namespace intertie::crypto {

/// When a certificate holds. Whole seconds; 1970 to 9999; not_before < not_after.
struct Validity {
  core::Time not_before;
  core::Time not_after;
};

/// A certificate for both ends of a TLS connection between processes: subject CN = `subject` (an
/// identifier's text, 1 to 64 characters), self-signed by `key`. The registry is the PKI: a peer
/// is trusted because its key stands in its record, not because of who signed. Deterministic.
/// Returns PEM. Refuses with bad_field or out_of_range.
core::Result<std::string> create_process_certificate(const KeyPair& key, std::string_view subject,
                                                     const Validity& validity);

/// What a browser must see: a subject and the names and addresses it may be reached by.
struct ServerNames {
  std::string common_name;             // 1 to 64 characters.
  std::vector<std::string> dns;        // "hub.example", "localhost".
  std::vector<std::string> addresses;  // IPv4 or IPv6 text.
};

/// A P-256 certificate and its private key (PKCS #8), both PEM.
struct ServerCertificate {
  std::string certificate_pem;
  Secret private_key_pem;
};

/// A self-signed server certificate with a new P-256 key from the operating system's generator
/// (browsers refuse Ed25519). At least one DNS name or address, at most 100. Refuses with
/// bad_field, naming the entry, or out_of_range.
core::Result<ServerCertificate> create_server_certificate(const ServerNames& names,
                                                          const Validity& validity);

/// What a certificate says.
struct CertificateFacts {
  std::string subject;  // Its common name; empty if it has none.
  core::Time not_before;
  core::Time not_after;
  std::optional<PublicKey> key;  // Set only for an Ed25519 key.
  Digest fingerprint;            // SHA-256 of the whole certificate (DER).
  std::vector<std::string> dns;
  std::vector<std::string> addresses;
};

/// Reads a certificate. Refuses with certificate_refused: trailing bytes, unreadable parts, or a
/// self-issued certificate whose signature is not by its own key.
core::Result<CertificateFacts> read_certificate_der(ByteView der);
core::Result<CertificateFacts> read_certificate_pem(std::string_view pem);

/// The DER bytes of the first certificate in a PEM text. bad_syntax if there is none.
core::Result<ByteString> convert_certificate_to_der(std::string_view pem);

/// The Ed25519 key and CN of a peer's process certificate, its time checked against `now`.
/// Refuses with certificate_refused: wrong key type, not self-signed, expired or not yet valid.
/// The caller then compares key and subject with the peer's record.
struct PeerIdentity {
  PublicKey key;
  std::string subject;
};
core::Result<PeerIdentity> check_process_certificate(ByteView der, core::Time now);

}  // namespace intertie::crypto
