#include "head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "intertie/crypto/digest.h"

namespace intertie::storage_sqlite {
namespace {

constexpr std::string_view kMagic = "ITHEAD01";
constexpr std::size_t kChecked = 48;
constexpr std::size_t kLength = 64;

std::string get_path(const std::string& folder) { return folder + "/head"; }

std::string compute_check(const storage::Incarnation& incarnation, std::string_view checked) {
  std::string bytes(incarnation.begin(), incarnation.end());
  bytes += checked;
  const crypto::Digest digest = crypto::compute_sha256(bytes);
  return {digest.bytes.begin(), digest.bytes.begin() + (kLength - kChecked)};
}

std::string encode(const storage::Incarnation& incarnation, const storage::LogPosition& last) {
  std::string bytes(kMagic);
  for (int shift = 0; shift < 64; shift += 8) {
    bytes += static_cast<char>((last.index >> shift) & 0xff);
  }
  bytes.append(last.chain.bytes.begin(), last.chain.bytes.end());
  return bytes + compute_check(incarnation, bytes);
}

}  // namespace

core::Result<std::optional<storage::LogPosition>> read_head_file(
    const std::string& folder, const storage::Incarnation& incarnation) {
  const core::Result<std::string> bytes = read_whole_file(get_path(folder));
  if (!bytes.has_value()) {
    if (bytes.error().reason != core::Reason::not_found) return bytes.error();
    return std::optional<storage::LogPosition>{};
  }
  storage::LogPosition last;
  if (bytes->size() == kLength) {
    for (int i = 7; i >= 0; --i) {
      const auto at = kMagic.size() + static_cast<std::size_t>(i);
      last.index = (last.index << 8) | static_cast<unsigned char>((*bytes)[at]);
    }
    std::copy_n(bytes->begin() + 16, last.chain.bytes.size(), last.chain.bytes.begin());
  }
  if (*bytes != encode(incarnation, last)) {
    return {core::Reason::store_damaged,
            get_path(folder) +
                " is damaged or another store's: run intertie log verify on the "
                "store, and remove the file if nothing else is damaged"};
  }
  return std::optional(last);
}

core::Result<HeadFile> HeadFile::open(const std::string& folder,
                                      const storage::Incarnation& incarnation,
                                      const storage::LogPosition& last) {
  const std::string path = get_path(folder);
  // Under its name only when it is whole: a power cut leaves none, or all of it.
  if (!has_file(path)) {
    auto written = write_synced(path + ".part", encode(incarnation, last));
    if (written.has_value()) written = rename_durably(path + ".part", path);
    if (!written.has_value()) return written.error();
  }
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file.is_open()) {
    const int code = errno;
    return {core::Reason::store_unavailable,
            "open " + path + ": " + std::generic_category().message(code)};
  }
  HeadFile head(std::move(file), incarnation);
  head.note(last);
  if (auto synced = sync_file(path); !synced.has_value()) return synced.error();
  return head;
}

void HeadFile::note(const storage::LogPosition& last) const {
  const std::string bytes = encode(incarnation_, last);
  (void)!::pwrite(file_.number(), bytes.data(), bytes.size(), 0);
}

}  // namespace intertie::storage_sqlite
