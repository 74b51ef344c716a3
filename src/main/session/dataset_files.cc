// Datasets and files.
#include "session/dataset_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "session/progress.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kPieceBytes = 1u << 20;
constexpr int kTriesMax = 8;

/// What a thread of its own may ask while the transfer goes on; `done` outlives it.
std::function<WorkSeen()> look_at_bytes(const std::atomic<std::uint64_t>& done, std::uint64_t all) {
  return [&done, all] { return WorkSeen{done.load(), all, {}, true}; };
}

class File {
 public:
  File(const std::string& path, int flags)
      : path_(path), number_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return number_ >= 0; }
  int get() const { return number_; }
  core::Error make_error() const {
    return {core::Reason::io_failed, path_ + ": " + std::strerror(errno)};
  }

  /// Fewer at the end of the file.
  core::Result<std::string> read(std::uint64_t offset, std::uint64_t length) const {
    std::string bytes(length, '\0');
    std::size_t have = 0;
    while (have < length) {
      const ssize_t count = ::pread(number_, bytes.data() + have, bytes.size() - have,
                                    static_cast<off_t>(offset + have));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return make_error();
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
  }
  core::Result<void> write(std::uint64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t count =
          ::pwrite(number_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return make_error();
      offset += static_cast<std::uint64_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

 private:
  const std::string path_;
  const int number_;
};

bool is_worth_repeating(core::Reason reason) {
  return reason == core::Reason::unreachable || reason == core::Reason::timed_out ||
         reason == core::Reason::overloaded || reason == core::Reason::store_unavailable;
}

/// Calls until it works, with a doubling pause, while the reason is one that passes.
core::Result<void> repeat(const std::function<core::Result<void>()>& call) {
  std::chrono::milliseconds pause(250);
  for (int tries = 1;; ++tries) {
    const auto done = call();
    if (done || tries == kTriesMax || !is_worth_repeating(done.error().reason)) return done;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

core::Result<transfer::Manifest> make_manifest(const File& file, const std::string& path,
                                               const Terminal& terminal) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return file.make_error();
  if (!S_ISREG(facts.st_mode)) {
    return core::Error{core::Reason::bad_argument,
                       path + ": not a file; a folder is sent packed, as one (tar)"};
  }
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  transfer::ManifestWriter writer(size, true);
  Progress progress(terminal, "reading");
  for (std::uint64_t at = 0; at < size;) {
    const auto piece = file.read(at, std::min<std::uint64_t>(kPieceBytes, size - at));
    if (!piece) return piece.error();
    if (piece->empty()) break;
    writer.add(*piece);
    at += piece->size();
    progress.update_bytes(at, size);
  }
  return writer.finish();
}

core::Result<std::string> read_verified(const api::DatasetView& dataset,
                                        const transfer::Manifest& manifest, std::uint32_t chunk,
                                        HubSession& session) {
  const transfer::ByteSpan span = transfer::get_chunk_span(manifest, chunk);
  std::string bytes;
  const auto done = repeat([&]() -> core::Result<void> {
    auto read = session.client().read_dataset(dataset.id, span.offset, span.length);
    if (!read) return read.error();
    bytes = std::move(*read);
    return {};
  });
  if (!done) return done.error();
  if (crypto::compute_sha256(std::string_view(bytes)) == manifest.chunks[chunk]) return bytes;
  return core::Error{core::Reason::bad_digest, "chunk " + std::to_string(chunk) + " as received"};
}

core::Result<transfer::Manifest> get_checked_manifest(const api::DatasetView& dataset,
                                                      HubSession& session) {
  auto manifest = session.client().get_manifest(dataset.id);
  if (!manifest) return manifest;
  if (transfer::format_dataset(transfer::compute_root(*manifest)) == dataset.id) return manifest;
  return core::Error{core::Reason::bad_digest, "the manifest as received"};
}

}  // namespace

core::Result<transfer::Manifest> read_manifest(const std::string& path, const Terminal& terminal) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return file.make_error();
  return make_manifest(file, path, terminal);
}

core::Result<api::DatasetView> send_file(const std::string& path,
                                         const api_client::DatasetSettings& settings,
                                         HubSession& session, const Terminal& terminal) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return file.make_error();
  const auto manifest = make_manifest(file, path, terminal);
  if (!manifest) return manifest.error();
  auto view = session.client().begin_dataset(*manifest, settings);
  std::atomic<std::uint64_t> sent = 0;
  const ProgressThread progress(terminal, "sending", look_at_bytes(sent, manifest->size));
  // Each answer names the first missing ranges; very scattered ones take more than one.
  while (view && !view->is_complete) {
    sent = std::uint64_t{view->chunks_here} * view->chunk_bytes;
    for (const api::ChunkRangeView& range : view->missing) {
      for (std::uint32_t chunk = range.first; chunk <= range.last; ++chunk) {
        const transfer::ByteSpan span = transfer::get_chunk_span(*manifest, chunk);
        const auto bytes = file.read(span.offset, span.length);
        if (!bytes) return bytes.error();
        const auto done =
            repeat([&] { return session.client().put_chunk(view->id, chunk, *bytes); });
        if (!done && done.error().reason == core::Reason::bad_digest) {
          return core::Error{core::Reason::bad_digest, path + " changed while it was sent"};
        }
        if (!done) return done.error();
        sent += span.length;
      }
    }
    view = session.client().find_dataset(view->id);
  }
  return view;
}

core::Result<void> fetch_file(const api::DatasetView& dataset, const std::string& path,
                              HubSession& session, const Terminal& terminal) {
  const auto manifest = get_checked_manifest(dataset, session);
  if (!manifest) return manifest.error();
  const std::string part = path + ".part";
  const File file(part, O_RDWR | O_CREAT);
  if (!file.is_open()) return file.make_error();
  std::atomic<std::uint64_t> have = 0;
  const ProgressThread progress(terminal, "fetching", look_at_bytes(have, manifest->size));
  for (std::uint32_t chunk = 0; chunk < manifest->chunks.size(); ++chunk) {
    const transfer::ByteSpan span = transfer::get_chunk_span(*manifest, chunk);
    const auto known = file.read(span.offset, span.length);
    if (!known) return known.error();
    const bool is_here =
        known->size() == span.length &&
        crypto::compute_sha256(std::string_view(*known)) == manifest->chunks[chunk];
    if (!is_here) {
      const auto bytes = read_verified(dataset, *manifest, chunk, session);
      if (!bytes) return bytes.error();
      if (auto done = file.write(span.offset, *bytes); !done) return done;
    }
    have = span.offset + span.length;
  }
  if (::ftruncate(file.get(), static_cast<off_t>(manifest->size)) != 0) return file.make_error();
  if (::fsync(file.get()) != 0) return file.make_error();
  if (::rename(part.c_str(), path.c_str()) != 0) return file.make_error();
  return {};
}

core::Result<void> print_dataset(const api::DatasetView& dataset, HubSession& session,
                                 const Terminal& terminal) {
  const auto manifest = get_checked_manifest(dataset, session);
  if (!manifest) return manifest.error();
  std::atomic<std::uint64_t> have = 0;
  std::optional<ProgressThread> progress;
  // On a terminal the content itself is what one sees.
  if (!terminal.result_is_terminal()) {
    progress.emplace(terminal, "fetching", look_at_bytes(have, manifest->size));
  }
  for (std::uint32_t chunk = 0; chunk < manifest->chunks.size(); ++chunk) {
    const auto bytes = read_verified(dataset, *manifest, chunk, session);
    if (!bytes) return bytes.error();
    have += bytes->size();
    if (!terminal.write_result(*bytes)) return {};
  }
  return {};
}

}  // namespace intertie::cli
