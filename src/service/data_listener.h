// The listener of a data endpoint: TLS both ways, few connections, small headers, no bodies.
#pragma once

#include <memory>
#include <string>

#include "intertie/api/data_endpoint.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/net/http_server.h"

#include "http_adapter.h"
#include "worker_pool.h"

namespace intertie::service {

struct DataListenerOptions {
  std::string listen;     // "ADDRESS:PORT"
  std::string reachable;  // What is told to those who pull; empty: its own address.
  std::string certificate_pem;
  std::string key_pem;
};

/// Reads files on threads of its own. Any thread.
class DataListener {
 public:
  /// `answers`, and what `holder` refers to, outlive it. bad_argument, and what HttpServer::start
  /// refuses.
  static core::Result<std::unique_ptr<DataListener>> start(const DataListenerOptions& options,
                                                           api::DataHolder holder,
                                                           AnswerSender& answers);
  ~DataListener();
  DataListener(const DataListener&) = delete;
  DataListener& operator=(const DataListener&) = delete;

  /// "HOST:PORT", as passes name it.
  const std::string& address() const { return address_; }
  /// As HttpServer::stop.
  void stop(core::Duration grace);

 private:
  DataListener(api::DataHolder holder, AnswerSender& answers);
  void take(net::Request request, net::Responder responder);

  const api::DataEndpoint endpoint_;
  AnswerSender& answers_;
  WorkerPool workers_;
  std::string address_;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace intertie::service
