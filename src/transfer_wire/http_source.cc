// Datasets over HTTP.
#include "intertie/transfer_wire/http_source.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "intertie/crypto/bytes.h"

namespace intertie::transfer_wire {
namespace {

constexpr std::size_t kManifestBytesMax =
    (core::limits::manifest_chunks_max + 2) * crypto::Digest::kLength;

std::string format_key(const transfer::DatasetKey& key) {
  if (key.kind == transfer::DatasetKey::Kind::root) return crypto::encode_hex(key.digest.bytes);
  return net::percent_encode(transfer::to_text(key));
}

}  // namespace

class HttpSources::Source final : public ChunkSource {
 public:
  Source(HttpSources& owner, std::shared_ptr<net::HttpClient> client, std::string query)
      : owner_(owner), client_(std::move(client)), query_(std::move(query)) {}
  ~Source() override {
    if (is_sound_) owner_.give_back(std::move(client_));
  }

  core::Result<void> read(const crypto::Digest& root, transfer::ByteSpan span,
                          const PieceSink& sink) override {
    // A holder may answer with less than was asked for: what follows is asked for next.
    while (span.length > 0) {
      std::uint64_t come = 0;
      const auto counting = [&](std::string_view piece) -> core::Result<void> {
        come += piece.size();
        return sink(piece);
      };
      if (auto done = read_once(root, span, counting); !done) return done;
      if (come == 0) return {};
      span.offset += come;
      span.length -= std::min(come, span.length);
    }
    return {};
  }

  void interrupt() const override {
    is_sound_ = false;
    client_->interrupt();
  }

 private:
  core::Result<void> read_once(const crypto::Digest& root, transfer::ByteSpan span,
                               const PieceSink& sink) {
    const HttpHolder& holder = owner_.holder_;
    net::Request request;
    request.target = holder.prefix + "/" + crypto::encode_hex(root.bytes) + "/content" + query_;
    request.headers = holder.headers;
    request.headers.set("Range", "bytes=" + std::to_string(span.offset) + "-" +
                                     std::to_string(span.offset + span.length - 1));
    // What the sink refuses ends the connection, not the source: it reconnects.
    const auto response = client_->download(request, sink, holder.piece_timeout);
    if (!response) return response.error();
    if (response->status == 206 || response->status == 200) return {};
    return holder.read_problem(*response);
  }

  HttpSources& owner_;
  std::shared_ptr<net::HttpClient> client_;
  const std::string query_;
  mutable std::atomic<bool> is_sound_{true};
};

std::shared_ptr<net::HttpClient> HttpSources::take() {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<net::HttpClient> client;
  if (idle_.empty()) {
    client = std::make_shared<net::HttpClient>(holder_.connect());
    std::erase_if(all_, [](const auto& each) { return each.expired(); });
    all_.push_back(client);
  } else {
    client = std::move(idle_.back());
    idle_.pop_back();
  }
  if (is_interrupted_) client->interrupt();
  return client;
}

void HttpSources::give_back(std::shared_ptr<net::HttpClient> client) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < core::limits::transfers_in_flight_max) idle_.push_back(std::move(client));
}

void HttpSources::interrupt() {
  const std::lock_guard lock(mutex_);
  is_interrupted_ = true;
  for (const auto& each : all_) {
    if (const auto client = each.lock()) client->interrupt();
  }
}

std::unique_ptr<ChunkSource> HttpSources::make_source(std::string query) {
  return std::make_unique<Source>(*this, take(), std::move(query));
}

core::Result<HttpSources::Held> HttpSources::read_manifest(const transfer::DatasetKey& key,
                                                           const std::string& query) {
  const auto client = take();
  net::Request request;
  request.target = holder_.prefix + "/" + format_key(key) + "/manifest" + query;
  request.headers = holder_.headers;
  std::string bytes;
  const auto sink = [&bytes](std::string_view piece) -> core::Result<void> {
    if (bytes.size() + piece.size() > kManifestBytesMax) {
      return {core::Reason::too_large, "manifest: more than manifest_chunks_max chunks"};
    }
    bytes += piece;
    return {};
  };
  const auto response = client->download(request, sink, holder_.piece_timeout);
  give_back(client);
  if (!response) return response.error();
  if (response->status != 200) return holder_.read_problem(*response);
  auto manifest = transfer::decode_manifest(bytes);
  if (!manifest) return manifest.error();
  const bool is_it =
      key.kind == transfer::DatasetKey::Kind::name ||
      (key.kind == transfer::DatasetKey::Kind::root &&
       transfer::compute_root(*manifest) == key.digest) ||
      (key.kind == transfer::DatasetKey::Kind::whole && manifest->whole == key.digest);
  if (!is_it) {
    return core::Error{core::Reason::bad_digest, transfer::to_text(key) + ": another's manifest"};
  }
  Held held{std::move(*manifest), std::nullopt,
            std::string(response->headers.find("Intertie-Holder").value_or(""))};
  if (const auto until = response->headers.find("Intertie-Keep-Until")) {
    const auto time = core::parse_rfc3339(*until);
    if (!time) return time.error();
    held.keep_until = *time;
  }
  return held;
}

}  // namespace intertie::transfer_wire
