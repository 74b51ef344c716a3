// Names of datasets.
#include "intertie/transfer/dataset_name.h"

#include <algorithm>

#include "intertie/core/limits.h"
#include "intertie/transfer/manifest.h"

namespace intertie::transfer {
namespace {

constexpr std::string_view kNamePrefix = "data://";
constexpr std::string_view kRootPrefix = "data:";
constexpr std::string_view kWholePrefix = "sha256:";

}  // namespace

bool is_dataset_key(std::string_view text) {
  return text.starts_with(kRootPrefix) || text.starts_with(kWholePrefix);
}

core::Result<void> check_dataset_name(std::string_view name) {
  const bool is_good =
      !name.empty() && name.size() <= core::limits::dataset_name_bytes_max && name != "." &&
      name != ".." && std::ranges::all_of(name, [](char byte) {
        return static_cast<unsigned char>(byte) > ' ' && byte != '/' && byte != '\x7f';
      });
  if (is_good) return {};
  return {core::Reason::bad_field, "dataset name: 1 to 200 bytes without '/' and spaces"};
}

core::Result<DatasetKey> parse_dataset_key(std::string_view text) {
  DatasetKey key;
  if (text.starts_with(kNamePrefix)) {
    std::string_view rest = text.substr(kNamePrefix.size());
    const std::size_t slash = rest.find('/');
    if (slash != std::string_view::npos) {
      key.owner = rest.substr(0, slash);
      if (auto checked = check_dataset_name(key.owner); !checked) return checked.error();
      rest.remove_prefix(slash + 1);
    }
    if (auto checked = check_dataset_name(rest); !checked) return checked.error();
    key.name = rest;
    return key;
  }
  const bool is_root = text.starts_with(kRootPrefix);
  const auto digest = is_root ? parse_dataset(text) : crypto::parse_digest(text);
  if (!digest) {
    return core::Error{core::Reason::bad_syntax,
                       "dataset: data://NAME, data:<64 hex digits> or sha256:<64 hex digits>"};
  }
  key.kind = is_root ? DatasetKey::Kind::root : DatasetKey::Kind::whole;
  key.digest = *digest;
  return key;
}

std::string to_text(const DatasetKey& key) {
  if (key.kind == DatasetKey::Kind::root) return format_dataset(key.digest);
  if (key.kind == DatasetKey::Kind::whole) return crypto::to_text(key.digest);
  return std::string(kNamePrefix) + (key.owner.empty() ? "" : key.owner + "/") + key.name;
}

}  // namespace intertie::transfer
