// For tests: a folder, random content, and a server over TLS that holds datasets, honest or not.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/certificate.h"
#include "intertie/net/http_server.h"
#include "intertie/transfer_wire/content_store.h"
#include "intertie/transfer_wire/http_source.h"
#include "intertie/transfer_wire/puller.h"

namespace intertie::transfer_wire {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "store-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string make_content(std::uint64_t seed, std::size_t size) {
  core::Random random(seed);
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

inline transfer::Manifest make_manifest(const std::string& content) {
  transfer::ManifestWriter writer(content.size(), true);
  writer.add(content);
  return writer.finish().value();
}

inline std::unique_ptr<ContentStore> open_store(const std::string& folder,
                                                core::Bytes bytes_max = {1LL << 40}) {
  StoreOptions options;
  options.folder = folder;
  options.rules.bytes_max = bytes_max;
  auto store = ContentStore::open(std::move(options));
  EXPECT_TRUE(store.has_value()) << core::to_text(store.error());
  return store ? std::move(*store) : nullptr;
}

inline core::Result<void> put_all(ContentStore& store, const std::string& owner,
                                  const std::string& content, core::Time now = {}) {
  const auto manifest = make_manifest(content);
  const auto info = store.begin({owner, manifest}, now);
  if (!info) return info.error();
  for (std::uint32_t chunk = 0; chunk < info->chunks; ++chunk) {
    const auto span = transfer::get_chunk_span(manifest, chunk);
    const auto bytes = std::string_view(content).substr(span.offset, span.length);
    if (auto done = store.put_chunk(owner, info->root, chunk, bytes, now); !done) return done;
  }
  return {};
}

/// Serves one content under /d/<root>/.
class Holder {
 public:
  explicit Holder(std::string content)
      : content_(std::move(content)), manifest_(make_manifest(content_)) {
    const auto made =
        crypto::create_server_certificate({"localhost", {"localhost"}, {"127.0.0.1"}},
                                          {{1'700'000'000'000'000}, {4'000'000'000'000'000}});
    net::HttpServerOptions options;
    options.threads = 2;
    options.tls.emplace();
    options.tls->certificate_pem = made->certificate_pem;
    options.tls->key_pem = made->private_key_pem.reveal_text();
    fingerprint_ =
        crypto::encode_hex(crypto::read_certificate_pem(made->certificate_pem)->fingerprint.bytes);
    auto server = net::HttpServer::start(std::move(options),
                                         [this](net::Request request, net::Responder responder) {
                                           answer(request, std::move(responder));
                                         });
    EXPECT_TRUE(server.has_value());
    server_.emplace(std::move(*server));
  }
  ~Holder() { server_->stop({}); }

  std::uint16_t port() const { return server_->port(); }
  const transfer::Manifest& manifest() const { return manifest_; }
  crypto::Digest root() const { return transfer::compute_root(manifest_); }
  const std::string& content() const { return content_; }

  /// What it does to an answer; of the content's bytes, at this offset.
  std::function<void(std::string& bytes, std::uint64_t offset)> corrupt;
  int status = 206;

  /// As somebody sees it who reaches it at this port.
  HttpHolder make_http_holder(std::uint16_t at_port) const {
    HttpHolder holder;
    holder.prefix = "/d";
    holder.connect = [at_port, fingerprint = fingerprint_] {
      net::HttpClientOptions options;
      options.port = at_port;
      options.tls.emplace();
      options.tls->peer_fingerprint = fingerprint;
      return net::HttpClient(std::move(options));
    };
    holder.read_problem = [](const net::Response& response) {
      return core::Error{
          response.status == 404 ? core::Reason::not_found : core::Reason::overloaded,
          std::to_string(response.status)};
    };
    return holder;
  }

 private:
  void answer(const net::Request& request, net::Responder responder) {
    net::Response response;
    if (request.path.ends_with("/manifest")) {
      response.body = transfer::encode_manifest(manifest_);
      return responder.respond(std::move(response));
    }
    const std::string range(request.headers.find("Range").value_or("bytes=0-0"));
    const std::uint64_t first = std::stoull(range.substr(6));
    const std::uint64_t last = std::stoull(range.substr(range.find('-') + 1));
    response.status = status;
    if (status == 206) response.body = content_.substr(first, last - first + 1);
    if (corrupt) corrupt(response.body, first);
    responder.respond(std::move(response));
  }

  const std::string content_;
  const transfer::Manifest manifest_;
  std::string fingerprint_;
  std::optional<net::HttpServer> server_;
};

inline PullOptions make_pull_options() {
  PullOptions options;
  options.clock = [] { return core::Time{1'000'000}; };
  options.rules.backoff_first = core::milliseconds(2);
  options.rules.backoff_max = core::milliseconds(50);
  return options;
}

inline std::string read_all(ContentStore& store, const std::string& owner,
                            const crypto::Digest& root) {
  const auto bytes = store.read(owner, root, {0, UINT64_MAX}, {});
  EXPECT_TRUE(bytes.has_value()) << core::to_text(bytes.error());
  return bytes ? *bytes : std::string();
}

}  // namespace intertie::transfer_wire
