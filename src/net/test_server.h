// For tests: a server with a few routes, and a thread that answers as the engine does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/net/http_client.h"
#include "intertie/net/http_server.h"

namespace intertie::net {

/// Answers on a thread of its own, in batches of whatever has gathered.
class Answerer {
 public:
  Answerer() : thread_([this] { run(); }) {}
  ~Answerer() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void add(Responder responder, Response response) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace_back(std::move(responder), std::move(response));
    if (waiting_.size() == 1) changed_.notify_one();
  }

 private:
  void run() {
    while (true) {
      std::vector<std::pair<Responder, Response>> taken;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::swap(taken, waiting_);
      }
      ResponseBatch batch;
      for (auto& [responder, response] : taken) {
        batch.add(std::move(responder), std::move(response));
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Responder, Response>> waiting_;
  bool is_stopping_ = false;
  std::thread thread_;
};

inline Response make_text(std::string text, int status = 200) {
  Response response;
  response.status = status;
  response.content_type = "text/plain";
  response.body = std::move(text);
  return response;
}

/// "METHOD path body", so that a test sees what arrived.
inline void echo(Request request, Responder responder) {
  responder.respond(make_text(request.method + ' ' + request.path + ' ' + request.body));
}

inline HttpServer start_server(Handler handler, HttpServerOptions options = {}) {
  core::Result<HttpServer> server = HttpServer::start(std::move(options), std::move(handler));
  if (!server) ADD_FAILURE() << core::to_text(server.error());
  return std::move(server).value();
}

inline HttpClient make_client(const HttpServer& server,
                              std::optional<TlsClientOptions> tls = std::nullopt) {
  HttpClientOptions options;
  options.port = server.port();
  options.tls = std::move(tls);
  options.timeout = core::seconds(20);
  return HttpClient(std::move(options));
}

inline Request make_request(std::string method, std::string target, std::string body = {}) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

}  // namespace intertie::net
