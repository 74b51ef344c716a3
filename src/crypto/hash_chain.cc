// The two formulas of the hash chain.
#include "intertie/crypto/hash_chain.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace intertie::crypto {
namespace {

// The terminating zero byte belongs to the domain.
constexpr char kStartDomain[] = "intertie/chain-start/1";
constexpr char kLinkDomain[] = "intertie/chain-link/1";

/// SHA-256 of the domain and the digests behind it, without allocation.
template <std::size_t DomainLength, class... Digests>
Digest hash_parts(const char (&domain)[DomainLength], const Digests&... digests) {
  std::array<std::uint8_t, DomainLength + sizeof...(digests) * Digest::kLength> parts;
  auto end = std::copy(std::begin(domain), std::end(domain), parts.begin());
  ((end = std::copy(digests.bytes.begin(), digests.bytes.end(), end)), ...);
  return compute_sha256(parts);
}

}  // namespace

Digest compute_chain_start(std::string_view name) {
  return hash_parts(kStartDomain, compute_sha256(name));
}

Digest compute_chain_link(const Digest& previous, const Digest& head, const Digest& body) {
  return hash_parts(kLinkDomain, previous, head, body);
}

}  // namespace intertie::crypto
