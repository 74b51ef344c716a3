// A site's keys: one signs what it says, one proves who it is on the wire.
#pragma once

#include <string>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/crypto/signature.h"

namespace intertie::service {

/// `sign` stands in the site's registration record and signs usage records and measurements; `tls`
/// is the key of the process certificate and is used for nothing else.
struct SiteKeys {
  crypto::KeyPair sign;
  crypto::KeyPair tls;
  std::string certificate_pem;
  std::string fingerprint;  // SHA-256 of the certificate (DER), 64 hexadecimal digits.
};

/// Reads FOLDER/sign.key and FOLDER/tls.key (PKCS #8, 0600), which are made at the first start.
/// `subject` becomes the certificate's name; the certificate itself is made anew at each start, as
/// peers compare its key. bad_key: a file is not an Ed25519 key. io_failed.
core::Result<SiteKeys> open_site_keys(const std::string& folder, const std::string& subject,
                                      core::Time now);

}  // namespace intertie::service
