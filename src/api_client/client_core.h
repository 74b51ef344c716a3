// Sends calls and reads answers.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api_client/client.h"
#include "intertie/codec/json.h"
#include "intertie/core/limits.h"
#include "intertie/net/http_client.h"

namespace intertie::api_client {

using Query = std::vector<net::QueryParameter>;

/// One call, before it is sent.
struct Outgoing {
  std::string method = "GET";
  std::string path;  // Encoded.
  Query query;
  std::string body;
  std::string idempotency_key;
  std::string range;
  core::Duration wait;  // What the hub may take on purpose.
};

class ClientCore {
 public:
  ClientCore(net::HttpClient http, Context context)
      : http_(std::move(http)), context_(std::move(context)) {}

  std::function<void(const CallNote&)> explain_call;

  core::Duration timeout = core::limits::request_timeout;
  std::string region;  // Of calls about datasets.

  void interrupt() const { http_.interrupt(); }

  /// An event stream on a connection of its own.
  core::Result<net::ClientStream> open_stream(const Outgoing& call, const std::string& last_event);

  /// The answer, whatever its status.
  core::Result<net::Response> send(const Outgoing& call);

  /// The answer, if its status is 2xx; else the hub's error.
  core::Result<net::Response> send_checked(const Outgoing& call);

  template <class View>
  core::Result<View> ask(const Outgoing& call) {
    const auto response = send_checked(call);
    if (!response) return response.error();
    return codec::from_json<View>(response->body, codec::Boundary::tolerant);
  }

  /// A POST that says all in its path.
  template <class View>
  core::Result<View> tell(std::string path) {
    Outgoing call;
    call.method = "POST";
    call.path = std::move(path);
    return ask<View>(call);
  }

  template <class View, class Body>
  core::Result<View> post(std::string path, const Body& body, std::string key = {},
                          std::string method = "POST") {
    Outgoing call;
    call.method = std::move(method);
    call.path = std::move(path);
    call.body = codec::to_json(body);
    call.idempotency_key = std::move(key);
    return ask<View>(call);
  }

  template <class View>
  core::Result<View> get(std::string path, Query query = {}) {
    Outgoing call;
    call.path = std::move(path);
    call.query = std::move(query);
    return ask<View>(call);
  }

  /// Reads a resource with Range, piece by piece.
  core::Result<void> read_in_pieces(const std::string& path, std::uint64_t piece_bytes,
                                    const ByteSink& sink);

 private:
  net::Request make_request(const Outgoing& call) const;

  net::HttpClient http_;
  Context context_;
};

}  // namespace intertie::api_client
