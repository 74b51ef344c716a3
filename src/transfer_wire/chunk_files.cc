// Chunk files.
#include "chunk_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "intertie/crypto/bytes.h"

namespace intertie::transfer_wire {
namespace {

constexpr std::size_t kPieceBytes = 256u << 10;

core::Result<OpenFile> open_chunk_file(const std::string& path, const crypto::Digest& chunk) {
  OpenFile file(path, O_RDONLY);
  if (file) return file;
  if (errno == ENOENT) return core::Error{core::Reason::not_found, crypto::to_text(chunk)};
  return make_file_error(path);
}

}  // namespace

core::Result<void> ChunkFiles::open() const {
  if (auto done = make_folder(folder_); !done) return done;
  if (auto done = make_folder(folder_ + "/chunks"); !done) return done;
  std::error_code error;
  std::filesystem::remove_all(folder_ + "/new", error);
  if (auto done = make_folder(folder_ + "/new"); !done) return done;
  for (unsigned first = 0; first < 256; ++first) {
    const std::uint8_t byte[] = {static_cast<std::uint8_t>(first)};
    auto done = make_folder(folder_ + "/chunks/" + crypto::encode_hex(byte));
    if (!done) return done;
  }
  if (auto done = sync_folder(folder_ + "/chunks"); !done) return done;
  return sync_folder(folder_);
}

std::string ChunkFiles::get_path(const crypto::Digest& chunk) const {
  const std::string hex = crypto::encode_hex(chunk.bytes);
  return folder_ + "/chunks/" + hex.substr(0, 2) + "/" + hex.substr(2);
}

bool ChunkFiles::exists(const crypto::Digest& chunk, std::uint64_t size) const {
  struct stat facts {};
  return ::stat(get_path(chunk).c_str(), &facts) == 0 &&
         static_cast<std::uint64_t>(facts.st_size) == size;
}

core::Result<ChunkFiles::Look> ChunkFiles::look_at(int file) {
  struct stat facts {};
  if (::fstat(file, &facts) != 0) return make_file_error("chunk");
  return Look{facts.st_size, facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec,
              facts.st_ino};
}

void ChunkFiles::remember(const crypto::Digest& chunk, const Look& look) {
  const std::lock_guard lock(mutex_);
  if (verified_.size() >= kVerifiedMax) verified_.clear();
  verified_[chunk] = look;
}

void ChunkFiles::note_verified(const crypto::Digest& chunk, int file) {
  if (const auto look = look_at(file)) remember(chunk, *look);
}

core::Result<void> ChunkFiles::verify(const crypto::Digest& chunk, int file) {
  const auto now = look_at(file);
  if (!now) return now.error();
  {
    const std::lock_guard lock(mutex_);
    const auto known = verified_.find(chunk);
    if (known != verified_.end() && known->second == *now) return {};
  }
  crypto::Sha256 sum;
  std::string piece;
  for (std::uint64_t offset = 0;; offset += piece.size()) {
    piece.clear();
    if (auto done = read_at(file, offset, kPieceBytes, piece); !done) return done;
    if (piece.empty()) break;
    sum.update(std::string_view(piece));
  }
  if (sum.finish() == chunk) {
    remember(chunk, *now);
    return {};
  }
  const std::string path = get_path(chunk);
  if (::rename(path.c_str(), (path + ".damaged").c_str()) != 0) return make_file_error(path);
  return {core::Reason::bad_digest, crypto::to_text(chunk) + " was damaged on disk"};
}

core::Result<void> ChunkFiles::read(const crypto::Digest& chunk, std::uint64_t offset,
                                    std::size_t length, std::string& bytes) {
  const auto file = open_chunk_file(get_path(chunk), chunk);
  if (!file) return file.error();
  if (auto done = verify(chunk, file->get()); !done) return done;
  return read_at(file->get(), offset, length, bytes);
}

core::Result<void> ChunkFiles::copy_to(const crypto::Digest& chunk, std::uint64_t size,
                                       int target) {
  const auto file = open_chunk_file(get_path(chunk), chunk);
  if (!file) return file.error();
  if (auto done = verify(chunk, file->get()); !done) return done;
  std::uint64_t left = size;
  while (left > 0) {
    const ssize_t count = ::copy_file_range(file->get(), nullptr, target, nullptr, left, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    left -= static_cast<std::uint64_t>(count);
  }
  // Not every file system copies in the kernel, and none into a pipe.
  std::string piece;
  while (left > 0) {
    piece.clear();
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(left, kPieceBytes));
    if (auto done = read_at(file->get(), size - left, length, piece); !done) return done;
    if (piece.empty()) return {core::Reason::io_failed, "chunk: shorter than it was"};
    if (auto done = write_all(target, piece); !done) return done;
    left -= piece.size();
  }
  return {};
}

void ChunkFiles::remove(const crypto::Digest& chunk) {
  ::unlink(get_path(chunk).c_str());
  const std::lock_guard lock(mutex_);
  verified_.erase(chunk);
}

void ChunkFiles::sweep(const std::function<bool(const crypto::Digest&)>& is_needed) const {
  std::error_code error;
  std::vector<std::filesystem::path> unneeded;
  std::filesystem::recursive_directory_iterator walk(folder_ + "/chunks", error);
  for (const std::filesystem::recursive_directory_iterator end; !error && walk != end;
       walk.increment(error)) {
    if (!walk->is_regular_file(error)) continue;
    const std::string hex =
        walk->path().parent_path().filename().string() + walk->path().filename().string();
    const auto digest = crypto::parse_digest("sha256:" + hex);
    if (!digest || !is_needed(*digest)) unneeded.push_back(walk->path());
  }
  for (const auto& path : unneeded) std::filesystem::remove(path, error);
}

}  // namespace intertie::transfer_wire
