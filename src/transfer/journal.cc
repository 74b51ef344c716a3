// The chunk journal.
#include "intertie/transfer/journal.h"

#include <cassert>

#include "intertie/crypto/bytes.h"

namespace intertie::transfer {
namespace {

constexpr std::size_t kRecordBytes = 8;

std::string format_index(std::uint32_t chunk) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(chunk >> shift));
  return bytes;
}

std::uint32_t read_index(std::string_view bytes) {
  std::uint32_t index = 0;
  for (const char byte : bytes.substr(0, 4)) index = index << 8 | static_cast<unsigned char>(byte);
  return index;
}

}  // namespace

std::string ChunkJournal::format_record(const crypto::Digest& root, std::uint32_t chunk) {
  const std::string index = format_index(chunk);
  const crypto::Digest check =
      crypto::compute_sha256(std::string(crypto::as_text(root.bytes)) + index);
  return index + std::string(crypto::as_text(check.bytes).substr(0, 4));
}

ChunkJournal ChunkJournal::replay(const crypto::Digest& root, std::uint32_t chunks,
                                  std::string_view bytes) {
  ChunkJournal journal(chunks);
  for (; bytes.size() >= kRecordBytes; bytes.remove_prefix(kRecordBytes)) {
    const std::uint32_t chunk = read_index(bytes);
    if (chunk >= chunks || bytes.substr(0, kRecordBytes) != format_record(root, chunk)) continue;
    journal.add(chunk);
  }
  return journal;
}

bool ChunkJournal::add(std::uint32_t chunk) {
  assert(chunk < size());
  if (has_[chunk]) return false;
  has_[chunk] = true;
  ++count_;
  return true;
}

void ChunkJournal::remove(std::uint32_t chunk) {
  assert(chunk < size());
  if (!has_[chunk]) return;
  has_[chunk] = false;
  --count_;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> ChunkJournal::list_missing(
    std::size_t ranges_max) const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  for (std::uint32_t chunk = 0; chunk < size(); ++chunk) {
    if (has_[chunk]) continue;
    if (!ranges.empty() && ranges.back().second + 1 == chunk) {
      ranges.back().second = chunk;
    } else if (ranges.size() == ranges_max) {
      break;
    } else {
      ranges.emplace_back(chunk, chunk);
    }
  }
  return ranges;
}

}  // namespace intertie::transfer
