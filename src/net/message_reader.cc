// Bytes to HTTP messages. The one translation unit that knows Beast's parser.
#include "message_reader.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "intertie/core/limits.h"

#include "name_case.h"

namespace intertie::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string to_string(string_view text) { return {text.data(), text.size()}; }

std::string_view to_view(string_view text) { return {text.data(), text.size()}; }

bool is_all_digits(string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int status_of(const error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  return 400;
}

// Whether a line of the header starts with a blank (obsolete folding, RFC 9112 section 5.2). `text`
// starts at a field or at the empty line, and may go on behind the header.
bool has_folding(std::string_view text) {
  if (text.starts_with("\r\n")) return false;
  for (std::size_t at = text.find("\r\n"); at != text.npos && at + 2 < text.size();
       at = text.find("\r\n", at + 2)) {
    const char next = text[at + 2];
    if (next == ' ' || next == '\t') return true;
    if (next == '\r') return false;
  }
  return false;
}

}  // namespace

/// What both kinds of parser share: the state the owner sees and the checks beyond Beast's.
class MessageReader::Parser {
 public:
  explicit Parser(std::size_t limit) : header_bytes_max(limit) {}
  virtual ~Parser() = default;

  virtual std::size_t put(std::string_view bytes, error_code& error) = 0;
  virtual void put_end(error_code& error) = 0;
  virtual bool is_head_done() const = 0;
  virtual bool is_message_done() const = 0;
  virtual void limit_body(std::uint64_t bytes_max) = 0;
  virtual void skip_body() = 0;
  virtual void finish_head() = 0;
  virtual Headers& fields() = 0;

  void fail(int status, std::string detail) {
    if (state == ReadState::failed) return;
    state = ReadState::failed;
    failure = {status, std::move(detail)};
  }

  // Trailers come through here too and are dropped.
  void take_field(std::string_view name, string_view value) {
    if (state != ReadState::head) return;
    if (++fields_ > core::limits::http_header_fields_max) return fail(431, "too many fields");
    if (equal_ignoring_case(name, "content-length")) {
      if (std::exchange(has_length_, true)) return fail(400, "two lengths");
      if (!is_all_digits(value)) return fail(400, "bad length");
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
      if (std::exchange(has_coding_, true)) return fail(400, "two transfer codings");
      if (!equal_ignoring_case(to_view(value), "chunked")) return fail(400, "transfer coding");
    } else if (equal_ignoring_case(name, "host")) {
      ++hosts_;
    }
    if (has_length_ && has_coding_) return fail(400, "length beside transfer coding");
    fields().add(std::string(name), to_string(value));
  }

  std::size_t take_body(string_view piece) {
    body_bytes += piece.size();
    if (sink) {
      sink(to_view(piece));
    } else {
      body.append(piece.data(), piece.size());
    }
    return piece.size();
  }

  ReadState state = ReadState::head;
  ReadFailure failure;
  MessageHead head;
  std::string body;
  std::uint64_t body_bytes = 0;
  std::function<void(std::string_view)> sink;
  std::size_t header_bytes_max;
  std::size_t header_bytes = 0;
  std::uint64_t chunk_left = 0;

 protected:
  void finish_request() {
    if (hosts_ > 1 || (hosts_ == 0 && head.is_http_1_1)) return fail(400, "Host must stand once");
    if (!head.is_http_1_1 && has_coding_) return fail(400, "transfer coding in HTTP/1.0");
    if (const auto expectation = fields().find("Expect"); expectation && head.is_http_1_1) {
      if (!equal_ignoring_case(*expectation, "100-continue")) return fail(417, "unknown Expect");
      head.expects_continue = true;
    }
    // Nothing here unpacks: a body that is small on the wire is small everywhere.
    const auto encoding = fields().find("Content-Encoding");
    if (encoding && !equal_ignoring_case(*encoding, "identity")) {
      return fail(415, "Content-Encoding: send the body as it is");
    }
    split_target();
  }

 private:
  // RFC 9112 section 3.2: origin form, absolute form (a proxy's; its host is ours), "*".
  void split_target() {
    Request& request = head.request;
    if (request.method == "CONNECT") return fail(501, "CONNECT is for proxies");
    if (!request.target.starts_with('/') && request.target != "*") {
      core::Result<Url> url = parse_url(request.target);
      if (!url) return fail(400, "bad target");
      request.target = std::move(url->target);
    }
    const std::string_view target = request.target;
    const std::size_t question = std::min(target.find('?'), target.size());
    core::Result<std::string> path = percent_decode(target.substr(0, question));
    if (!path) return fail(400, path.error().detail);
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; };
    if (std::any_of(path->begin(), path->end(), is_control)) return fail(400, "control character");
    request.path = std::move(*path);
    auto query = parse_query(target.substr(std::min(question + 1, target.size())));
    if (!query) return fail(400, query.error().detail);
    request.query = std::move(*query);
  }

  std::size_t fields_ = 0;
  int hosts_ = 0;
  bool has_length_ = false;
  bool has_coding_ = false;
};

/// Adapts Beast's parser, which calls the on_*_impl functions.
template <bool is_request>
class MessageReader::BeastParser final : public Parser, public http::basic_parser<is_request> {
 public:
  using Base = http::basic_parser<is_request>;

  explicit BeastParser(std::size_t limit) : Parser(limit) {
    this->header_limit(static_cast<std::uint32_t>(limit));
    this->body_limit(boost::none);
  }

  std::size_t put(std::string_view bytes, error_code& error) override {
    return Base::put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  }
  void put_end(error_code& error) override { this->put_eof(error); }
  bool is_head_done() const override { return Base::is_header_done(); }
  bool is_message_done() const override { return Base::is_done(); }
  void limit_body(std::uint64_t bytes_max) override { this->body_limit(bytes_max); }
  void skip_body() override { this->skip(true); }
  Headers& fields() override { return is_request ? head.request.headers : head.response.headers; }

  void finish_head() override {
    head.keep_alive = this->keep_alive();
    head.is_chunked = this->chunked();
    if (const auto length = this->content_length()) head.content_length = *length;
    if (is_request) return finish_request();
    if (const auto type = fields().find("Content-Type")) head.response.content_type = *type;
  }

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    head.request.method = to_string(method);
    head.request.target = to_string(target);
    head.is_http_1_1 = version == 11;
  }
  void on_response_impl(int code, string_view, int version, error_code&) override {
    head.response.status = code;
    head.is_http_1_1 = version == 11;
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    take_field(to_view(name), value);
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view piece, error_code&) override { return take_body(piece); }
  void on_chunk_header_impl(std::uint64_t size, string_view, error_code&) override {
    chunk_left = size;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code&) override {
    chunk_left -= piece.size();
    return take_body(piece);
  }
  void on_finish_impl(error_code&) override {}
};

MessageReader::MessageReader(Kind kind, std::size_t header_bytes_max) {
  if (kind == Kind::request) {
    parser_ = std::make_unique<BeastParser<true>>(header_bytes_max);
  } else {
    parser_ = std::make_unique<BeastParser<false>>(header_bytes_max);
  }
}

MessageReader::~MessageReader() = default;
MessageReader::MessageReader(MessageReader&&) noexcept = default;
MessageReader& MessageReader::operator=(MessageReader&&) noexcept = default;

std::size_t MessageReader::feed(std::string_view bytes) {
  Parser& parser = *parser_;
  std::size_t taken = 0;
  while (taken < bytes.size() && parser.state != ReadState::complete &&
         parser.state != ReadState::failed) {
    const std::string_view rest = bytes.substr(taken);
    const bool is_head = parser.state == ReadState::head;
    // Folding is legal to Beast, which joins the lines; it shows only in the raw text.
    if (is_head && has_folding(rest)) {
      parser.fail(400, "folded field");
      break;
    }
    // Beast 1.81 asserts on a last chunk that arrives as "0\r\n" and then one more byte. No chunk
    // boundary has fewer than five bytes to come ("0\r\n\r\n"), so waiting for them costs nothing.
    const bool is_between_chunks = !is_head && parser.head.is_chunked && parser.chunk_left == 0;
    if (is_between_chunks && rest.size() < 5) break;
    error_code error;
    const std::size_t used = parser.put(rest, error);
    taken += used;
    if (is_head) parser.header_bytes += used;
    if (error && error != http::error::need_more) {
      parser.fail(status_of(error), error.message());
    } else if (parser.header_bytes > parser.header_bytes_max) {
      parser.fail(431, "header limit exceeded");
    } else if (is_head && parser.is_head_done()) {
      parser.finish_head();
      if (parser.state == ReadState::failed) break;
      parser.state = parser.is_message_done() ? ReadState::complete : ReadState::body;
      break;
    } else if (parser.is_message_done()) {
      parser.state = ReadState::complete;
    } else if (error == http::error::need_more) {
      // Only a chunk's header can grow like this: a length in digits and extensions nobody uses.
      if (rest.size() - used >= parser.header_bytes_max) parser.fail(431, "chunk header too long");
      break;
    }
  }
  return taken;
}

void MessageReader::feed_end() {
  Parser& parser = *parser_;
  if (parser.state == ReadState::complete || parser.state == ReadState::failed) return;
  error_code error;
  if (parser.state == ReadState::body) {
    parser.put_end(error);
    if (!error && parser.is_message_done()) {
      parser.state = ReadState::complete;
      return;
    }
  }
  parser.fail(400, "closed in the middle of a message");
}

ReadState MessageReader::state() const { return parser_->state; }

MessageHead& MessageReader::head() { return parser_->head; }

const ReadFailure& MessageReader::failure() const {
  assert(state() == ReadState::failed);
  return parser_->failure;
}

std::string& MessageReader::body() { return parser_->body; }

std::uint64_t MessageReader::body_bytes() const { return parser_->body_bytes; }

void MessageReader::set_body_sink(std::function<void(std::string_view)> sink) {
  parser_->sink = std::move(sink);
}

void MessageReader::set_body_limit(std::uint64_t bytes_max) {
  if (state() != ReadState::body) return;
  parser_->limit_body(bytes_max);
  if (parser_->head.content_length > bytes_max) parser_->fail(413, "body limit exceeded");
}

void MessageReader::expect_no_body() { parser_->skip_body(); }

}  // namespace intertie::net
