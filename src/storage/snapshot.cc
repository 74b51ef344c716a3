#include "intertie/storage/snapshot.h"

#include <cstring>

#include "byte_order.h"

namespace intertie::storage {
namespace {

constexpr std::string_view kMagic = "ITSNAP";
constexpr std::string_view kVersion = "01";
constexpr std::size_t kHeaderLength = 8 + 16 + 8 + 32 + 32 + 8;
constexpr std::size_t kDigestLength = crypto::Digest::kLength;

std::string_view as_text(const auto& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

crypto::Digest read_digest(std::string_view bytes) {
  crypto::Digest digest;
  std::memcpy(digest.bytes.data(), bytes.data(), kDigestLength);
  return digest;
}

core::Error damaged(std::string detail) {
  return {core::Reason::store_damaged, "snapshot: " + std::move(detail)};
}

}  // namespace

std::string encode_snapshot(const Incarnation& incarnation, const Snapshot& snapshot) {
  std::string stored;
  stored.reserve(kHeaderLength + snapshot.bytes.size() + kDigestLength);
  const auto append_number = [&stored](std::uint64_t value) {
    char bytes[8];
    write_little_endian(bytes, value, sizeof bytes);
    stored.append(bytes, sizeof bytes);
  };
  stored.append(kMagic).append(kVersion).append(as_text(incarnation));
  append_number(snapshot.index);
  stored.append(as_text(snapshot.state_digest.bytes)).append(as_text(snapshot.chain.bytes));
  append_number(snapshot.bytes.size());
  stored.append(snapshot.bytes);
  return stored.append(as_text(crypto::compute_sha256(stored).bytes));
}

core::Result<Snapshot> decode_snapshot(const Incarnation& incarnation, std::string_view stored) {
  if (stored.size() < kHeaderLength + kDigestLength) return damaged("too short");
  if (!stored.starts_with(kMagic)) return damaged("not a snapshot");
  const std::string_view version = stored.substr(kMagic.size(), kVersion.size());
  const std::string_view content = stored.substr(0, stored.size() - kDigestLength);
  if (crypto::compute_sha256(content) != read_digest(stored.substr(content.size()))) {
    return damaged("its digest does not fit");
  }
  if (version != kVersion) {
    return {core::Reason::version_too_new, "snapshot: format " + std::string(version)};
  }
  if (content.substr(8, 16) != as_text(incarnation)) return damaged("of another store");
  Snapshot snapshot;
  snapshot.index = read_little_endian(content.substr(24, 8));
  snapshot.state_digest = read_digest(content.substr(32));
  snapshot.chain = read_digest(content.substr(64));
  if (read_little_endian(content.substr(96, 8)) != content.size() - kHeaderLength) {
    return damaged("its length does not fit");
  }
  snapshot.bytes = content.substr(kHeaderLength);
  return snapshot;
}

}  // namespace intertie::storage
