// For tests: a hub in a temporary folder and a client that speaks to its user listener.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "intertie/net/http_client.h"
#include "intertie/service/hub_service.h"

namespace intertie::service {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "intertie-XXXXXX").string();
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

inline HubOptions make_hub_options(const std::string& folder) {
  HubOptions options;
  options.folder = folder + "/hub";
  options.log_path = folder + "/hub.log";
  options.principals = {{"ada", hub::Role::user, core::Money{1'000'000'000}, {}},
                        {"plant", hub::Role::provider, {}, {}}};
  return options;
}

// Starts the hub; the test fails, and the pointer is empty, if it does not start.
inline std::unique_ptr<HubService> start_hub(HubOptions options) {
  auto hub = HubService::start(std::move(options));
  if (hub) return std::move(*hub);
  ADD_FAILURE() << core::to_text(hub.error());
  return nullptr;
}

class TestClient {
 public:
  TestClient(const HubService& hub, std::string token) : token_(std::move(token)) {
    const auto url = net::parse_url(hub.user_address());
    net::HttpClientOptions options;
    options.host = url.value().host;
    options.port = url->port;
    if (url->is_tls) {
      options.tls.emplace();
      options.tls->peer_fingerprint = hub.user_fingerprint();
    }
    client_.emplace(std::move(options));
  }

  core::Result<net::Response> send(const std::string& method, const std::string& target,
                                   std::string body = {}) {
    net::Request request;
    request.method = method;
    request.target = target;
    if (!token_.empty()) request.headers.add("Authorization", "Bearer " + token_);
    if (!body.empty()) request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
    return client_->request(request, core::seconds(20));
  }

  core::Result<net::Response> send_range(const std::string& target, std::size_t offset,
                                         std::size_t length) {
    net::Request request;
    request.target = target;
    request.headers.add("Authorization", "Bearer " + token_);
    request.headers.add(
        "Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + length - 1));
    return client_->request(request, core::seconds(20));
  }

  // The status, or 0 if there was no answer.
  int send_for_status(const std::string& method, const std::string& target, std::string body = {}) {
    const auto response = send(method, target, std::move(body));
    return response ? response->status : 0;
  }

 private:
  std::string token_;
  std::optional<net::HttpClient> client_;
};

inline std::string mint(HubService& hub, const std::string& principal) {
  const auto token = hub.mint_user_token(principal, {"admin"}, core::hours(1));
  EXPECT_TRUE(token.has_value()) << core::to_text(token.error());
  return token ? *token : std::string();
}

}  // namespace intertie::service
