// Server-sent events: the standard's examples, and every cut of a stream gives the same events.
#include "intertie/net/sse.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"

namespace intertie::net {
namespace {

std::vector<Event> read_all(std::string_view text, EventParser& parser) {
  EXPECT_TRUE(parser.feed(text).has_value());
  std::vector<Event> events;
  while (auto event = parser.take()) events.push_back(*event);
  return events;
}

std::vector<Event> read_all(std::string_view text) {
  EventParser parser;
  return read_all(text, parser);
}

// The three examples of WHATWG HTML section 9.2.6.
TEST(EventParser, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(read_all("data: YHOO\ndata: +2\ndata: 10\n\n"),
            (std::vector<Event>{{"", "", "YHOO\n+2\n10"}}));
  EXPECT_EQ(read_all(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                     "data:  third event\n"),
            (std::vector<Event>{{"1", "", "first event"}, {"", "", "second event"}}));
  EXPECT_EQ(read_all("data\n\ndata\ndata\n\ndata:"),
            (std::vector<Event>{{"", "", ""}, {"", "", "\n"}}));
  EXPECT_EQ(read_all("data:test\n\ndata: test\n\n"),
            (std::vector<Event>{{"", "", "test"}, {"", "", "test"}}));
}

TEST(EventParser, TakesEveryLineEndAndAByteOrderMark) {
  EXPECT_EQ(read_all("\xEF\xBB\xBF"
                     "event: a\r\ndata: 1\r\n\r\nevent: b\rdata: 2\r\r"),
            (std::vector<Event>{{"", "a", "1"}, {"", "b", "2"}}));
}

TEST(EventParser, KeepsTheIdOfTheLastEventTakenForTheReconnect) {
  EventParser parser;
  ASSERT_TRUE(parser.feed("id: 7\ndata: a\n\nid: 8\ndata: b\n\nid: 9\ndata: unfinished\n"));
  EXPECT_EQ(parser.last_event_id(), "");
  EXPECT_EQ(parser.take()->id, "7");
  EXPECT_EQ(parser.last_event_id(), "7");
  EXPECT_EQ(parser.take()->id, "8");
  EXPECT_EQ(parser.last_event_id(), "8");  // Not 9: that event is not complete and would be lost.
  ASSERT_TRUE(parser.feed("\nid: 10\n\n"));
  EXPECT_EQ(parser.last_event_id(), "8");  // 10 has no data, but 9 before it is still to be taken.
  EXPECT_EQ(parser.take()->id, "9");
  EXPECT_EQ(parser.last_event_id(), "10");
  EXPECT_FALSE(parser.take().has_value());
}

TEST(EventParser, IgnoresIdsWithNul) {
  EventParser parser;
  read_all(std::string_view("id: a\0b\ndata: x\n\n", 17), parser);
  EXPECT_EQ(parser.last_event_id(), "");
}

TEST(EventParser, RefusesEventsBeyondTheBound) {
  EventParser one_line(100);
  EXPECT_EQ(one_line.feed("data: " + std::string(200, 'x')).error().reason,
            core::Reason::too_large);
  EventParser many_lines(100);
  core::Result<void> fed;
  for (int i = 0; i < 30 && fed; ++i) fed = many_lines.feed("data: x\n");
  EXPECT_FALSE(fed.has_value());
  EventParser many_events(100);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(many_events.feed("data: x\n: comment\n\n"));
    ASSERT_TRUE(many_events.take().has_value());
  }
}

TEST(EncodeEvent, DropsLineBreaksWhereTheyWouldForgeFields) {
  EXPECT_EQ(encode_event({"1\n2", "a\r\ndata: forged", "x\ry\r\nz\n"}),
            "id: 12\nevent: adata: forged\ndata: x\ndata: y\ndata: z\ndata: \n\n");
  EXPECT_EQ(read_all(encode_comment("a\ndata: forged\n\n")), std::vector<Event>{});
}

// Property: what was encoded is read back, whatever the bytes and wherever the stream is cut.
TEST(EncodeEvent, IsReadBackFromAnyPieces) {
  static constexpr std::string_view kBytes = "\n\r:ab \xEF\xBB\xBF";
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    std::vector<Event> expected;
    std::string text;
    for (std::uint64_t left = random.below(6); left > 0; --left) {
      Event event{std::to_string(1 + random.below(99)), random.chance(1, 2) ? "name" : "", ""};
      for (std::uint64_t bytes = random.below(12); bytes > 0; --bytes) {
        event.data += kBytes[random.below(kBytes.size())];
      }
      text += encode_event(event);
      if (random.chance(1, 3)) text += encode_comment("alive");
      std::string normal;
      for (std::size_t i = 0; i < event.data.size(); ++i) {
        const bool is_pair = event.data.substr(i, 2) == "\r\n";
        normal += event.data[i] == '\r' ? '\n' : event.data[i];
        if (is_pair) ++i;
      }
      event.data = normal;
      expected.push_back(event);
    }
    EventParser parser;
    std::vector<Event> events;
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::size_t size = 1 + random.below(rest.size());
      for (const Event& event : read_all(rest.substr(0, size), parser)) events.push_back(event);
      rest.remove_prefix(size);
    }
    EXPECT_EQ(events, expected);
  }
}

}  // namespace
}  // namespace intertie::net
