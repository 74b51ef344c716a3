// Who a site is, once it has joined: what the hub gave it, kept in one file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"

namespace intertie::service {

/// FOLDER/identity.json (0600).
struct SiteIdentity {
  std::string site;                // Registered identifier.
  std::uint32_t handle = 0;        // The hub's number for it.
  std::vector<std::string> pools;  // Names, by position in the offer.
  std::string record;              // The signed registration record, as received.
  std::string hub;                 // The hub's identifier.
  std::string hub_sign_key;        // "ed25519:..."
  std::string hub_address;         // "https://host:port"
  std::string hub_fingerprint;     // SHA-256 of the site listener's certificate, hex.
};
BOOST_DESCRIBE_STRUCT(SiteIdentity, (),
                      (site, handle, pools, record, hub, hub_sign_key, hub_address,
                       hub_fingerprint))

/// not_found: the site has not joined. Otherwise io_failed or the codec's reasons.
core::Result<SiteIdentity> read_site_identity(const std::string& folder);

core::Result<void> write_site_identity(const std::string& folder, const SiteIdentity& identity);

}  // namespace intertie::service
