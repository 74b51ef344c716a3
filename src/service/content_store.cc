#include "content_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "fail_points.h"
#include "files.h"

namespace intertie::service {
namespace {

constexpr std::size_t kPiece = 256u << 10;

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags, 0600)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  const int descriptor_;
};

core::Result<void> write_and_sync(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return make_io_error(path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return make_io_error(path);
  return {};
}

// As much as there is, up to `length`.
core::Result<std::string> read_piece(int descriptor, std::uint64_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  std::size_t have = 0;
  while (have < length) {
    const ssize_t count =
        ::pread(descriptor, bytes.data() + have, length - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_io_error("content");
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

std::string folder_name(const std::string& path) { return path.substr(0, path.rfind('/')); }

}  // namespace

core::Result<std::unique_ptr<ContentStore>> ContentStore::open(const std::string& folder,
                                                               core::Bytes bytes_max,
                                                               FailPoints& fail_points) {
  if (auto done = make_private_folder(folder); !done) return done.error();
  std::error_code error;
  std::filesystem::remove_all(folder + "/new", error);
  if (auto done = make_private_folder(folder + "/new"); !done) return done.error();
  std::unique_ptr<ContentStore> store(new ContentStore(folder, bytes_max, fail_points));
  if (auto done = store->count_files(); !done) return done.error();
  return store;
}

core::Result<void> ContentStore::count_files() {
  std::error_code error;
  std::filesystem::recursive_directory_iterator walk(folder_, error);
  const std::filesystem::recursive_directory_iterator end;
  while (!error && walk != end) {
    if (walk->is_regular_file(error) && !error) used_ += walk->file_size(error);
    if (!error) walk.increment(error);
  }
  if (error) return core::Error{core::Reason::io_failed, folder_ + ": " + error.message()};
  return {};
}

std::string ContentStore::path_of(const crypto::Digest& digest) const {
  const std::string hex = crypto::encode_hex(digest.bytes);
  return folder_ + "/" + hex.substr(0, 2) + "/" + hex.substr(2);
}

core::Result<void> ContentStore::write(const crypto::Digest& digest, std::string_view bytes) {
  if (crypto::compute_sha256(bytes) != digest) {
    return core::Error{core::Reason::bad_digest, "expected " + crypto::to_text(digest)};
  }
  const std::string path = path_of(digest);
  if (const auto known = find_size(digest); known && *known == bytes.size()) return {};
  const auto limit = static_cast<std::uint64_t>(bytes_max_.count);
  if (used_.fetch_add(bytes.size()) + bytes.size() > limit) {
    used_ -= bytes.size();
    return core::Error{core::Reason::too_large, "the hub's content store is full"};
  }
  const std::string temporary = folder_ + "/new/" + std::to_string(++next_temporary_);
  core::Result<void> done = [&]() -> core::Result<void> {
    const OpenFile file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
    if (!file) return make_io_error(temporary);
    return write_and_sync(file.get(), bytes, temporary);
  }();
  if (done) done = make_private_folder(folder_name(path));
  if (done) fail_points_.pass(ServicePoint::content_before_rename);
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = make_io_error(path);
  if (done) fail_points_.pass(ServicePoint::content_after_rename);
  if (done) done = sync_folder(folder_name(path));
  if (!done) {
    ::unlink(temporary.c_str());
    used_ -= bytes.size();
  }
  return done;
}

core::Result<std::uint64_t> ContentStore::find_size(const crypto::Digest& digest) const {
  struct stat facts {};
  const std::string path = path_of(digest);
  if (::stat(path.c_str(), &facts) == 0) return static_cast<std::uint64_t>(facts.st_size);
  if (errno == ENOENT) return core::Error{core::Reason::not_found, crypto::to_text(digest)};
  return make_io_error(path);
}

core::Result<std::string> ContentStore::read(const crypto::Digest& digest, std::uint64_t offset,
                                             std::uint64_t length) {
  const std::string path = path_of(digest);
  const OpenFile file(path, O_RDONLY | O_CLOEXEC);
  if (!file) {
    if (errno == ENOENT) return core::Error{core::Reason::not_found, crypto::to_text(digest)};
    return make_io_error(path);
  }
  if (auto done = verify(digest, file.get()); !done) return done.error();
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return make_io_error(path);
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  if (offset >= size) return std::string();
  return read_piece(file.get(), offset, static_cast<std::size_t>(std::min(length, size - offset)));
}

core::Result<void> ContentStore::verify(const crypto::Digest& digest, int descriptor) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0) return make_io_error("content");
  const Verified now{facts.st_size, facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec};
  {
    const std::lock_guard lock(mutex_);
    const auto known = verified_.find(digest);
    if (known != verified_.end() && known->second == now) return {};
  }
  crypto::Sha256 sum;
  std::uint64_t offset = 0;
  while (true) {
    auto piece = read_piece(descriptor, offset, kPiece);
    if (!piece) return piece.error();
    if (piece->empty()) break;
    sum.update(std::string_view(*piece));
    offset += piece->size();
  }
  if (sum.finish() != digest) {
    const std::string path = path_of(digest);
    if (::rename(path.c_str(), (path + ".damaged").c_str()) != 0) return make_io_error(path);
    return core::Error{core::Reason::bad_digest, crypto::to_text(digest) + " was damaged on disk"};
  }
  const std::lock_guard lock(mutex_);
  if (verified_.size() >= kVerifiedMax) verified_.clear();
  verified_[digest] = now;
  return {};
}

}  // namespace intertie::service
