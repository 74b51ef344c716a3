// Boxes of secrets on their way through the hub: checked at submission, sealed anew for a site.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "intertie/api/backend.h"
#include "intertie/core/result.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/job_secret.h"

#include "call.h"

namespace intertie::api {

/// Whether the hub can open every box of a document that `owner` submits, so that a box of another
/// hub, owner or name is refused before the job waits for anything. secret_unreadable; bad_field
/// for a source that only the command line reads; too_large. About 0.1 ms a box; nothing is kept.
core::Result<void> check_boxes(const Backend& backend, const hub::JobDocument& document,
                               const std::string& owner);

/// The secrets of an attempt, sealed to its site's key for this attempt. secret_unreadable (one
/// does not open), secrets_refused (the site's key), or what the store refuses.
core::Result<std::map<std::string, std::string>> seal_for_site(Backend& backend,
                                                               const hub::AttemptSecrets& secrets,
                                                               std::uint64_t job,
                                                               std::uint32_t attempt);

/// The handler of POST /site/v1/secrets.
void give_secrets(const CallPointer& call);

}  // namespace intertie::api
