// A request and its answer as the routes see them: no sockets, no threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::api {

/// What a route reads of an HTTP request.
struct Request {
  std::string method;
  std::string path;                          // Decoded, without the query.
  std::map<std::string, std::string> query;  // Decoded; the last one wins.
  std::string authorization;                 // The header's value; empty: none.
  std::string idempotency_key;
  std::string last_event_id;
  std::string range;
  std::string grant;        // Intertie-Grant, of other hubs (docs/formats/data-grant.md).
  std::string pass = {};    // Intertie-Pass, of sites that pull (the same page).
  std::string traceparent;  // W3C Trace Context; echoed.
  std::string body;
  std::string peer_certificate_der;  // Site listener only.
  core::Duration body_took = {};     // While the body came.
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// One server-sent event.
struct StreamEvent {
  std::string id;
  std::string name;
  std::string data;
};

/// The sending end of an event stream. Any thread.
class Stream {
 public:
  virtual ~Stream() = default;
  /// False: the reader is gone.
  virtual bool send(const StreamEvent& event) = 0;
  virtual void close() = 0;
  virtual void on_close(std::function<void()> callback) = 0;
};

/// The right to answer one request, once, from any thread. Copies refer to the same right.
class Answer {
 public:
  virtual ~Answer() = default;
  virtual void respond(Response response) = 0;
  virtual std::shared_ptr<Stream> start_stream() = 0;
};
using AnswerPointer = std::shared_ptr<Answer>;

/// RFC 9457 problem document: {type, title, status, detail, code, fix}. The status follows from the
/// reason (docs/formats/problem.md).
Response make_problem(const core::Error& error);

/// The same under another status, where HTTP has a better one (405, 416).
Response make_problem(const core::Error& error, int status);

/// The HTTP status of a reason.
int get_status(core::Reason reason);

}  // namespace intertie::api
