// The server on real sockets: framing, limits, threads, stopping.
#include "intertie/net/http_server.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "raw_connection.h"
#include "test_server.h"

namespace intertie::net {
namespace {

bool starts_with_status(const std::string& text, int status) {
  return text.starts_with("HTTP/1.1 " + std::to_string(status) + ' ');
}

TEST(HttpServer, AnswersOverAKeptConnection) {
  const HttpServer server = start_server(echo);
  EXPECT_EQ(server.address(), "127.0.0.1");
  HttpClient client = make_client(server);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.request(make_request("GET", "/a%20b?c")).value().body, "GET /a b ");
    const Response response = client.request(make_request("POST", "/p", "hello")).value();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/plain");
    EXPECT_EQ(response.body, "POST /p hello");
    EXPECT_EQ(server.connections(), 1u);
  }
}

TEST(HttpServer, HandsOverWhatTheRequestSays) {
  Request seen;
  const HttpServer server = start_server([&](Request request, Responder responder) {
    seen = request;
    responder.respond(make_text(""));
  });
  HttpClient client = make_client(server);
  Request request = make_request("PUT", "/x?a=1&b=two+words", "body");
  request.headers.add("X-Some", "thing");
  ASSERT_EQ(client.request(request).value().status, 200);
  EXPECT_EQ(seen.target, "/x?a=1&b=two+words");
  EXPECT_EQ(seen.find_query("b"), "two words");
  EXPECT_EQ(seen.headers.find("x-some"), "thing");
  EXPECT_EQ(seen.headers.find("Host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(seen.peer_address, "127.0.0.1");
  EXPECT_EQ(seen.peer_certificate_der, "");
}

TEST(HttpServer, SaysHowLongABodyWasOnItsWay) {
  std::vector<core::Duration> took;
  const HttpServer server = start_server([&](Request request, Responder responder) {
    took.push_back(request.body_took);
    responder.respond(make_text("."));
  });
  RawConnection connection(server.port());
  connection.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
  connection.read_until("\r\n\r\n.");
  connection.send(
      "PUT /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  connection.read_until("100 Continue\r\n\r\n");
  const auto asked = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - asked < std::chrono::milliseconds(2)) {
  }
  connection.send("hello");
  connection.read_until("\r\n\r\n.");
  connection.send(kGet);
  connection.read_until("\r\n\r\n.");
  ASSERT_EQ(took.size(), 3u);
  EXPECT_GE(took[1], core::milliseconds(2));
  EXPECT_EQ(took[2], core::Duration{});
}

TEST(HttpServer, AnswersPipelinedRequestsInOrderThoughAnsweredElsewhere) {
  Answerer answerer;
  const HttpServer server = start_server([&](Request request, Responder responder) {
    answerer.add(std::move(responder), make_text('<' + request.path + '>'));
  });
  RawConnection connection(server.port());
  std::string text;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    text += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    expected += "</" + std::to_string(i) + '>';
  }
  connection.send(text);
  connection.end_sending();  // All that was sent is still answered.
  const std::string answers = connection.read_to_end();
  std::string bodies;
  for (std::size_t at = answers.find('<'); at != answers.npos; at = answers.find('<', at + 1)) {
    bodies += answers.substr(at, answers.find('>', at) - at + 1);
  }
  EXPECT_EQ(bodies, expected);
}

TEST(HttpServer, ServesTwoHundredKeptConnectionsAtOnce) {
  HttpServerOptions options;
  options.threads = 2;
  Answerer answerer;
  const HttpServer server = start_server(
      [&](Request request, Responder responder) {
        answerer.add(std::move(responder), make_text(request.body));
      },
      options);
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int i = 0; i < 200; ++i) {
    connections.push_back(std::make_unique<RawConnection>(server.port()));
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const std::string body = '<' + std::to_string(i * 10 + static_cast<unsigned>(round)) + '>';
      connections[i]->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n\r\n" + body);
    }
    for (std::size_t i = 0; i < connections.size(); ++i) {
      const std::string body = '<' + std::to_string(i * 10 + static_cast<unsigned>(round)) + '>';
      EXPECT_TRUE(connections[i]->read_until(">").ends_with(body));
    }
  }
  EXPECT_EQ(server.connections(), 200u);
}

TEST(HttpServer, AnswersHeadWithoutABody) {
  const HttpServer server = start_server(echo);
  RawConnection connection(server.port());
  connection.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(connection.read_until("\r\n\r\n").find("Content-Length: 8\r\n") != std::string::npos);
  connection.send(kGet);
  EXPECT_TRUE(starts_with_status(connection.read_until("GET /a "), 200));
  HttpClient client = make_client(server);
  EXPECT_EQ(client.request(make_request("HEAD", "/a")).value().body, "");
  EXPECT_EQ(client.request(make_request("GET", "/a")).value().body, "GET /a ");
}

TEST(HttpServer, ServesOldClients) {
  const HttpServer server = start_server(echo);
  RawConnection closing(server.port());
  closing.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(closing.read_to_end().ends_with("Connection: close\r\n\r\nGET /a "));
  RawConnection keeping(server.port());
  keeping.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(keeping.read_until("GET /a ").find("Connection: keep-alive") != std::string::npos);
}

TEST(HttpServer, ReadsChunkedBodies) {
  const HttpServer server = start_server(echo);
  RawConnection connection(server.port());
  connection.send("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  connection.send("lo\r\n1\r\n!\r\n0\r\n\r\n");
  EXPECT_TRUE(connection.read_until("hello!").ends_with("POST /c hello!"));
}

TEST(HttpServer, AsksForTheBodyWhenTheClientWaits) {
  HttpServerOptions options;
  options.limits.body_bytes_max = 10;
  const HttpServer server = start_server(echo, options);
  const std::string head =
      "POST /c HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ";
  RawConnection accepted(server.port());
  accepted.send(head + "5\r\n\r\n");
  EXPECT_EQ(accepted.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  accepted.send("hello");
  EXPECT_TRUE(accepted.read_until("hello").ends_with("POST /c hello"));
  RawConnection refused(server.port());
  refused.send(head + "11\r\n\r\n");
  EXPECT_TRUE(starts_with_status(refused.read_to_end(), 413));
}

TEST(HttpServer, RefusesTooMuch) {
  HttpServerOptions options;
  options.limits.body_bytes_max = 10;
  options.body_limit = [](std::string_view method, std::string_view path) -> std::size_t {
    return method == "PUT" && path == "/big" ? 100'000 : 10;
  };
  const HttpServer server = start_server(echo, options);
  RawConnection header(server.port());
  header.send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a'));
  EXPECT_TRUE(starts_with_status(header.read_to_end(), 431));
  RawConnection chunked(server.port());
  chunked.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nB\r\nhello");
  const std::string answer = chunked.read_to_end();
  EXPECT_TRUE(starts_with_status(answer, 413));
  EXPECT_NE(answer.find("\"code\":\"too_large\""), std::string::npos);
  HttpClient client = make_client(server);
  EXPECT_EQ(client.request(make_request("POST", "/", std::string(11, 'a'))).value().status, 413);
  EXPECT_EQ(client.request(make_request("POST", "/", std::string(5'000'000, 'a'))).value().status,
            413);
  EXPECT_EQ(client.request(make_request("POST", "/", std::string(10, 'a'))).value().status, 200);
  EXPECT_EQ(client.request(make_request("PUT", "/big", std::string(100'000, 'a'))).value().body,
            "PUT /big " + std::string(100'000, 'a'));
}

TEST(HttpServer, BoundsTheBodiesOfAllConnectionsTogether) {
  HttpServerOptions options;
  options.limits.bodies_bytes_max = 100'000;
  std::vector<Responder> kept;
  std::mutex mutex;
  const HttpServer server = start_server(
      [&](Request, Responder responder) {
        const std::lock_guard lock(mutex);
        kept.push_back(std::move(responder));
      },
      options);
  const std::string post =
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + std::string(60'000, 'a');
  RawConnection first(server.port());
  first.send(post);
  while (true) {
    const std::lock_guard lock(mutex);
    if (!kept.empty()) break;
  }
  RawConnection second(server.port());
  second.send(post);
  EXPECT_TRUE(starts_with_status(second.read_to_end(), 503));
  {
    const std::lock_guard lock(mutex);
    kept.front().respond(make_text("ok"));
  }
  EXPECT_TRUE(first.read_until("ok").ends_with("ok"));
  RawConnection third(server.port());
  third.send(post);  // The first one's share is free again.
  while (true) {
    const std::lock_guard lock(mutex);
    if (kept.size() == 2) break;
  }
  kept.clear();
  EXPECT_TRUE(starts_with_status(third.read_until("}"), 500));
}

TEST(HttpServer, ClosesSlowClients) {
  HttpServerOptions options;
  options.limits.read_timeout = core::milliseconds(200);
  options.limits.idle_timeout = core::milliseconds(400);
  const HttpServer server = start_server(echo, options);
  RawConnection silent(server.port());
  RawConnection in_header(server.port());
  in_header.send("GET / HTTP/1.1\r\nHost: x\r\n");
  RawConnection in_body(server.port());
  in_body.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhel");
  RawConnection idle(server.port());
  idle.send(kGet);
  EXPECT_TRUE(idle.read_until("GET /a ").ends_with("GET /a "));
  for (RawConnection* connection : {&silent, &in_header, &in_body, &idle}) {
    EXPECT_EQ(connection->read_to_end(), "");
  }
}

// One byte now and then keeps no connection open: the deadline is for the whole header.
TEST(HttpServer, ClosesClientsThatDribble) {
  HttpServerOptions options;
  options.limits.read_timeout = core::milliseconds(200);
  const HttpServer server = start_server(echo, options);
  RawConnection connection(server.port());
  std::atomic<bool> is_closed = false;
  std::thread dribble([&] {
    while (!is_closed) {
      connection.send("X");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  EXPECT_EQ(connection.read_to_end(), "");
  is_closed = true;
  dribble.join();
}

TEST(HttpServer, Answers500ForDroppedRespondersAndThrowingHandlers) {
  const HttpServer server = start_server([](Request request, Responder responder) {
    if (request.path == "/throw") throw std::string("not an exception class");
    if (request.path == "/thread") {
      std::thread([kept = std::move(responder)] {}).join();
      return;
    }
    const Responder dropped = std::move(responder);
  });
  HttpClient client = make_client(server);
  for (const char* path : {"/drop", "/throw", "/thread", "/drop"}) {
    const Response response = client.request(make_request("GET", path)).value();
    EXPECT_EQ(response.status, 500);
    EXPECT_NE(response.body.find("\"code\":\"internal\""), std::string::npos);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(HttpServer, AnswersFromManyThreads) {
  HttpServerOptions options;
  options.threads = 2;
  Answerer answerers[3];
  std::atomic<unsigned> next = 0;
  const HttpServer server = start_server(
      [&](Request request, Responder responder) {
        answerers[next++ % 3].add(std::move(responder), make_text(request.body));
      },
      options);
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      HttpClient client = make_client(server);
      for (int i = 0; i < 300; ++i) {
        const std::string body = std::to_string(c) + ' ' + std::to_string(i);
        EXPECT_EQ(client.request(make_request("POST", "/", body)).value().body, body);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST(HttpServer, SendsLargeBodiesPieceByPiece) {
  const HttpServer server = start_server([](Request request, Responder responder) {
    Response response;
    const std::uint64_t total = 3'000'000;
    if (request.path != "/chunked") response.body_source_bytes = total;
    const std::uint64_t given = request.path == "/short" ? total - 1 : total;
    response.body_source = [left = given](std::size_t bytes_max) mutable {
      const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes_max));
      std::string piece(size, ' ');
      for (char& byte : piece) byte = static_cast<char>('a' + left-- % 23);
      return core::Result<std::string>(std::move(piece));
    };
    responder.respond(std::move(response));
  });
  std::string expected;
  for (std::uint64_t left = 3'000'000; left > 0; --left) {
    expected += static_cast<char>('a' + left % 23);
  }
  HttpClient client = make_client(server);
  const Response sized = client.request(make_request("GET", "/sized")).value();
  EXPECT_EQ(sized.headers.find("Content-Length"), "3000000");
  EXPECT_TRUE(sized.body == expected);
  const Response chunked = client.request(make_request("GET", "/chunked")).value();
  EXPECT_EQ(chunked.headers.find("Transfer-Encoding"), "chunked");
  EXPECT_TRUE(chunked.body == expected);
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(client.request(make_request("GET", "/short")).error().reason,
            core::Reason::unreachable);
  RawConnection old(server.port());
  old.send("GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(old.read_to_end().ends_with("\r\n\r\n" + expected));
}

TEST(HttpServer, ClosesConnectionsBeyondTheLimit) {
  HttpServerOptions options;
  options.limits.connections_max = 2;
  const HttpServer server = start_server(echo, options);
  RawConnection first(server.port());
  first.send(kGet);
  EXPECT_TRUE(first.read_until("GET /a ").ends_with("GET /a "));
  {
    RawConnection second(server.port());
    second.send(kGet);
    EXPECT_TRUE(second.read_until("GET /a ").ends_with("GET /a "));
    RawConnection third(server.port());
    EXPECT_EQ(third.read_to_end(), "");
  }
  while (server.connections() > 1) std::this_thread::yield();
  RawConnection fourth(server.port());
  fourth.send(kGet);
  EXPECT_TRUE(fourth.read_until("GET /a ").ends_with("GET /a "));
}

TEST(HttpServer, LetsRequestsInFlightFinishWhenItStops) {
  std::promise<Responder> waiting;
  HttpServer server =
      start_server([&](Request, Responder responder) { waiting.set_value(std::move(responder)); });
  RawConnection idle(server.port());
  auto busy = std::make_unique<RawConnection>(server.port());
  busy->send(kGet);
  Responder responder = waiting.get_future().get();
  std::thread stopping([&] { server.stop(core::seconds(20)); });
  EXPECT_EQ(idle.read_to_end(), "");  // Closed while the other still waits.
  EXPECT_FALSE(RawConnection(server.port()).is_connected());
  responder.respond(make_text("done"));
  const std::string answer = busy->read_to_end();
  EXPECT_TRUE(answer.ends_with("done"));
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  busy.reset();
  stopping.join();
  EXPECT_EQ(server.connections(), 0u);
}

TEST(HttpServer, StopsThoughARequestIsNeverAnswered) {
  std::promise<Responder> waiting;
  HttpServer server =
      start_server([&](Request, Responder responder) { waiting.set_value(std::move(responder)); });
  RawConnection busy(server.port());
  busy.send(kGet);
  Responder responder = waiting.get_future().get();
  server.stop(core::milliseconds(10));
  EXPECT_EQ(busy.read_to_end(), "");
  responder.respond(make_text("too late"));  // The server is gone; nothing happens.
}

TEST(HttpServer, SaysWhyItCannotStart) {
  HttpServerOptions options;
  options.address = "localhost";
  EXPECT_EQ(HttpServer::start(options, echo).error().reason, core::Reason::bad_field);
  options.address = "127.0.0.1";
  const HttpServer server = start_server(echo, options);
  options.port = server.port();
  EXPECT_EQ(HttpServer::start(options, echo).error().reason, core::Reason::io_failed);
  options.port = 0;
  options.tls = TlsServerOptions{"no certificate", "no key"};
  EXPECT_EQ(HttpServer::start(options, echo).error().reason, core::Reason::bad_key);
}

}  // namespace
}  // namespace intertie::net
