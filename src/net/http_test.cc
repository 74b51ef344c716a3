// URL encoding, queries, header lookup, and the bytes of messages.
#include "intertie/net/http.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/limits.h"
#include "intertie/core/random.h"

#include "message_writer.h"

namespace intertie::net {
namespace {

TEST(Headers, AreFoundWithoutRegardToCase) {
  Headers headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  EXPECT_EQ(headers.find("content-TYPE"), "a");
  EXPECT_EQ(headers.find("X"), "1");
  EXPECT_FALSE(headers.has("Content-Typ"));
  headers.set("X", "3");
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.find("x"), "3");
}

TEST(PercentEncode, LeavesUnreservedCharactersAlone) {
  EXPECT_EQ(percent_encode("aZ09-._~ /?%\xE4\xBA\xAC"), "aZ09-._~%20%2F%3F%25%E4%BA%AC");
}

TEST(PercentDecode, IsTheInverseForAnyBytes) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    core::Random random(seed);
    std::string bytes(random.below(40), ' ');
    for (char& byte : bytes) byte = static_cast<char>(random.below(256));
    EXPECT_EQ(percent_decode(percent_encode(bytes)).value(), bytes);
    const std::vector<QueryParameter> query = {{bytes + "n", bytes}, {"b", ""}};
    EXPECT_EQ(parse_query(format_query(query)).value(), query);
  }
}

TEST(PercentDecode, RefusesIncompleteEscapes) {
  for (const char* bad : {"%", "%4", "a%", "%G1", "%1G", "%%41"}) {
    EXPECT_FALSE(percent_decode(bad).has_value()) << bad;
  }
  EXPECT_EQ(percent_decode("%41%2f+").value(), "A/+");
}

TEST(ParseQuery, ReadsForms) {
  EXPECT_EQ(parse_query("a=1&&b=two+words&c&=d&e=f=g").value(),
            (std::vector<QueryParameter>{
                {"a", "1"}, {"b", "two words"}, {"c", ""}, {"", "d"}, {"e", "f=g"}}));
  std::string many;
  for (std::size_t i = 0; i < core::limits::query_parameters_max; ++i) many += "a&";
  EXPECT_EQ(parse_query(many).value().size(), core::limits::query_parameters_max);
  EXPECT_EQ(parse_query(many + "b").error().reason, core::Reason::too_large);
}

TEST(SplitPath, KeepsEncodedSlashesInsideSegments) {
  using Segments = std::vector<std::string>;
  EXPECT_EQ(split_path("/v1/jobs/a%2Fb?x=/y").value(), (Segments{"v1", "jobs", "a/b"}));
  EXPECT_EQ(split_path("/").value(), Segments{});
  EXPECT_EQ(split_path("/a//b/").value(), (Segments{"a", "", "b"}));
  EXPECT_FALSE(split_path("/%zz").has_value());
}

TEST(ParseUrl, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_url("https://hub.example:7300/v1?x#part").value(),
            (Url{true, "hub.example", 7300, "/v1?x"}));
  EXPECT_EQ(parse_url("http://[2001:db8::7]").value(), (Url{false, "2001:db8::7", 80, "/"}));
  EXPECT_EQ(parse_url("http://a?x").value(), (Url{false, "a", 80, "/?x"}));
  for (const char* bad :
       {"hub:7300", "ftp://a", "http://", "http://:80", "http://a:", "http://a:0", "http://a:65536",
        "http://a:8x", "http://u@a", "http://a b", "http://[::1", "http://[::1]x"}) {
    EXPECT_FALSE(parse_url(bad).has_value()) << bad;
  }
}

TEST(FormatHttpDate, MatchesTheStandard) {
  EXPECT_EQ(format_http_date({784'111'777'000'000}), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(FormatResponseHead, LeavesOutWhatWouldSplitTheMessage) {
  Response response;
  response.headers = {{"X-Good", "1"},
                      {"X-Bad", "1\r\nSet-Cookie: a"},
                      {"Bad Name", "1"},
                      {"Content-Length", "99"},
                      {"transfer-encoding", "chunked"}};
  response.content_type = "text/plain";
  Framing framing;
  framing.content_length = 5;
  EXPECT_EQ(format_response_head(response, framing, "today"),
            "HTTP/1.1 200 OK\r\nDate: today\r\nContent-Type: text/plain\r\nX-Good: 1\r\n"
            "Content-Length: 5\r\n\r\n");
}

TEST(FormatRequestHead, CarriesALengthWhereOneIsExpected) {
  Request request;
  EXPECT_EQ(format_request_head(request, "h:1"), "GET / HTTP/1.1\r\nHost: h:1\r\n\r\n");
  request.method = "POST";
  EXPECT_EQ(format_request_head(request, "h"),
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace intertie::net
