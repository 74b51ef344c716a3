// Boxes of secrets on their way through the hub: checked at submission, sealed anew for a site, be
// it this region's or another's.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "intertie/api/backend.h"
#include "intertie/core/result.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/running_job.h"

#include "call.h"

namespace intertie::api {

/// Whether the hub can open every box of a document that `owner` submits, so that a box of another
/// hub, owner or name is refused before the job waits for anything. secret_unreadable; bad_field
/// for a source that only the command line reads; too_large. About 0.1 ms a box; nothing is kept.
core::Result<void> check_boxes(const Backend& backend, const hub::JobDocument& document,
                               const std::string& owner);

/// Whose boxes are to be opened, and for which attempt at which site they are sealed anew.
struct BoxTarget {
  std::uint64_t document = 0;  // Log index; its body is the job document.
  std::string owner;
  std::uint64_t job = 0;  // As the site's own hub numbers it.
  std::uint32_t attempt = 0;
  std::string site_seal_key;
};

/// The secrets of an attempt, sealed to its site's key for this attempt. secret_unreadable (one
/// does not open), secrets_refused (the site's key), or what the store refuses.
core::Result<std::map<std::string, std::string>> seal_for_site(Backend& backend,
                                                               const BoxTarget& target);

/// The `seal` key in the record of a site of another region, if the record is that of the site
/// where the attempt was sent: signed by its hub, and by one of the site's announced keys.
/// secrets_refused, or what the record lacks.
core::Result<std::string> find_remote_seal_key(const hub::PeerAttempt& attempt,
                                               const std::string& record);

/// The handler of POST /site/v1/secrets.
void give_secrets(const CallPointer& call);

/// The handler of POST /peer/v1/secrets.
void give_peer_secrets(const CallPointer& call);

}  // namespace intertie::api
