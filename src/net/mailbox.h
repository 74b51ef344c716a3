// What other threads hand to a net thread: answers and stream wake-ups.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "intertie/net/http.h"
#include "intertie/net/http_server.h"

namespace intertie::net {

class Mailbox;

/// The queue of one event stream, between the senders and the connection that writes it.
class StreamState {
 public:
  StreamState(std::shared_ptr<Mailbox> mailbox, std::uint64_t connection, std::uint64_t request,
              std::size_t queue_bytes_max);

  /// The senders' side; any thread.
  bool push(std::string text);
  void close();
  bool is_closed() const;
  std::size_t queued_bytes() const;
  void on_close(std::function<void()> callback);

  /// The connection's side: takes what is queued; what was taken before counts as written.
  struct Taken {
    std::string text;
    bool is_last = false;         ///< Nothing follows: end the stream after `text`.
    bool has_overflowed = false;  ///< The reader is too slow: break the connection off.
  };
  Taken take();
  /// The connection's side: the stream is over; runs the callback. Idempotent.
  void finish();

 private:
  void wake();

  const std::shared_ptr<Mailbox> mailbox_;
  const std::uint64_t connection_;
  const std::uint64_t request_;
  const std::size_t queue_bytes_max_;
  mutable std::mutex mutex_;
  std::string queued_;
  std::size_t writing_bytes_ = 0;
  bool is_waking_ = false;  // A wake-up is in the mailbox and not yet taken.
  bool is_closed_ = false;
  bool has_overflowed_ = false;
  bool is_finished_ = false;
  std::function<void()> callback_;
};

struct Dropped {};
struct StreamWake {};
struct StreamStart {
  std::shared_ptr<StreamState> state;
  Headers headers;
};

/// For request number `request` of connection number `connection`.
struct Message {
  std::uint64_t connection = 0;
  std::uint64_t request = 0;
  std::variant<Response, StreamStart, StreamWake, Dropped> content;
};

/// What becomes of a message whose connection has gone: a stream that never started is over.
void discard(Message& message);

/// Any thread puts in, one net thread takes out. The first message after a take() wakes that
/// thread; the others ride along. Outlives its server: after close() messages fall away.
class Mailbox {
 public:
  /// `wake` must be safe on any thread and must not call back into the mailbox.
  Mailbox(std::function<void()> wake, std::size_t stream_queue_bytes_max);

  void push(Message message);
  /// All at the cost of one wake-up. Empties `messages`.
  void push_all(std::vector<Message>& messages);
  /// Exchanges the queued messages with `into`, which must be empty.
  void take(std::vector<Message>& into);
  void close();

  std::size_t stream_queue_bytes_max() const { return stream_queue_bytes_max_; }

 private:
  const std::size_t stream_queue_bytes_max_;
  std::mutex mutex_;
  std::function<void()> wake_;
  std::vector<Message> messages_;
  bool is_closed_ = false;
};

}  // namespace intertie::net
