// A site's keys: one signs what it says, one proves who it is on the wire.
#pragma once

#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/sealed_box.h"
#include "intertie/crypto/signature.h"

#include "former_seal_keys.h"

namespace intertie::service {

/// `sign` stands in the site's registration record and signs usage records and measurements; `tls`
/// is the key of the process certificate and is used for nothing else; `seal` opens the secrets of
/// jobs, and its public half stands in the record too.
struct SiteKeys {
  crypto::KeyPair sign;
  crypto::KeyPair tls;
  crypto::SealKeyPair seal;
  crypto::KeyPair next;  // The signing key after the present one: the record commits to it.
  std::string certificate_pem;
  std::string fingerprint;  // SHA-256 of the certificate (DER), 64 hexadecimal digits.
  std::vector<FormerSealKey> former_seals;  // For boxes that attempts have fetched before.
};

/// Reads FOLDER/sign.key, FOLDER/tls.key and FOLDER/next.key (PKCS #8, 0600) and FOLDER/seal.key
/// (seal_key_file.h); what is missing is made.
/// `subject` becomes the certificate's name; the certificate itself is made anew at each start, as
/// peers compare its key. bad_key: a file is not such a key. io_failed.
core::Result<SiteKeys> open_site_keys(const std::string& folder, const std::string& subject,
                                      core::Time now);

/// The process certificate of a TLS key, valid for ten years from a day before `now`.
core::Result<std::string> create_site_certificate(const crypto::KeyPair& tls,
                                                  const std::string& subject, core::Time now);

}  // namespace intertie::service
