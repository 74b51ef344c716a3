// From a job document to a submission: all checks that need no state, off the engine's thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/hub/commands.h"
#include "intertie/hub/job_document.h"

namespace intertie::hub {

/// Checks the document (check_document, placement::check_requirements) and derives shape and head.
/// `idempotency` is the request's Idempotency-Key, if any: any text up to 255 bytes. The request's
/// digest is over the document alone, so the same document under the same key is a repeat. Pure.
core::Result<Submission> prepare_submission(const JobDocument& document,
                                            std::optional<std::string_view> idempotency);

/// The requirements of a document, canonical. Pure.
placement::Requirements make_requirements(const JobDocument& document);

}  // namespace intertie::hub
