// The keys of a hub: files in a private folder, made at the first start, one purpose each.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/sealed_box.h"
#include "intertie/crypto/secret.h"
#include "intertie/crypto/signature.h"

#include "former_seal_keys.h"
#include "former_token_keys.h"

namespace intertie::service {

/// Files (mode 0600) in the folder (0700); ARCHITECTURE.md, idea 8:
///   sign.pem               Ed25519: the registry's key, signs records; never near a socket
///   tls.pem                Ed25519: the site listener's
///   tls-certificate.pem    of tls.pem, 10 years, renewed a year before its end
///   token.pem              Ed25519: signs bearer and join tokens
///   seal.key               X25519: opens the secrets that users seal to the hub
///   former-seal.keys, former-token.keys   what hub_rotation.h has replaced, while it is needed
///   user-key.pem, user-certificate.pem   P-256: the user listener's; an operator may replace both
struct HubKeys {
  crypto::KeyPair sign;
  crypto::KeyPair tls;
  crypto::KeyPair token;
  crypto::SealKeyPair seal;
  std::string tls_certificate_pem;
  std::string user_certificate_pem;
  crypto::Secret user_key_pem;

  /// SHA-256 of the site listener's public key (SubjectPublicKeyInfo), hexadecimal: it outlives the
  /// certificate's renewal.
  std::string site_fingerprint;
  /// SHA-256 of the user listener's certificate, hexadecimal.
  std::string user_fingerprint;

  std::vector<FormerSealKey> former_seals;
  std::vector<api::FormerTokenKey> former_tokens;
};

/// Opens or creates the keys. `subject` names the tls certificate; `host_names` are added to
/// localhost and the loopback addresses in the user listener's. io_failed; denied (others may read
/// a key); bad_key; bad_field.
core::Result<HubKeys> open_hub_keys(const std::string& folder, const std::string& subject,
                                    const std::vector<std::string>& host_names, core::Time now);

}  // namespace intertie::service
