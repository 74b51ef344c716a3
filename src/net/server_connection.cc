// One connection of the server, without its socket: requests in, answers out, deadlines.
#include "server_connection.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "message_writer.h"

namespace intertie::net {
namespace {

// Below this, copying a body behind its header is cheaper than a second buffer (and, under TLS, a
// second record).
constexpr std::size_t kJoinBytes = 16u << 10;
constexpr std::size_t kPieceBytes = 64u << 10;
constexpr std::chrono::seconds kLingerTime{3};

SteadyTime now() { return std::chrono::steady_clock::now(); }

std::chrono::microseconds to_chrono(core::Duration duration) {
  return std::chrono::microseconds(duration.count);
}

core::Reason reason_of(int status) {
  if (status == 413 || status == 431) return core::Reason::too_large;
  if (status == 415 || status == 501) return core::Reason::not_supported;
  return core::Reason::bad_syntax;
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

bool wants_close(const Response& response) {
  const auto connection = response.headers.find("Connection");
  return connection && *connection == "close";
}

}  // namespace

ServerConnection::ServerConnection(std::uint64_t id, ConnectionContext& context,
                                   ConnectionSocket& socket, std::string peer_address)
    : id_(id),
      context_(context),
      socket_(socket),
      peer_address_(std::move(peer_address)),
      read_deadline_(now() + to_chrono(context.limits.read_timeout)),
      reader_(MessageReader::Kind::request, context.limits.header_bytes_max) {}

ServerConnection::~ServerConnection() { release_body(); }

void ServerConnection::start(std::string peer_certificate_der) {
  assert(phase_ == Phase::opening);
  peer_certificate_der_ = std::move(peer_certificate_der);
  buffer_.resize(std::max(context_.limits.header_bytes_max, kJoinBytes));
  phase_ = Phase::reading;
  read_deadline_ = compute_deadline(0);
  read_more();
}

SteadyTime ServerConnection::compute_deadline(std::size_t bytes) const {
  const auto moving = static_cast<std::int64_t>(bytes) / context_.limits.bytes_per_second_min;
  return now() + to_chrono(context_.limits.read_timeout) + std::chrono::seconds(moving);
}

void ServerConnection::read_more() {
  if (is_reading_ || has_read_end_ || phase_ == Phase::closed) return;
  if (begin_ == end_) begin_ = end_ = 0;
  if (end_ == buffer_.size() && begin_ > 0) {
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
              buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == buffer_.size()) return;
  is_reading_ = true;
  socket_.start_read(buffer_.data() + end_, buffer_.size() - end_);
}

void ServerConnection::on_read(std::size_t size) {
  is_reading_ = false;
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::lingering) {
    begin_ = end_ = 0;
    return read_more();
  }
  end_ += size;
  process_input();
}

void ServerConnection::on_read_end(bool is_broken) {
  is_reading_ = false;
  has_read_end_ = true;
  // A client may close its sending half and still wait for its answers, but who listens to a stream
  // never does, and then this is the only sign that it has left.
  if (is_broken || phase_ == Phase::streaming || phase_ == Phase::lingering) return close();
  if (phase_ == Phase::reading) process_input();
}

void ServerConnection::process_input() {
  while (phase_ == Phase::reading && begin_ < end_) {
    if (!std::exchange(has_input_, true)) read_deadline_ = compute_deadline(0);
    const std::size_t used = reader_.feed(std::string_view(buffer_).substr(begin_, end_ - begin_));
    begin_ += used;
    const ReadState state = reader_.state();
    if (state == ReadState::failed) {
      const ReadFailure& failure = reader_.failure();
      refuse(failure.status, reason_of(failure.status), failure.detail);
      break;
    }
    if (state == ReadState::head) break;
    if (!std::exchange(has_head_, true) && !accept_head()) break;
    if (!account_body()) break;
    if (state == ReadState::complete) {
      dispatch();
    } else if (used == 0) {
      break;
    }
  }
  if (phase_ == Phase::reading && has_read_end_) return close();
  read_more();
}

bool ServerConnection::accept_head() {
  const MessageHead& head = reader_.head();
  is_head_request_ = head.request.method == "HEAD";
  is_http_1_1_ = head.is_http_1_1;
  keep_alive_ = head.keep_alive;
  if (reader_.state() == ReadState::complete) return true;
  std::size_t bytes_max = context_.limits.body_bytes_max;
  if (context_.body_limit) bytes_max = context_.body_limit(head.request.method, head.request.path);
  reader_.set_body_limit(bytes_max);
  if (reader_.state() == ReadState::failed) {
    refuse(413, core::Reason::too_large, "the limit is " + std::to_string(bytes_max) + " bytes");
    return false;
  }
  body_start_ = now();
  read_deadline_ = compute_deadline(0);
  if (head.expects_continue && begin_ == end_) send("HTTP/1.1 100 Continue\r\n\r\n");
  return true;
}

bool ServerConnection::account_body() {
  const std::size_t bytes = reader_.body().size();
  const std::size_t grown = bytes - body_bytes_;
  if (grown == 0) return true;
  body_bytes_ = bytes;
  const std::size_t total = context_.bodies_bytes->fetch_add(grown) + grown;
  if (total > context_.limits.bodies_bytes_max) {
    refuse(503, core::Reason::overloaded, "too many request bodies at once");
    return false;
  }
  const auto moving = static_cast<std::int64_t>(bytes) / context_.limits.bytes_per_second_min;
  read_deadline_ =
      body_start_ + to_chrono(context_.limits.read_timeout) + std::chrono::seconds(moving);
  return true;
}

void ServerConnection::release_body() {
  if (body_bytes_ > 0) context_.bodies_bytes->fetch_sub(std::exchange(body_bytes_, 0));
}

void ServerConnection::dispatch() {
  phase_ = Phase::handling;
  read_deadline_ = SteadyTime::max();
  Request request = std::move(reader_.head().request);
  request.body = std::move(reader_.body());
  request.peer_address = peer_address_;
  request.peer_certificate_der = peer_certificate_der_;
  if (const auto begun = std::exchange(body_start_, {}); begun != SteadyTime{}) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now() - begun);
    request.body_took = core::Duration{took.count()};
  }
  ++request_;
  // What a handler throws is its own; here it only means that there is no answer, and the
  // Responder's destructor says so.
  try {
    context_.handler(std::move(request), Responder(context_.mailbox, id_, request_));
  } catch (...) {
  }
}

void ServerConnection::refuse(int status, core::Reason reason, std::string_view detail) {
  keep_alive_ = false;
  // Whatever still comes belongs to a request that nobody answers.
  ++request_;
  answer(make_problem(status, reason, detail));
}

void ServerConnection::on_message(Message message) {
  if (phase_ == Phase::closed || message.request != request_) return discard(message);
  if (std::holds_alternative<StreamWake>(message.content)) {
    if (phase_ == Phase::streaming) continue_stream();
    return;
  }
  if (phase_ != Phase::handling) return discard(message);
  if (auto* response = std::get_if<Response>(&message.content)) {
    answer(std::move(*response));
  } else if (auto* start = std::get_if<StreamStart>(&message.content)) {
    start_stream(std::move(*start));
  } else {
    answer(make_problem(500, core::Reason::internal, "the request was not answered"));
  }
}

void ServerConnection::answer(Response response) {
  phase_ = Phase::responding;
  read_deadline_ = SteadyTime::max();
  if (response.status < 200 || response.status > 999) {
    response = make_problem(500, core::Reason::internal, "bad status");
  }
  const bool has_body = !is_head_request_ && !has_no_body(response.status);
  is_chunked_ = false;
  if (response.body_source) {
    is_chunked_ = !response.body_source_bytes && is_http_1_1_;
    if (!response.body_source_bytes && !is_http_1_1_) keep_alive_ = false;
    send_head(response, has_body);
    if (has_body) {
      source_ = std::move(response.body_source);
      source_left_ = response.body_source_bytes.value_or(std::numeric_limits<std::uint64_t>::max());
    }
    return;
  }
  send_head(response, has_body);
}

void ServerConnection::send_head(Response& response, bool has_body) {
  if (wants_close(response) || context_.is_stopping) keep_alive_ = false;
  Framing framing;
  framing.is_http_1_1 = is_http_1_1_;
  framing.keep_alive = keep_alive_;
  framing.is_chunked = is_chunked_ && has_body;
  if (response.body_source) {
    framing.content_length = response.body_source_bytes;
  } else if (!has_no_body(response.status)) {
    framing.content_length = response.body.size();
  }
  std::string head = format_response_head(response, framing, context_.date);
  if (!has_body || response.body_source) return send(std::move(head));
  if (response.body.size() > kJoinBytes) return send(std::move(head), std::move(response.body));
  head += response.body;
  send(std::move(head));
}

void ServerConnection::continue_body() {
  core::Result<std::string> piece = core::Reason::internal;
  try {
    piece = source_left_ == 0 ? core::Result<std::string>(std::string()) : source_(kPieceBytes);
  } catch (...) {
  }
  // The status has gone out, so only a broken connection can still tell the client.
  if (!piece || piece->size() > std::min<std::uint64_t>(source_left_, kPieceBytes)) return close();
  const bool is_sized = source_left_ <= std::numeric_limits<std::uint64_t>::max() / 2;
  if (is_sized) {
    if (piece->empty() && source_left_ > 0) return close();
    source_left_ -= piece->size();
  }
  if (!piece->empty()) return send(is_chunked_ ? format_chunk(*piece) : std::move(*piece));
  source_ = nullptr;
  if (is_chunked_) return send(std::string(kLastChunk));
  finish_response();
}

void ServerConnection::start_stream(StreamStart start) {
  Response response;
  response.content_type = "text/event-stream";
  response.headers = std::move(start.headers);
  response.headers.set("Cache-Control", "no-store");
  is_chunked_ = is_http_1_1_;
  if (!is_http_1_1_) keep_alive_ = false;
  read_deadline_ = SteadyTime::max();
  if (context_.is_stopping) keep_alive_ = false;
  Framing framing;
  framing.is_http_1_1 = is_http_1_1_;
  framing.keep_alive = keep_alive_;
  framing.is_chunked = is_chunked_;
  std::string head = format_response_head(response, framing, context_.date);
  if (is_head_request_) {
    phase_ = Phase::responding;
    start.state->finish();
    return send(std::move(head));
  }
  phase_ = Phase::streaming;
  stream_ = std::move(start.state);
  if (has_read_end_) return close();
  if (context_.is_stopping) stream_->close();
  send(std::move(head));
}

void ServerConnection::continue_stream() {
  if (is_writing_) return;
  const StreamState::Taken taken = stream_->take();
  if (taken.has_overflowed) return close();
  std::string text;
  if (!taken.text.empty()) text = is_chunked_ ? format_chunk(taken.text) : taken.text;
  if (taken.is_last) {
    if (is_chunked_) text += kLastChunk;
    phase_ = Phase::responding;
    std::exchange(stream_, nullptr)->finish();
    if (text.empty()) return finish_response();
  }
  if (!text.empty()) send(std::move(text));
}

void ServerConnection::send(std::string first, std::string second) {
  if (phase_ == Phase::closed) return;
  if (is_writing_) {
    queued_ += first;
    queued_ += second;
    return;
  }
  first_ = std::move(first);
  second_ = std::move(second);
  is_writing_ = true;
  write_deadline_ = compute_deadline(first_.size() + second_.size());
  socket_.start_write(first_, second_);
}

void ServerConnection::on_written(bool is_ok) {
  is_writing_ = false;
  write_deadline_ = SteadyTime::max();
  if (phase_ == Phase::closed) return;
  if (!is_ok) return close();
  if (!queued_.empty()) return send(std::exchange(queued_, {}));
  if (phase_ == Phase::responding) {
    if (source_) return continue_body();
    return finish_response();
  }
  if (phase_ == Phase::streaming) {
    last_sent_ = now();
    continue_stream();
  }
}

void ServerConnection::finish_response() {
  release_body();
  first_.clear();
  second_.clear();
  if (!keep_alive_ || context_.is_stopping) {
    if (has_read_end_) return close();
    phase_ = Phase::lingering;
    read_deadline_ = now() + kLingerTime;
    begin_ = end_ = 0;
    socket_.shutdown_send();
    return read_more();
  }
  phase_ = Phase::reading;
  reader_ = MessageReader(MessageReader::Kind::request, context_.limits.header_bytes_max);
  has_input_ = has_head_ = is_head_request_ = false;
  is_http_1_1_ = keep_alive_ = true;
  read_deadline_ = SteadyTime::max();
  last_sent_ = now();
  process_input();
}

void ServerConnection::on_tick(SteadyTime time) {
  if (phase_ == Phase::closed) return;
  if (time >= read_deadline_ || time >= write_deadline_) return close();
  const bool is_idle = phase_ == Phase::reading && !has_input_ && request_ > 0;
  const core::Duration idle_timeout =
      context_.is_crowded ? std::min(context_.limits.idle_timeout, context_.limits.read_timeout)
                          : context_.limits.idle_timeout;
  if (is_idle && time >= last_sent_ + to_chrono(idle_timeout)) return close();
  if (phase_ == Phase::streaming && !is_writing_ &&
      time >= last_sent_ + to_chrono(context_.limits.stream_keep_alive)) {
    const std::string comment = encode_comment("");
    send(is_chunked_ ? format_chunk(comment) : comment);
  }
}

void ServerConnection::begin_stop() {
  switch (phase_) {
    case Phase::opening:
      return close();
    case Phase::reading:
      // A request whose first bytes are here is in flight; its deadline is running.
      if (!has_input_) close();
      return;
    case Phase::streaming:
      return stream_->close();
    default:
      return;
  }
}

void ServerConnection::close() {
  if (std::exchange(phase_, Phase::closed) == Phase::closed) return;
  release_body();
  source_ = nullptr;
  socket_.close();
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->finish();
}

}  // namespace intertie::net
