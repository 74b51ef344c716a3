// HTTP behind the socket: messages, however they are cut into pieces, and the texts in them.
#include "intertie/net/http.h"

#include "fuzz_target.h"
#include "message_reader.h"

namespace intertie::fuzz {
namespace {

using net::MessageReader;
using net::ReadState;

constexpr std::size_t kHeaderMax = 4'096;
constexpr std::uint64_t kBodyMax = 65'536;

struct Outcome {
  ReadState state = ReadState::head;
  std::string method;
  std::string target;
  int status = 0;
  std::string body;
  std::size_t used = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Offers `step` bytes more each time, as a socket would.
Outcome read_message(MessageReader::Kind kind, std::string_view text, std::size_t step) {
  MessageReader reader(kind, kHeaderMax);
  Outcome outcome;
  std::size_t offered = 0;
  bool is_limited = false;
  while (reader.state() == ReadState::head || reader.state() == ReadState::body) {
    const std::size_t taken = reader.feed(text.substr(outcome.used, offered - outcome.used));
    check(taken <= offered - outcome.used, "no more is taken than there is");
    outcome.used += taken;
    if (reader.state() == ReadState::body && !is_limited) {
      reader.set_body_limit(kBodyMax);
      is_limited = true;
    }
    if (taken > 0) continue;
    if (offered == text.size()) break;
    offered = std::min(text.size(), offered + step);
  }
  reader.feed_end();
  outcome.state = reader.state();
  if (outcome.state != ReadState::complete) {
    return {ReadState::failed, "", "", 0, "", 0};
  }
  outcome.method = reader.head().request.method;
  outcome.target = reader.head().request.target;
  outcome.status = reader.head().response.status;
  outcome.body = reader.body();
  check(outcome.body.size() <= kBodyMax, "a body keeps to its limit");
  return outcome;
}

void take_message(MessageReader::Kind kind, std::string_view text) {
  const Outcome whole = read_message(kind, text, text.size() + 1);
  check(whole == read_message(kind, text, 1), "where a message is cut changes nothing");
  check(whole == read_message(kind, text, 7), "where a message is cut changes nothing");
}

void take_texts(std::string_view text) {
  if (const auto query = net::parse_query(text)) {
    const auto again = net::parse_query(net::format_query(*query));
    check(again && *again == *query, "a query is read as it is written");
  }
  if (const auto decoded = net::percent_decode(text)) {
    const auto again = net::percent_decode(net::percent_encode(*decoded));
    check(again && *again == *decoded, "an escaped text is read as it is written");
  }
  (void)net::split_path(text);
  if (const auto url = net::parse_url(text)) {
    check(!url->host.empty() && url->port != 0, "a URL has host and port");
    check(url->target.starts_with('/'), "a target is a path");
  }
}

}  // namespace

void take_input(std::string_view input) {
  if (input.empty()) return;
  const std::string_view rest = input.substr(1);
  if (input.front() == '>') return take_message(MessageReader::Kind::request, rest);
  if (input.front() == '<') return take_message(MessageReader::Kind::response, rest);
  take_texts(rest);
}

std::vector<std::string> make_seeds() {
  return {">GET /v1/jobs?limit=2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n",
          ">POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
          ">POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;e=1\r\nhello\r\n"
          "A\r\n, world !!\r\n0\r\nTrailer: x\r\n\r\n",
          ">GET http://hub.example/v1?q=1 HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n",
          ">PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999\r\n\r\n",
          ">GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
          "<HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
          "<HTTP/1.1 503 Busy\r\nRetry-After: 2\r\n\r\nuntil the end",
          "<HTTP/1.1 204 No Content\r\n\r\n",
          "?a=1&b=two+words&c=%41%c3%a9&&=",
          "?https://[::1]:7300/v1?x#f",
          "?/v1/jobs/a%2Fb//"};
}

}  // namespace intertie::fuzz
