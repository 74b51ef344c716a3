// Adversarial tests 5 to 7 on real sockets: bodies without end, slow clients, floods, smuggling.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "bad_requests.h"
#include "raw_connection.h"
#include "test_server.h"

namespace intertie::net {
namespace {

bool has_status(const std::string& text, int status) {
  return text.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
}

// Connections in one process take two descriptors each.
int choose_connections(int wanted) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return std::min(wanted, static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 100'000)) / 2 - 100);
}

TEST(Adversarial, A05_AGibibyteIsRefusedByItsHeaderAlone) {
  std::atomic<int> handled = 0;
  const HttpServer server = start_server([&](Request, Responder) { ++handled; });
  for (const char* const length : {"1073741824", "16777217", "18446744073709551615"}) {
    RawConnection connection(server.port());
    connection.send("POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::string(length) +
                    "\r\n\r\n{");
    EXPECT_TRUE(has_status(connection.read_to_end(), 413)) << length;
  }
  EXPECT_EQ(handled, 0);
}

TEST(Adversarial, A05_AChunkedBodyWithoutEndIsRefusedAtTheLimit) {
  std::atomic<int> handled = 0;
  HttpServerOptions options;
  options.limits.body_bytes_max = 1u << 20;
  const HttpServer server = start_server([&](Request, Responder) { ++handled; }, options);
  RawConnection connection(server.port());
  connection.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece = "10000\r\n" + std::string(0x10000, 'a') + "\r\n";
  for (int i = 0; i < 17; ++i) connection.send(piece);
  EXPECT_TRUE(has_status(connection.read_to_end(), 413));
  // Many chunks of one byte, and an extension without end.
  RawConnection extension(server.port());
  extension.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                 std::string(100'000, 'x'));
  EXPECT_TRUE(has_status(extension.read_to_end(), 431));
  EXPECT_EQ(handled, 0);
}

TEST(Adversarial, A05_PackedBodiesAreRefused) {
  std::atomic<int> handled = 0;
  const HttpServer server = start_server([&](Request, Responder responder) {
    ++handled;
    responder.respond(make_text("ok"));
  });
  for (const char* const encoding :
       {"gzip", "GZIP", "deflate", "br", "zstd", "compress", "gzip, gzip", "identity, gzip"}) {
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: " + std::string(encoding) +
                    "\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08 ");
    const std::string answer = connection.read_to_end();
    EXPECT_TRUE(has_status(answer, 415)) << encoding << " " << answer;
    EXPECT_NE(answer.find("not_supported"), std::string::npos) << answer;
  }
  EXPECT_EQ(handled, 0);
  RawConnection plain(server.port());
  plain.send(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_TRUE(plain.read_until("ok").ends_with("ok"));
}

TEST(Adversarial, A06_HeaderFloodsAreCutOff) {
  std::atomic<int> handled = 0;
  const HttpServer server = start_server([&](Request, Responder) { ++handled; });
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 1'000; ++i) many += "A: b\r\n";
  const std::vector<std::string> floods = {
      many,
      "GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(1'000'000, 'a'),
      "GET /" + std::string(1'000'000, 'a'),
      "GET /?" + std::string(1'000'000, '&'),
      std::string(1'000'000, 'G'),
      "GET / HTTP/1.1\r\nHost: x\r\n" + std::string(1'000'000, 'n')};
  for (const std::string& flood : floods) {
    RawConnection connection(server.port());
    connection.send(flood);
    const std::string answer = connection.read_to_end();
    EXPECT_TRUE(has_status(answer, 431) || has_status(answer, 400)) << flood.substr(0, 40);
  }
  RawConnection queries(server.port());
  std::string query = "GET /?";
  for (int i = 0; i < 1'000; ++i) query += "a=b&";
  queries.send(query + "a=b HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(has_status(queries.read_to_end(), 400));
  EXPECT_EQ(handled, 0);
}

// 2,000 clients that send a byte now and then. Everybody else is served meanwhile, and the slow
// ones are closed by their deadline, which no byte puts off.
TEST(Adversarial, A06_TwoThousandSlowClientsKeepNobodyOut) {
  const int count = choose_connections(2'000);
  ASSERT_GT(count, 100);
  HttpServerOptions options;
  options.limits.read_timeout = core::seconds(2);
  const HttpServer server = start_server(echo, options);
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < count; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server.port()));
    ASSERT_TRUE(slow.back()->is_connected());
    slow.back()->send(i % 2 == 0 ? "GET / HTTP/1.1\r\nHost: x\r\nX: "
                                 : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n");
  }
  std::atomic<bool> is_over = false;
  std::thread dribble([&] {
    while (!is_over) {
      for (const auto& connection : slow) connection->send("a");
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  });
  HttpClient client = make_client(server);
  int served = 0;
  do {
    const auto response = client.request(make_request("GET", "/a"));
    ASSERT_TRUE(response.has_value()) << core::to_text(response.error());
    ++served;
  } while (server.connections() > 1);
  is_over = true;
  dribble.join();
  EXPECT_GT(served, 10);
  for (const auto& connection : slow) EXPECT_EQ(connection->read_to_end(), "");
}

// More connections than there may be: those beyond are closed, and idle ones make room.
TEST(Adversarial, A06_IdleConnectionsMakeRoomWhenThereAreMany) {
  HttpServerOptions options;
  options.limits.connections_max = 40;
  options.limits.read_timeout = core::milliseconds(500);
  options.limits.idle_timeout = core::hours(1);
  const HttpServer server = start_server(echo, options);
  std::vector<std::unique_ptr<RawConnection>> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(std::make_unique<RawConnection>(server.port()));
    idle.back()->send(kGet);
    EXPECT_TRUE(idle.back()->read_until("GET /a ").ends_with("GET /a ")) << i;
  }
  // The flood holds on; others get in all the same.
  HttpClientOptions asking;
  asking.port = server.port();
  asking.timeout = core::seconds(2);
  bool is_served = false;
  for (int attempt = 0; attempt < 100 && !is_served; ++attempt) {
    is_served = HttpClient(asking).request(make_request("GET", "/a")).has_value();
    if (!is_served) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_TRUE(is_served);
}

TEST(Adversarial, A07_SmuggledRequestsAreRefusedAndTheConnectionClosed) {
  std::atomic<int> handled = 0;
  const HttpServer server = start_server([&](Request request, Responder responder) {
    if (request.path == "/smuggled") ++handled;
    responder.respond(make_text("ok"));
  });
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
  std::vector<std::string> texts = list_bad_requests();
  for (const char* const fields : {"Content-Length: 5\r\nContent-Length: 6\r\n",
                                   "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                   "Transfer-Encoding: gzip, chunked\r\n", "X: a\r\n b: c\r\n",
                                   "X: a\nY: b\r\n", "Host: y\r\n"}) {
    texts.push_back("POST / HTTP/1.1\r\nHost: x\r\n" + std::string(fields) + "\r\n0\r\n\r\n");
  }
  for (const std::string& text : texts) {
    RawConnection connection(server.port());
    connection.send(text + smuggled);
    connection.end_sending();
    const std::string answer = connection.read_to_end();
    EXPECT_TRUE(has_status(answer, 400)) << text << "\n" << answer;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << text << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close"), std::string::npos) << answer;
  }
  EXPECT_EQ(handled.load(), 0);
}

}  // namespace
}  // namespace intertie::net
