// Secrets of a job: read here, sealed here, and sent as boxes that the hub alone can open.
#pragma once

#include <map>
#include <string>

#include "intertie/core/result.h"
#include "intertie/crypto/secret.h"
#include "intertie/hub/job_document.h"

#include "command_line/parse.h"
#include "session/hub_session.h"

namespace intertie::cli {

/// The `--secret` options, added to the document: NAME (the variable of that name here), NAME=@FILE
/// and NAME=- (standard input). A value is never an argument: others can read those. bad_argument.
core::Result<void> add_secret_options(const Invocation& invocation, hub::JobDocument& document);

/// Clear values by name, wiped when they go out of use.
using SecretValues = std::map<std::string, crypto::Secret>;

/// Reads what the document's sources name; relative files are below `base`. One line break at the
/// end of a file or of standard input is dropped, as the shell does. Contacts nothing. bad_field
/// (the variable is not set, an empty value, a zero byte), io_failed, too_large.
core::Result<SecretValues> read_secrets(const hub::JobDocument& document, const std::string& base);

/// Puts boxes in the place of the sources: each sealed to the hub's key, for the principal of this
/// session and the secret's name. Asks the hub for its key if there is anything to seal.
core::Result<void> seal_secrets(hub::JobDocument& document, const SecretValues& values,
                                HubSession& session);

}  // namespace intertie::cli
