#include "http_adapter.h"

#include <cassert>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace intertie::service {
namespace {

std::string find_header(const net::Request& request, std::string_view name) {
  return std::string(request.headers.find(name).value_or(std::string_view{}));
}

// No answer is a page: a browser neither runs, frames, guesses at nor keeps what it gets.
constexpr std::pair<std::string_view, std::string_view> kBrowserFields[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"}};

net::Headers make_browser_fields() {
  net::Headers fields;
  for (const auto& [name, value] : kBrowserFields) {
    fields.add(std::string(name), std::string(value));
  }
  return fields;
}

class NetStream final : public api::Stream {
 public:
  explicit NetStream(net::EventStream stream) : stream_(std::move(stream)) {}

  bool send(const api::StreamEvent& event) override {
    return stream_.send({event.id, event.name, event.data});
  }
  void close() override { stream_.close(); }
  void on_close(std::function<void()> callback) override { stream_.on_close(std::move(callback)); }

 private:
  net::EventStream stream_;
};

class HttpAnswer final : public api::Answer {
 public:
  HttpAnswer(net::Responder responder, AnswerSender& sender)
      : responder_(std::move(responder)), sender_(sender) {}

  ~HttpAnswer() override {
    if (!responder_.is_open()) return;
    const bool is_stopping = sender_.is_stopping();
    HttpAnswer::respond(
        api::make_problem(is_stopping ? core::Error{core::Reason::stopping, "repeat the request"}
                                      : core::Error{core::Reason::internal, "nobody answered"}));
  }

  void respond(api::Response response) override {
    auto responder = take();
    if (!responder) return;
    net::Response converted;
    converted.status = response.status;
    converted.content_type = std::move(response.content_type);
    converted.body = std::move(response.body);
    converted.headers = make_browser_fields();
    for (auto& [name, value] : response.headers) {
      converted.headers.add(std::move(name), std::move(value));
    }
    sender_.send(std::move(*responder), std::move(converted));
  }

  std::shared_ptr<api::Stream> start_stream() override {
    auto responder = take();
    // A right can be used once; routes do.
    assert(responder);
    return std::make_shared<NetStream>(responder->start_stream(make_browser_fields()));
  }

 private:
  std::optional<net::Responder> take() {
    const std::lock_guard lock(mutex_);
    if (!responder_.is_open()) return std::nullopt;
    return std::move(responder_);
  }

  std::mutex mutex_;
  net::Responder responder_;
  AnswerSender& sender_;
};

}  // namespace

void AnswerSender::send(net::Responder responder, net::Response response) {
  fail_points_.pass(ServicePoint::answer_before_send);
  sent_.fetch_add(1, std::memory_order_relaxed);
  if (std::this_thread::get_id() == collector_.load()) {
    batch_.add(std::move(responder), std::move(response));
    has_collected_ = true;
    return;
  }
  responder.respond(std::move(response));
  fail_points_.pass(ServicePoint::answer_after_send);
}

void AnswerSender::flush() {
  if (!has_collected_) return;
  batch_.send();
  has_collected_ = false;
  fail_points_.pass(ServicePoint::answer_after_send);
}

api::Request convert_request(net::Request request) {
  api::Request converted;
  converted.authorization = find_header(request, "Authorization");
  converted.idempotency_key = find_header(request, "Idempotency-Key");
  converted.last_event_id = find_header(request, "Last-Event-ID");
  converted.range = find_header(request, "Range");
  converted.grant = find_header(request, "Intertie-Grant");
  converted.pass = find_header(request, "Intertie-Pass");
  converted.method = std::move(request.method);
  converted.path = std::move(request.path);
  for (net::QueryParameter& each : request.query) {
    converted.query[std::move(each.name)] = std::move(each.value);
  }
  converted.body = std::move(request.body);
  converted.peer_certificate_der = std::move(request.peer_certificate_der);
  converted.body_took = request.body_took;
  return converted;
}

api::AnswerPointer make_answer(net::Responder responder, AnswerSender& sender) {
  return std::make_shared<HttpAnswer>(std::move(responder), sender);
}

}  // namespace intertie::service
