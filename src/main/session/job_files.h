// From what a user asked for to a job document whose inputs the hub has.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/hub/job_document.h"

#include "command_line/parse.h"
#include "session/hub_session.h"
#include "session/terminal.h"

namespace intertie::cli {

/// The document that `run`'s options and command ask for. A command such as "./prog" that is a file
/// here becomes an executable input at the same path. Inputs still name local paths. Refuses with
/// bad_argument and the codec's reasons; contacts nothing.
core::Result<hub::JobDocument> make_document(const Invocation& invocation);

/// Reads a job file ("-": stdin) and checks it as check_locally does. `base` becomes the folder
/// that its relative inputs are below. Errors carry the file's name and the line.
core::Result<hub::JobDocument> read_document(const std::string& path, std::string* base);

/// Checks that every local input exists and that the document is sound, without a hub.
core::Result<void> check_locally(const hub::JobDocument& document, const std::string& base);

/// Sends the inputs that are local files and not yet at the hub, and puts their digests into the
/// document. Repeating it sends nothing twice.
core::Result<void> upload_inputs(hub::JobDocument& document, const std::string& base,
                                 HubSession& session, const Terminal& terminal);

/// Digests the local inputs without sending them; for plans.
core::Result<void> digest_inputs(hub::JobDocument& document, const std::string& base);

/// The digest of a file's content, read piece by piece.
core::Result<crypto::Digest> digest_file(const std::string& path);

/// Sends one file unless the hub has it already; returns its digest.
core::Result<crypto::Digest> upload_file(const std::string& path, HubSession& session,
                                         const Terminal& terminal);

struct FetchedFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string digest;
};

/// Fetches all outputs of a job into `folder` (created); files of the same names are replaced.
core::Result<std::vector<FetchedFile>> fetch_outputs(std::uint64_t job, const std::string& folder,
                                                     HubSession& session, const Terminal& terminal);

}  // namespace intertie::cli
