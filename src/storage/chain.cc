#include "intertie/storage/chain.h"

#include <array>
#include <cstring>
#include <string>

#include "intertie/crypto/hash_chain.h"
#include "intertie/storage/store.h"

#include "byte_order.h"

namespace intertie::storage {
namespace {

constexpr std::size_t kEnvelopeLength = 8 + 8 + 2 + 2;
constexpr std::size_t kUsualHeadMax = 4u << 10;  // Nearly every head; larger ones go to the heap.

void write_envelope(char* out, const HeadView& record) {
  write_little_endian(out, record.index, 8);
  write_little_endian(out + 8, static_cast<std::uint64_t>(record.time.micros), 8);
  write_little_endian(out + 16, record.kind, 2);
  write_little_endian(out + 18, record.version, 2);
}

crypto::Digest digest_head(const HeadView& record) {
  // One contiguous input costs half of a streamed one, and the stack half of the heap.
  std::array<char, kEnvelopeLength + kUsualHeadMax> buffer;
  if (record.head.size() > kUsualHeadMax) {
    std::string large(kEnvelopeLength, '\0');
    write_envelope(large.data(), record);
    return crypto::compute_sha256(large.append(record.head));
  }
  write_envelope(buffer.data(), record);
  if (!record.head.empty()) {
    std::memcpy(buffer.data() + kEnvelopeLength, record.head.data(), record.head.size());
  }
  return crypto::compute_sha256(
      std::string_view(buffer.data(), kEnvelopeLength + record.head.size()));
}

}  // namespace

crypto::Digest chain_genesis(const Incarnation& incarnation) {
  return crypto::compute_chain_start(
      std::string_view(reinterpret_cast<const char*>(incarnation.data()), incarnation.size()));
}

crypto::Digest digest_body(std::string_view body) {
  return body.empty() ? empty_body_digest() : crypto::compute_sha256(body);
}

const crypto::Digest& empty_body_digest() {
  static const crypto::Digest digest = crypto::compute_sha256(std::string_view{});
  return digest;
}

crypto::Digest chain_record(const crypto::Digest& previous, const HeadView& record) {
  return crypto::compute_chain_link(previous, digest_head(record), record.body_digest);
}

std::vector<Link> chain_batch(const crypto::Digest& previous, const Batch& batch) {
  std::vector<Link> links;
  links.reserve(batch.records.size());
  for (const Record& record : batch.records) {
    const crypto::Digest& before = links.empty() ? previous : links.back().chain;
    const crypto::Digest body_digest = digest_body(record.body);
    const HeadView view{record.index, record.time, record.kind, record.version,
                        record.head,  body_digest, {}};
    links.push_back({body_digest, chain_record(before, view)});
  }
  return links;
}

}  // namespace intertie::storage
