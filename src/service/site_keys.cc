#include "site_keys.h"

#include <utility>

#include "intertie/core/limits.h"
#include "intertie/crypto/certificate.h"

#include "files.h"
#include "seal_key_file.h"

namespace intertie::service {
namespace {

// Long enough that an agent which is never restarted keeps its certificate.
constexpr core::Duration kCertificateLife = core::hours(24 * 365 * 10);

core::Result<crypto::KeyPair> open_site_key(const std::string& path) {
  auto found = read_private_file(path, core::limits::certificate_bytes_max);
  if (found) return crypto::import_private_pem(*found);
  if (found.error().reason != core::Reason::not_found) return found.error();
  crypto::KeyPair key = crypto::KeyPair::generate();
  const crypto::Secret pem = key.export_private_pem();
  if (auto written = write_file_durably(path, pem.reveal_text(), 0600); !written)
    return written.error();
  return key;
}

}  // namespace

core::Result<SiteKeys> open_site_keys(const std::string& folder, const std::string& subject,
                                      core::Time now) {
  auto sign = open_site_key(folder + "/sign.key");
  if (!sign) return sign.error();
  auto tls = open_site_key(folder + "/tls.key");
  if (!tls) return tls.error();
  auto seal = open_seal_key(folder + "/seal.key");
  if (!seal) return seal.error();
  auto former = read_former_seal_keys(folder);
  if (!former) return former.error();
  auto next = open_site_key(folder + "/next.key");
  if (!next) return next.error();
  auto certificate = create_site_certificate(*tls, subject, now);
  if (!certificate) return certificate.error();
  const auto facts = crypto::read_certificate_pem(*certificate);
  if (!facts) return facts.error();
  return SiteKeys{std::move(*sign),        std::move(*tls),
                  std::move(*seal),        std::move(*next),
                  std::move(*certificate), crypto::encode_hex(facts->fingerprint.bytes),
                  std::move(*former)};
}

core::Result<std::string> create_site_certificate(const crypto::KeyPair& tls,
                                                  const std::string& subject, core::Time now) {
  const core::Time whole{now.micros / 1'000'000 * 1'000'000};
  return crypto::create_process_certificate(tls, subject,
                                            {whole - core::hours(24), whole + kCertificateLife});
}

}  // namespace intertie::service
