#include "former_seal_keys.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "files.h"
#include "seal_key_file.h"

namespace intertie::service {
namespace {

constexpr std::size_t kFormerKeysBytesMax = 16u << 10;

void add_line(std::string& text, core::Time since, const crypto::SealKeyPair& key) {
  std::string encoded = crypto::encode_base64url(key.reveal_private_key());
  text += core::to_rfc3339(since) + " " + encoded + "\n";
  wipe_text(encoded);
}

core::Result<void> write_text(const std::string& folder, std::string& text) {
  auto written = write_file_durably(folder + kFormerSealKeysFile, text, 0600);
  wipe_text(text);
  return written;
}

core::Result<FormerSealKey> parse_line(const std::string& line, const std::string& path) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos) return core::Error{core::Reason::bad_key, path};
  const auto since = core::parse_rfc3339(std::string_view(line).substr(0, space));
  if (!since) return core::Error{core::Reason::bad_key, path};
  auto key = parse_seal_key(line.substr(space + 1), path);
  if (!key) return key.error();
  return FormerSealKey{*since, std::move(*key)};
}

}  // namespace

core::Result<std::vector<FormerSealKey>> read_former_seal_keys(const std::string& folder) {
  const std::string path = folder + kFormerSealKeysFile;
  auto text = read_private_file(path, kFormerKeysBytesMax);
  std::vector<FormerSealKey> keys;
  if (!text) {
    if (text.error().reason == core::Reason::not_found) return keys;
    return text.error();
  }
  core::Result<void> sound;
  for (std::size_t begin = 0; begin < text->size() && sound;) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    std::string line = text->substr(begin, end - begin);
    begin = end + 1;
    auto key = parse_line(line, path);
    wipe_text(line);
    if (key) {
      keys.push_back(std::move(*key));
    } else {
      sound = key.error();
    }
  }
  wipe_text(*text);
  if (!sound) return sound.error();
  return keys;
}

core::Result<void> write_former_seal_keys(const std::string& from, const std::string& to,
                                          const crypto::SealKeyPair& last, core::Time now) {
  const auto former = read_former_seal_keys(from);
  if (!former) return former.error();
  std::string text;
  std::size_t count = 0;
  for (const FormerSealKey& each : *former) {
    // Written before by a change that was cut off.
    if (each.key.public_key() == last.public_key()) continue;
    add_line(text, each.since, each.key);
    ++count;
  }
  if (count >= kFormerSealKeysMax) {
    wipe_text(text);
    return {core::Reason::busy, "secrets that were sealed to earlier keys are still under way"};
  }
  add_line(text, now, last);
  return write_text(to, text);
}

core::Result<void> put_former_seal_keys(const std::string& folder,
                                        std::span<const FormerSealKey> keys) {
  if (keys.empty()) {
    const std::string path = folder + kFormerSealKeysFile;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return make_io_error(path);
    return sync_folder(folder);
  }
  std::string text;
  for (const FormerSealKey& each : keys) add_line(text, each.since, each.key);
  return write_text(folder, text);
}

core::Result<crypto::Secret> open_bound_with(std::string_view box, crypto::BoxContext context,
                                             const crypto::SealKeyPair& present,
                                             std::span<const FormerSealKey> former) {
  auto opened = crypto::open_bound(box, context, present);
  for (auto each = former.rbegin(); !opened && each != former.rend(); ++each) {
    if (auto other = crypto::open_bound(box, context, each->key)) return other;
  }
  return opened;
}

}  // namespace intertie::service
