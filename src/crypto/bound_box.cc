// Boxes with a context: the digest of the context goes before the content, inside the box.
#include "intertie/crypto/bound_box.h"

#include <algorithm>

#include "intertie/crypto/digest.h"

namespace intertie::crypto {
namespace {

Digest compute_context_digest(BoxContext context) {
  std::string text;
  for (const std::string& word : context) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      text += static_cast<char>(word.size() >> shift & 0xff);
    }
    text += word;
  }
  return compute_sha256(text);
}

}  // namespace

core::Result<std::string> seal_bound(ByteView content, BoxContext context,
                                     const SealPublicKey& receiver) {
  const Digest digest = compute_context_digest(context);
  ByteString plain;
  plain.reserve(digest.bytes.size() + content.size());  // No reallocation leaves a copy behind.
  plain.insert(plain.end(), digest.bytes.begin(), digest.bytes.end());
  plain.insert(plain.end(), content.begin(), content.end());
  const Secret wiped(std::move(plain));
  return seal(wiped.reveal(), receiver);
}

core::Result<Secret> open_bound(std::string_view box, BoxContext context,
                                const SealKeyPair& receiver) {
  const auto opened = open_sealed(box, receiver);
  if (!opened) return opened.error();
  const Digest digest = compute_context_digest(context);
  const ByteView plain = opened->reveal();
  if (plain.size() < digest.bytes.size() ||
      !std::ranges::equal(plain.first(digest.bytes.size()), digest.bytes)) {
    return {core::Reason::bad_key, "sealed box: made for another use"};
  }
  const ByteView content = plain.subspan(digest.bytes.size());
  return Secret(ByteString(content.begin(), content.end()));
}

}  // namespace intertie::crypto
