// Files on their way to the hub and back, chunk by chunk; going on where an earlier try was cut.
#pragma once

#include <string>

#include "intertie/api_client/client.h"
#include "intertie/core/result.h"
#include "intertie/transfer/manifest.h"

#include "session/hub_session.h"
#include "session/terminal.h"

namespace intertie::cli {

/// What a file is as a dataset; reads all of it and sends nothing.
core::Result<transfer::Manifest> read_manifest(const std::string& path, const Terminal& terminal);

/// Sends a file as a dataset: reads it once to know it, then sends the chunks that the hub does not
/// have. Tries again for a while when the connection breaks. bad_digest: it changed meanwhile.
core::Result<api::DatasetView> send_file(const std::string& path,
                                         const api_client::DatasetSettings& settings,
                                         HubSession& session, const Terminal& terminal);

/// Fetches a dataset to `path`: each chunk is verified, and the file has its name when it is whole.
/// What an earlier try left in PATH.part is used again as far as it verifies.
core::Result<void> fetch_file(const api::DatasetView& dataset, const std::string& path,
                              HubSession& session, const Terminal& terminal);

/// The same to standard output, without going back.
core::Result<void> print_dataset(const api::DatasetView& dataset, HubSession& session,
                                 const Terminal& terminal);

}  // namespace intertie::cli
