#include "intertie/service/hub_rotation.h"

#include <unistd.h>

#include <utility>
#include <vector>

#include "intertie/core/limits.h"
#include "intertie/crypto/signature.h"

#include "clock.h"
#include "files.h"
#include "former_seal_keys.h"
#include "former_token_keys.h"
#include "seal_key_file.h"

namespace intertie::service {
namespace {

constexpr std::size_t kRotatedKeyBytesMax = 64u << 10;

core::Result<std::string> find_keys(const std::string& folder) {
  std::string keys = folder + "/keys";
  if (::access((keys + "/sign.pem").c_str(), F_OK) == 0) return keys;
  return core::Error{core::Reason::not_found, "no hub in " + folder};
}

}  // namespace

core::Result<RotatedHubKey> rotate_hub_token_key(const std::string& folder,
                                                 core::Duration overlap) {
  if (overlap < core::Duration{} || overlap > core::limits::token_lifetime_max) {
    return core::Error{core::Reason::out_of_range,
                       "overlap: at most " + core::to_text(core::limits::token_lifetime_max)};
  }
  const auto keys = find_keys(folder);
  if (!keys) return keys.error();
  const std::string path = *keys + "/token.pem";
  const auto pem = read_private_file(path, kRotatedKeyBytesMax);
  if (!pem) return pem.error();
  const auto old = crypto::import_private_pem(*pem);
  if (!old) return core::Error{old.error().reason, path};
  auto known = read_former_token_keys(*keys);
  if (!known) return known.error();
  const core::Time now = read_clock();
  const core::Time until = now + overlap;
  std::vector<api::FormerTokenKey> former;
  if (overlap > core::Duration{}) {
    for (const api::FormerTokenKey& each : *known) {
      if (each.until > now && each.key != old->public_key()) former.push_back(each);
    }
    former.push_back({old->public_key(), until});
  }
  const crypto::KeyPair fresh = crypto::KeyPair::generate();
  const crypto::Secret text = fresh.export_private_pem();
  // The old key verifies before the new one signs: no token is without a key in between.
  auto done = write_former_token_keys(*keys, former);
  if (done) done = write_file_durably(path, text.reveal_text(), 0600);
  if (!done) return done.error();
  return RotatedHubKey{crypto::to_text(fresh.public_key()), until};
}

core::Result<RotatedHubKey> rotate_hub_seal_key(const std::string& folder) {
  const auto keys = find_keys(folder);
  if (!keys) return keys.error();
  const auto old = open_seal_key(*keys + "/seal.key");
  if (!old) return old.error();
  const crypto::SealKeyPair fresh = crypto::SealKeyPair::generate();
  auto done = write_former_seal_keys(*keys, *keys, *old, read_clock());
  if (done) done = write_seal_key(*keys + "/seal.key", fresh);
  if (!done) return done.error();
  return RotatedHubKey{crypto::to_text(fresh.public_key()), {}};
}

}  // namespace intertie::service
