#include "site_content.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "intertie/crypto/bytes.h"

#include "files.h"
#include "site_descriptor.h"
#include "site_hub_client.h"

namespace intertie::service {
namespace {

constexpr std::size_t kPieceBytes = 256u << 10;
constexpr core::Duration kPieceTimeout = core::seconds(30);
// What one request asks for: below the hub's limit for one answer.
constexpr std::int64_t kRangeBytes = 8 << 20;

// The whole content's size from "bytes A-B/SIZE".
std::optional<std::int64_t> find_total(const net::Response& response) {
  const auto range = response.headers.find("Content-Range");
  if (!range) return std::nullopt;
  const std::string_view total = range->substr(std::min(range->rfind('/') + 1, range->size()));
  std::int64_t size = 0;
  const auto [end, code] = std::from_chars(total.data(), total.data() + total.size(), size);
  if (code != std::errc() || end != total.data() + total.size()) return std::nullopt;
  return size;
}

}  // namespace

/// A file under a temporary name; it gets its own when its digest is known, or vanishes.
class SiteContent::Incoming {
 public:
  explicit Incoming(std::string path)
      : path_(std::move(path)),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}
  ~Incoming() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  core::Result<void> add(std::string_view piece) {
    if (!file_.is_open()) return make_io_error("open " + path_);
    digest_.update(piece);
    size_ += static_cast<std::int64_t>(piece.size());
    while (!piece.empty()) {
      const ssize_t written = ::write(file_.get(), piece.data(), piece.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return make_io_error("write " + path_);
      piece.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  Stored finish() { return {digest_.finish(), core::Bytes{size_}}; }

  core::Result<void> keep_as(const std::string& path, FailPoints& fail_points) {
    if (!file_.is_open()) return make_io_error("open " + path_);
    if (::fsync(file_.get()) != 0) return make_io_error("sync " + path_);
    fail_points.pass(ServicePoint::content_before_rename);
    if (::rename(path_.c_str(), path.c_str()) != 0) return make_io_error("rename " + path_);
    path_.clear();
    fail_points.pass(ServicePoint::content_after_rename);
    return sync_folder(path.substr(0, path.rfind('/')));
  }

  std::int64_t size() const { return size_; }

 private:
  std::string path_;
  SiteDescriptor file_;
  crypto::Sha256 digest_;
  std::int64_t size_ = 0;
};

core::Result<std::unique_ptr<SiteContent>> SiteContent::open(std::string folder,
                                                             FailPoints& fail_points) {
  if (auto made = make_private_folder(folder); !made) return made.error();
  std::error_code ignored;
  std::filesystem::remove_all(folder + "/incoming", ignored);
  if (auto made = make_private_folder(folder + "/incoming"); !made) return made.error();
  for (unsigned first = 0; first < 256; ++first) {
    const std::array<std::uint8_t, 1> byte = {static_cast<std::uint8_t>(first)};
    const auto made = make_private_folder(folder + "/" + crypto::encode_hex(byte));
    if (!made) return made.error();
  }
  return std::unique_ptr<SiteContent>(new SiteContent(std::move(folder), fail_points));
}

std::string SiteContent::get_path(const crypto::Digest& digest) const {
  const std::string hex = crypto::encode_hex(digest.bytes);
  return folder_ + "/" + hex.substr(0, 2) + "/" + hex;
}

core::Result<std::string> SiteContent::fetch(const crypto::Digest& digest, core::Bytes size,
                                             net::HttpClient& client) {
  const std::string path = get_path(digest);
  if (::access(path.c_str(), R_OK) == 0) return path;
  Incoming incoming(folder_ + "/incoming/" + std::to_string(++incoming_));
  net::Request request;
  request.target = "/site/v1/content/" + crypto::to_text(digest);
  const auto take = [&](std::string_view piece) -> core::Result<void> {
    const std::int64_t after = incoming.size() + static_cast<std::int64_t>(piece.size());
    if (size.count > 0 && after > size.count) {
      return {core::Reason::too_large, crypto::to_text(digest) + ": longer than announced"};
    }
    return incoming.add(piece);
  };
  std::int64_t total = 0;
  do {
    const std::int64_t from = incoming.size();
    request.headers.set(
        "Range", "bytes=" + std::to_string(from) + "-" + std::to_string(from + kRangeBytes - 1));
    const auto response = client.download(request, take, kPieceTimeout);
    if (!response) return response.error();
    if (response->status == 200) break;  // The whole of it at once.
    if (response->status != 206 && response->status != 416) return read_problem(*response);
    total = find_total(*response).value_or(0);
    if (incoming.size() == from && total > from) {
      return {core::Reason::bad_syntax, "content: an empty piece"};
    }
  } while (incoming.size() < total);
  if (auto touched = incoming.add({}); !touched) return touched.error();
  if (incoming.finish().digest != digest) {
    return {core::Reason::bad_digest, crypto::to_text(digest) + " as the hub sent it"};
  }
  if (auto kept = incoming.keep_as(path, fail_points_); !kept) return kept.error();
  return path;
}

core::Result<SiteContent::Stored> SiteContent::store(int file) {
  Incoming incoming(folder_ + "/incoming/" + std::to_string(++incoming_));
  std::string buffer(kPieceBytes, '\0');
  while (true) {
    const ssize_t count = ::read(file, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return make_io_error("reading an output");
    const auto added = incoming.add({buffer.data(), static_cast<std::size_t>(count)});
    if (!added) return added.error();
    if (count == 0) break;
  }
  const Stored stored = incoming.finish();
  const std::string path = get_path(stored.digest);
  if (::access(path.c_str(), R_OK) == 0) return stored;
  if (auto kept = incoming.keep_as(path, fail_points_); !kept) return kept.error();
  return stored;
}

}  // namespace intertie::service
