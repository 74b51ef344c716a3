// Inputs on their way to the hub, outputs on their way back.
#include "session/job_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "intertie/transfer/dataset_name.h"

#include "session/dataset_files.h"
#include "session/progress.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kFetchPieceBytes = 1u << 20;

bool is_local(const hub::DataIn& input) {
  return !input.from.empty() && !transfer::is_dataset_key(input.from);
}

std::string find_path(const hub::DataIn& input, const std::string& base) {
  const std::filesystem::path path(input.from);
  return path.is_absolute() ? path.string() : (std::filesystem::path(base) / path).string();
}

core::Error make_input_error(std::size_t place, const std::string& path, const std::string& why) {
  return {core::Reason::bad_field,
          "data.in[" + std::to_string(place) + "].from: " + path + ": " + why};
}

core::Result<void> check_input(const hub::DataIn& input, std::size_t place,
                               const std::string& base) {
  const std::string path = find_path(input, base);
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return make_input_error(place, path, "a folder; name files, or pack it (tar)");
  }
  if (::access(path.c_str(), R_OK) != 0) {
    return make_input_error(place, path, std::strerror(errno));
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    return make_input_error(place, path, "a device or pipe, and no file with an end");
  }
  return {};
}

/// Stands for the digest of a file that was not read, so that a document with local inputs can be
/// checked as the hub would.
const std::string kSomeDigest = "sha256:" + std::string(64, '0');

}  // namespace

core::Result<crypto::Digest> digest_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  crypto::Sha256 hash;
  std::string piece(kFetchPieceBytes, '\0');
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    hash.update(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())));
  }
  if (!file.eof()) return {core::Reason::io_failed, path + ": " + std::strerror(errno)};
  return hash.finish();
}

core::Result<void> check_locally(const hub::JobDocument& document, const std::string& base) {
  hub::JobDocument checked = document;
  for (std::size_t i = 0; i < checked.data.in.size(); ++i) {
    if (is_local(checked.data.in[i])) checked.data.in[i].from = kSomeDigest;
  }
  core::Result<void> done = hub::check_document(checked);
  for (std::size_t i = 0; done && i < document.data.in.size(); ++i) {
    if (is_local(document.data.in[i])) done = check_input(document.data.in[i], i, base);
  }
  return done;
}

core::Result<crypto::Digest> upload_file(const std::string& path, HubSession& session,
                                         const Terminal& terminal) {
  const auto sent = send_file(path, {}, session, terminal);
  if (!sent) return sent.error();
  return crypto::parse_digest(sent->digest);
}

core::Result<void> upload_inputs(hub::JobDocument& document, const std::string& base,
                                 HubSession& session, const Terminal& terminal) {
  std::uint64_t all = 0;
  for (const hub::DataIn& input : document.data.in) {
    std::error_code error;
    if (is_local(input)) all += std::filesystem::file_size(find_path(input, base), error);
  }
  Progress progress(terminal, "sending inputs");
  std::uint64_t done = 0;
  for (hub::DataIn& input : document.data.in) {
    if (!is_local(input)) continue;
    const std::string path = find_path(input, base);
    const core::Result<crypto::Digest> digest = upload_file(path, session, terminal);
    if (!digest) return digest.error();
    input.from = crypto::to_text(*digest);
    input.executable = input.executable || ::access(path.c_str(), X_OK) == 0;
    std::error_code error;
    done += std::filesystem::file_size(path, error);
    progress.update_bytes(done, all);
  }
  return {};
}

core::Result<void> digest_inputs(hub::JobDocument& document, const std::string& base) {
  for (hub::DataIn& input : document.data.in) {
    if (!is_local(input)) continue;
    const std::string path = find_path(input, base);
    const core::Result<crypto::Digest> digest = digest_file(path);
    if (!digest) return digest.error();
    input.from = crypto::to_text(*digest);
    std::error_code error;
    input.size.count = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  }
  return {};
}

core::Result<std::vector<FetchedFile>> fetch_outputs(std::uint64_t job, const std::string& folder,
                                                     HubSession& session,
                                                     const Terminal& terminal) {
  const core::Result<api::OutputList> list = session.client().list_outputs(job);
  if (!list) return list.error();
  std::error_code failure;
  if (!list->outputs.empty()) std::filesystem::create_directories(folder, failure);
  if (failure) return {core::Reason::io_failed, folder + ": " + failure.message()};
  std::vector<FetchedFile> files;
  for (const api::OutputView& output : list->outputs) {
    const std::string name = std::filesystem::path(output.name).filename().string();
    const std::string path = (std::filesystem::path(folder) / name).string();
    const std::string temporary = path + ".part";
    const auto size = static_cast<std::uint64_t>(output.size_bytes.count);
    crypto::Sha256 hash;
    Progress progress(terminal, "fetching " + name);
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    if (!file) return {core::Reason::io_failed, temporary + ": " + std::strerror(errno)};
    std::uint64_t at = 0;
    const core::Result<void> done =
        session.client().read_output(job, output.name, [&](std::string_view bytes) {
          file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
          hash.update(bytes);
          at += bytes.size();
          progress.update_bytes(at, size);
          return file.good();
        });
    if (!done) return {done.error().reason, output.name + ": " + done.error().detail};
    file.close();
    if (!file) return {core::Reason::io_failed, temporary + ": " + std::strerror(errno)};
    if (crypto::to_text(hash.finish()) != output.digest) {
      std::filesystem::remove(temporary, failure);
      return {core::Reason::bad_digest, output.name + ": not " + output.digest};
    }
    std::filesystem::rename(temporary, path, failure);
    if (failure) return {core::Reason::io_failed, path + ": " + failure.message()};
    files.push_back({path, size, output.digest});
  }
  return files;
}

}  // namespace intertie::cli
