#include "former_token_keys.h"

#include <algorithm>

#include "files.h"

namespace intertie::service {

core::Result<std::vector<api::FormerTokenKey>> read_former_token_keys(const std::string& folder) {
  constexpr std::size_t kFileBytesMax = 64u << 10;
  const std::string path = folder + kFormerTokenKeysFile;
  // Whoever can write it decides whose tokens count, so it is as private as the keys.
  const auto text = read_private_file(path, kFileBytesMax);
  std::vector<api::FormerTokenKey> keys;
  if (!text) {
    if (text.error().reason == core::Reason::not_found) return keys;
    return text.error();
  }
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const std::string line = text->substr(begin, end - begin);
    begin = end + 1;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) return core::Error{core::Reason::bad_key, path};
    const auto until = core::parse_rfc3339(std::string_view(line).substr(0, space));
    const auto key = crypto::parse_public_key(std::string_view(line).substr(space + 1));
    if (!until || !key) return core::Error{core::Reason::bad_key, path};
    keys.push_back({*key, *until});
  }
  return keys;
}

core::Result<void> write_former_token_keys(const std::string& folder,
                                           std::span<const api::FormerTokenKey> keys) {
  std::string text;
  for (const api::FormerTokenKey& each : keys) {
    text += core::to_rfc3339(each.until) + " " + crypto::to_text(each.key) + "\n";
  }
  return write_file_durably(folder + kFormerTokenKeysFile, text, 0600);
}

}  // namespace intertie::service
