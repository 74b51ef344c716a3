#include "key_store.h"

#include <arpa/inet.h>

#include <utility>

#include "intertie/crypto/certificate.h"

#include "files.h"
#include "seal_key_file.h"

namespace intertie::service {
namespace {

constexpr std::size_t kKeyFileBytesMax = 64u << 10;
constexpr core::Duration kLifetime = core::hours(24 * 3652);
constexpr core::Duration kRenewBefore = core::hours(24 * 365);

crypto::Validity make_validity(core::Time now) {
  const core::Time from{now.micros - now.micros % 1'000'000};
  return {from - core::hours(24), from + kLifetime};
}

bool is_missing(const core::Error& error) { return error.reason == core::Reason::not_found; }

core::Result<crypto::KeyPair> open_hub_key(const std::string& path) {
  auto pem = read_private_file(path, kKeyFileBytesMax);
  if (pem) {
    auto key = crypto::import_private_pem(*pem);
    if (!key) return core::Error{key.error().reason, path};
    return key;
  }
  if (!is_missing(pem.error())) return pem.error();
  crypto::KeyPair key = crypto::KeyPair::generate();
  const crypto::Secret text = key.export_private_pem();
  if (auto done = write_file_durably(path, text.reveal_text(), 0600); !done) return done.error();
  return key;
}

core::Result<std::string> open_process_certificate(const std::string& path,
                                                   const crypto::KeyPair& key,
                                                   const std::string& subject, core::Time now) {
  auto pem = read_whole_file(path, kKeyFileBytesMax);
  if (pem) {
    const auto facts = crypto::read_certificate_pem(*pem);
    if (facts && facts->key == key.public_key() && facts->subject == subject &&
        facts->not_before <= now && now + kRenewBefore < facts->not_after) {
      return pem;
    }
  } else if (!is_missing(pem.error())) {
    return pem.error();
  }
  auto made = crypto::create_process_certificate(key, subject, make_validity(now));
  if (!made) return made.error();
  if (auto done = write_file_durably(path, *made, 0600); !done) return done.error();
  return made;
}

bool is_address(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

struct UserFiles {
  std::string certificate;
  crypto::Secret key;
};

core::Result<UserFiles> open_user_certificate(const std::string& folder,
                                              const std::vector<std::string>& host_names,
                                              core::Time now) {
  const std::string key_path = folder + "/user-key.pem";
  const std::string certificate_path = folder + "/user-certificate.pem";
  auto key = read_private_file(key_path, kKeyFileBytesMax);
  auto certificate = read_whole_file(certificate_path, kKeyFileBytesMax);
  if (key && certificate) {
    const crypto::ByteView bytes = crypto::as_bytes(*key);
    return UserFiles{std::move(*certificate), crypto::Secret({bytes.begin(), bytes.end()})};
  }
  if (!key && !is_missing(key.error())) return key.error();
  if (!certificate && !is_missing(certificate.error())) return certificate.error();
  crypto::ServerNames names{"localhost", {"localhost"}, {"127.0.0.1", "::1"}};
  for (const std::string& name : host_names) {
    (is_address(name) ? names.addresses : names.dns).push_back(name);
  }
  auto made = crypto::create_server_certificate(names, make_validity(now));
  if (!made) return made.error();
  // The key first: a certificate without its key is made anew at the next start.
  auto done = write_file_durably(key_path, made->private_key_pem.reveal_text(), 0600);
  if (done) done = write_file_durably(certificate_path, made->certificate_pem, 0600);
  if (!done) return done.error();
  return UserFiles{std::move(made->certificate_pem), std::move(made->private_key_pem)};
}

}  // namespace

core::Result<HubKeys> open_hub_keys(const std::string& folder, const std::string& subject,
                                    const std::vector<std::string>& host_names, core::Time now) {
  if (auto done = make_private_folder(folder); !done) return done.error();
  auto sign = open_hub_key(folder + "/sign.pem");
  if (!sign) return sign.error();
  auto tls = open_hub_key(folder + "/tls.pem");
  if (!tls) return tls.error();
  auto token = open_hub_key(folder + "/token.pem");
  if (!token) return token.error();
  auto seal = open_seal_key(folder + "/seal.key");
  if (!seal) return seal.error();
  auto former_seals = read_former_seal_keys(folder);
  if (!former_seals) return former_seals.error();
  auto former_tokens = read_former_token_keys(folder);
  if (!former_tokens) return former_tokens.error();
  auto process = open_process_certificate(folder + "/tls-certificate.pem", *tls, subject, now);
  if (!process) return process.error();
  auto user = open_user_certificate(folder, host_names, now);
  if (!user) return user.error();
  const auto user_der = crypto::convert_certificate_to_der(user->certificate);
  if (!user_der) return core::Error{core::Reason::bad_key, folder + "/user-certificate.pem"};
  const crypto::Digest site_digest =
      crypto::compute_sha256(crypto::export_public_der(tls->public_key()));
  const crypto::Digest user_digest = crypto::compute_sha256(*user_der);
  return HubKeys{std::move(*sign),
                 std::move(*tls),
                 std::move(*token),
                 std::move(*seal),
                 std::move(*process),
                 std::move(user->certificate),
                 std::move(user->key),
                 crypto::encode_hex(site_digest.bytes),
                 crypto::encode_hex(user_digest.bytes),
                 std::move(*former_seals),
                 std::move(*former_tokens)};
}

}  // namespace intertie::service
