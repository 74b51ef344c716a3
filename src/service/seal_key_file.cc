// Seal keys as files.
#include "seal_key_file.h"

#include <utility>

#include "intertie/crypto/bytes.h"

#include "files.h"

namespace intertie::service {
namespace {

constexpr std::size_t kSealKeyBytesMax = 1u << 10;

}  // namespace

void wipe_text(std::string& text) {
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
}

core::Result<crypto::SealKeyPair> parse_seal_key(std::string text, const std::string& path) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto bytes = crypto::decode_base64url(text);
  wipe_text(text);
  if (!bytes) return core::Error{core::Reason::bad_key, path};
  const crypto::Secret raw(std::move(*bytes));
  auto key = crypto::SealKeyPair::from_private_key(raw.reveal());
  if (!key) return core::Error{key.error().reason, path};
  return key;
}

core::Result<crypto::SealKeyPair> open_seal_key(const std::string& path) {
  auto found = read_private_file(path, kSealKeyBytesMax);
  if (found) return parse_seal_key(std::move(*found), path);
  if (found.error().reason != core::Reason::not_found) return found.error();
  crypto::SealKeyPair key = crypto::SealKeyPair::generate();
  if (const auto written = write_seal_key(path, key); !written) return written.error();
  return key;
}

core::Result<void> write_seal_key(const std::string& path, const crypto::SealKeyPair& key) {
  std::string text = crypto::encode_base64url(key.reveal_private_key());
  auto written = write_file_durably(path, text, 0600);
  wipe_text(text);
  return written;
}

}  // namespace intertie::service
