// Server-sent events as text: writing them and reading them back.
//
// Grammar (WHATWG HTML, section 9.2.5): a stream is lines ended by CR, LF or CRLF, after an
// optional byte order mark. "field: value" sets a field of the event, ":..." is a comment, an empty
// line dispatches the event.
#include "intertie/net/sse.h"

#include <algorithm>
#include <utility>

namespace intertie::net {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

void append_line(std::string& text, std::string_view field, std::string_view value) {
  text += field;
  text += ": ";
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') text += c;
  }
  text += '\n';
}

}  // namespace

std::string encode_event(const Event& event) {
  std::string text;
  text.reserve(event.id.size() + event.name.size() + event.data.size() + 32);
  if (!event.id.empty()) append_line(text, "id", event.id);
  if (!event.name.empty()) append_line(text, "event", event.name);
  text += "data: ";
  for (std::size_t i = 0; i < event.data.size(); ++i) {
    const char c = event.data[i];
    if (c != '\r' && c != '\n') {
      text += c;
      continue;
    }
    if (c == '\r' && i + 1 < event.data.size() && event.data[i + 1] == '\n') ++i;
    text += "\ndata: ";
  }
  text += "\n\n";
  return text;
}

std::string encode_comment(std::string_view text) {
  std::string line;
  append_line(line, "", text);
  return line + '\n';
}

EventParser::EventParser(std::size_t event_bytes_max) : event_bytes_max_(event_bytes_max) {}

core::Result<void> EventParser::feed(std::string_view piece) {
  while (!piece.empty()) {
    if (after_cr_ && piece.front() == '\n') piece.remove_prefix(1);
    after_cr_ = false;
    const std::size_t end = std::min(piece.find_first_of("\r\n"), piece.size());
    if (line_.size() + end > event_bytes_max_) {
      return {core::Reason::too_large,
              "event: more than " + std::to_string(event_bytes_max_) + " bytes"};
    }
    line_ += piece.substr(0, end);
    if (end == piece.size()) break;
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    std::string_view line = line_;
    if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) line.remove_prefix(3);
    const core::Result<void> read = read_line(line);
    line_.clear();
    if (!read) return read;
  }
  return {};
}

core::Result<void> EventParser::read_line(std::string_view line) {
  if (line.empty()) {
    dispatch();
    return {};
  }
  if (line.front() == ':') return {};
  event_bytes_ += line.size();
  if (event_bytes_ > event_bytes_max_) {
    return {core::Reason::too_large,
            "event: more than " + std::to_string(event_bytes_max_) + " bytes"};
  }
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) current_.data += '\n';
    current_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    current_.name = value;
  } else if (field == "id" && value.find('\0') == std::string_view::npos) {
    last_id_ = value;
  }
  return {};
}

void EventParser::dispatch() {
  event_bytes_ = 0;
  dispatched_id_ = last_id_;
  if (has_data_) {
    current_.id = last_id_;
    ready_.push_back(std::move(current_));
  } else if (ready_.empty()) {
    taken_id_ = last_id_;
  }
  current_ = {};
  has_data_ = false;
}

std::optional<Event> EventParser::take() {
  if (ready_.empty()) return std::nullopt;
  Event event = std::move(ready_.front());
  ready_.pop_front();
  // An id that came alone after the last event counts once everything before it is taken.
  taken_id_ = ready_.empty() ? dispatched_id_ : event.id;
  return event;
}

}  // namespace intertie::net
