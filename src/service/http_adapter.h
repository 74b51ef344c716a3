// Between the sockets of net and the routes of api.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "intertie/api/request.h"
#include "intertie/net/http_server.h"

#include "fail_points.h"

namespace intertie::service {

/// Where answers go out. Those given on the engine's thread are collected until flush(), so that a
/// turn of the engine costs one wake-up of each net thread; all others leave at once.
class AnswerSender {
 public:
  explicit AnswerSender(FailPoints& fail_points) : fail_points_(fail_points) {}

  /// From now on this thread collects; it calls flush() at the end of each of its turns.
  void set_collecting_thread(std::thread::id id) { collector_.store(id); }

  void send(net::Responder responder, net::Response response);
  /// On the collecting thread.
  void flush();

  /// From now on a request that nobody answers is refused with `stopping`, not `internal`.
  void set_stopping() { is_stopping_.store(true); }
  bool is_stopping() const { return is_stopping_.load(); }

  std::uint64_t sent() const { return sent_.load(std::memory_order_relaxed); }

 private:
  FailPoints& fail_points_;
  std::atomic<std::thread::id> collector_{};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<bool> is_stopping_{false};
  net::ResponseBatch batch_;  // Of the collecting thread.
  bool has_collected_ = false;
};

/// The request as routes see it; the body is moved.
api::Request convert_request(net::Request request);

/// The right to answer, as routes see it. `sender` outlives it.
api::AnswerPointer make_answer(net::Responder responder, AnswerSender& sender);

}  // namespace intertie::service
