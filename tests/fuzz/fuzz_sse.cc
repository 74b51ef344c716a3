// Server-sent events: a stream cut anywhere gives the same events.
#include <string>

#include "intertie/net/sse.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

constexpr std::size_t kEventMax = 2'000;

struct Stream {
  std::vector<net::Event> events;
  std::string last_id;
  bool is_refused = false;
  friend bool operator==(const Stream&, const Stream&) = default;
};

Stream read_stream(std::string_view text, std::size_t step) {
  net::EventParser parser(kEventMax);
  Stream stream;
  for (std::size_t at = 0; at < text.size() && !stream.is_refused; at += step) {
    stream.is_refused = !parser.feed(text.substr(at, step)).has_value();
  }
  while (const auto event = parser.take()) stream.events.push_back(*event);
  stream.last_id = parser.last_event_id();
  return stream;
}

}  // namespace

void take_input(std::string_view input) {
  const Stream whole = read_stream(input, input.size() + 1);
  check(whole == read_stream(input, 1), "where a stream is cut changes nothing");
  check(whole == read_stream(input, 5), "where a stream is cut changes nothing");
  for (const net::Event& event : whole.events) {
    check(event.data.size() <= kEventMax, "an event keeps to its limit");
    net::EventParser parser(4 * kEventMax + 100);
    check(parser.feed(net::encode_event(event)).has_value(), "an event that was read fits");
    const auto again = parser.take();
    // NUL, which a reader takes in a name, is not written (sse.h).
    std::string name = event.name;
    std::erase(name, '\0');
    check(again && again->data == event.data && again->name == name,
          "an event is read as it is written");
  }
}

std::vector<std::string> make_seeds() {
  return {net::encode_event({"7", "row", "{\"a\":1}"}) + net::encode_comment("alive") +
              net::encode_event({"", "", "two\nlines"}),
          "\xef\xbb\xbf"
          "data: x\r\rdata:y\r\n\r\nid: 3\n\n",
          "event: a\ndata\n\nretry: 10\nid\ndata: z\n\n"};
}

}  // namespace intertie::fuzz
