// Bytes to HTTP messages, without sockets: a strict reader for requests and one for responses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/net/http.h"

namespace intertie::net {

/// How far a reader has come with its message.
enum class ReadState : std::uint8_t { head, body, complete, failed };

/// Why a message was refused: the status a server answers with, and what a log says.
struct ReadFailure {
  int status = 400;
  std::string detail;
};

struct MessageHead {
  Request request;    // Of a RequestReader: method, target, path, query, headers.
  Response response;  // Of a ResponseReader: status, headers, content_type.
  bool is_http_1_1 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  bool is_chunked = false;
  std::optional<std::uint64_t> content_length;
};

/// Reads one message. feed() takes what it understands and leaves the rest to be offered again with
/// more behind it, so the caller's buffer must hold header_bytes_max; it stops behind the head, and
/// behind the message. Body bytes gather in body(), from where the caller may take them at any
/// time, or go to a sink; without set_body_limit() they are not limited.
///
/// Stricter than the parser below it, since two readers of one byte stream that disagree about
/// where a message ends let one client speak for another (RFC 9112 section 11.2): refuses two
/// lengths even if equal, a length beside a transfer coding, every coding but "chunked", folded
/// fields (section 5.2), and in requests a missing or second Host (section 3.2).
class MessageReader {
 public:
  enum class Kind : std::uint8_t { request, response };

  MessageReader(Kind kind, std::size_t header_bytes_max);
  ~MessageReader();
  MessageReader(MessageReader&&) noexcept;
  MessageReader& operator=(MessageReader&&) noexcept;

  /// Takes a prefix of `bytes`; returns its length. Does nothing once complete or failed.
  std::size_t feed(std::string_view bytes);

  /// The other side has closed. Completes a response that lasts to the end; otherwise fails.
  void feed_end();

  ReadState state() const;
  /// Valid from state body on.
  MessageHead& head();
  /// Valid in state failed.
  const ReadFailure& failure() const;
  std::string& body();
  /// Of the body, so far, wherever they went.
  std::uint64_t body_bytes() const;
  /// From now on feed() hands the body's bytes to `sink` where they lie, and none gather.
  void set_body_sink(std::function<void(std::string_view)> sink);

  /// Replaces the body's limit; only between head and body. Fails the message (413) if it is known
  /// to be longer.
  void set_body_limit(std::uint64_t bytes_max);

  /// The response answers HEAD: it has no body whatever its fields say. Only before the first byte.
  void expect_no_body();

 private:
  class Parser;
  template <bool is_request>
  class BeastParser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace intertie::net
