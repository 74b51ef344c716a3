// The HTTP interface of a hub: one table of routes for users, one for the agents of sites.
#pragma once

#include <memory>
#include <string>

#include "intertie/api/backend.h"
#include "intertie/api/request.h"

namespace intertie::api {

class RouterCore;

/// Dispatches requests to handlers. Every member may be called from any thread, at the same time;
/// the backend must outlive the router, and the router every answer that is still open. Nothing
/// here blocks for longer than a read of the index or of a local file.
class Router {
 public:
  explicit Router(Backend& backend);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// A request of the user listener: /v1/..., /openapi.json, /livez, /readyz, /metrics.
  void handle_user(Request request, AnswerPointer answer);

  /// A request of the site listener (docs/formats/site-channel.md).
  void handle_site(Request request, AnswerPointer answer);

  /// The OpenAPI 3.1 document of the user listener, JSON. The same text every time.
  std::string render_openapi() const;

 private:
  std::unique_ptr<RouterCore> core_;
};

}  // namespace intertie::api
