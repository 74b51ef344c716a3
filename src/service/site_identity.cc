#include "site_identity.h"

#include "intertie/codec/json.h"
#include "intertie/core/limits.h"

#include "files.h"

namespace intertie::service {
namespace {

std::string get_path(const std::string& folder) { return folder + "/identity.json"; }

}  // namespace

core::Result<SiteIdentity> read_site_identity(const std::string& folder) {
  const auto text = read_private_file(get_path(folder), core::limits::document_bytes_max);
  if (!text) return text.error();
  return codec::from_json<SiteIdentity>(*text, codec::Boundary::tolerant);
}

core::Result<void> write_site_identity(const std::string& folder, const SiteIdentity& identity) {
  return write_file_durably(get_path(folder), codec::to_json_pretty(identity), 0600);
}

}  // namespace intertie::service
