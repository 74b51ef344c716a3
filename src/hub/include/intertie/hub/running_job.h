// Which job a site, or another region's hub, may ask about now: what runs there, and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/hub/machine.h"
#include "intertie/hub/state.h"

namespace intertie::hub {

/// A job's current attempt at a site of this hub.
struct SiteAttempt {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint64_t document = 0;  // Log index whose body is the job document.
  std::string owner;           // Principal here; empty for a guest.
  std::string site_seal_key;   // Empty: the site has none.
  std::uint64_t site_record =
      0;                       // Log index of the record's last version that the site signed; or 0.
  std::optional<Guest> guest;  // The job is another region's, whose hub decides.
};

/// Empty unless this is the job's current attempt and its place is this site. O(log jobs).
std::optional<SiteAttempt> find_site_attempt(const State& state, std::uint64_t job,
                                             std::uint32_t attempt, std::uint32_t site);

/// An attempt of a job of this hub that another region's hub runs.
struct PeerAttempt {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint64_t document = 0;
  std::string owner;
  std::string peer_sign_key;  // Of the hub that runs it.
  /// With which its site may sign: as announced when the hub was asked, and as announced now.
  std::vector<std::string> site_sign_keys;
};

/// Empty unless this offer was committed to this peer as this attempt and is not over. O(1).
std::optional<PeerAttempt> find_peer_attempt(const HubMachine& machine, std::uint32_t peer,
                                             std::uint64_t offer, std::uint32_t attempt);

}  // namespace intertie::hub
