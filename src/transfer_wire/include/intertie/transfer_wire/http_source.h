// A holder of datasets that is reached over HTTP: manifests, and content by byte ranges.
//
//   GET PREFIX/<key>/manifest    the manifest; <key> is an identity, or "sha256:<hex>"
//   GET PREFIX/<key>/content     Range: bytes=A-B
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/net/http_client.h"
#include "intertie/transfer/dataset_name.h"
#include "intertie/transfer/manifest.h"
#include "intertie/transfer_wire/chunk_source.h"

namespace intertie::transfer_wire {

struct HttpHolder {
  std::function<net::HttpClient()> connect;
  std::string prefix;  // "/site/v1/datasets"
  /// Added to every request: a token, or for whom one asks.
  net::Headers headers = {};
  /// What an answer that is not 2xx means.
  std::function<core::Error(const net::Response&)> read_problem;
  core::Duration piece_timeout = core::limits::transfer_rate_window;
};

/// Connections to one holder, kept for the next use. Any thread; outlives its sources.
class HttpSources {
 public:
  explicit HttpSources(HttpHolder holder) : holder_(std::move(holder)) {}

  struct Held {
    transfer::Manifest manifest;
    std::optional<core::Time> keep_until;  // Of its policy: a copy may be kept no longer.
    std::string holder;  // Who has it, if the one that was asked passes it on; else empty.
  };
  /// Whatever the key says must agree with the manifest: bad_digest otherwise. `query` ("?job=7")
  /// follows every target.
  core::Result<Held> read_manifest(const transfer::DatasetKey& key, const std::string& query = {});

  std::unique_ptr<ChunkSource> make_source(std::string query = {});

  /// Ends every call under way and every later one with `stopping`.
  void interrupt();

 private:
  class Source;
  friend class Source;
  std::shared_ptr<net::HttpClient> take();
  void give_back(std::shared_ptr<net::HttpClient> client);

  const HttpHolder holder_;
  std::mutex mutex_;
  bool is_interrupted_ = false;
  std::vector<std::shared_ptr<net::HttpClient>> idle_;
  std::vector<std::weak_ptr<net::HttpClient>> all_;
};

}  // namespace intertie::transfer_wire
