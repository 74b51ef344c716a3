// Server-sent events as text: writing them and reading them back (WHATWG HTML, section 9.2).
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/core/limits.h"
#include "intertie/core/result.h"

namespace intertie::net {

struct Event {
  /// The sender's position; sent back as Last-Event-ID on a reconnect. Empty: unchanged.
  std::string id;
  /// The event's name; empty means "message".
  std::string name;
  /// Any text; line ends of every form arrive as "\n".
  std::string data;

  friend bool operator==(const Event&, const Event&) = default;
};

/// The event as it stands on the wire, with the empty line that ends it. Line breaks and NUL in
/// `id` and `name`, which cannot be written, are dropped. Pure; O(length).
std::string encode_event(const Event& event);

/// A comment line, which readers ignore; used to keep a quiet stream alive.
std::string encode_comment(std::string_view text);

/// Reads a stream of events from pieces cut anywhere. Bounded: an event longer than
/// `event_bytes_max` is refused. One object belongs to one thread.
class EventParser {
 public:
  explicit EventParser(std::size_t event_bytes_max = core::limits::stream_event_bytes_max);

  /// Takes the next piece. Refuses with too_large; the parser is then of no further use.
  core::Result<void> feed(std::string_view piece);

  /// The oldest complete event not yet taken. An event without data is not dispatched (as the
  /// standard says), but its id counts.
  std::optional<Event> take();

  /// The id to send as Last-Event-ID after a break: that of the last event *taken*, or of an event
  /// without data before it.
  const std::string& last_event_id() const { return taken_id_; }

 private:
  core::Result<void> read_line(std::string_view line);
  void dispatch();

  std::size_t event_bytes_max_;
  std::string line_;       // The unfinished line.
  bool after_cr_ = false;  // A "\n" that follows belongs to the same line end.
  bool at_start_ = true;   // A byte order mark may stand here.
  bool has_data_ = false;
  std::size_t event_bytes_ = 0;
  Event current_;
  std::string last_id_;        // The standard's "last event ID buffer".
  std::string dispatched_id_;  // Its value at the last empty line.
  std::deque<Event> ready_;
  std::string taken_id_;
};

}  // namespace intertie::net
