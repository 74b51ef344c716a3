// Event streams end to end: order, resumption, interruption, slow readers, silence, stopping.
#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/net/http_client.h"
#include "intertie/net/http_server.h"

#include "raw_connection.h"
#include "test_certificate.h"
#include "test_server.h"

namespace intertie::net {
namespace {

using core::Reason;

constexpr core::Duration kLong = core::seconds(20);

Event make_event(int number) {
  return {std::to_string(number), "step", "event " + std::to_string(number)};
}

/// Hands each stream it starts to the test.
struct StreamSource {
  Handler handler() {
    return [this](Request request, Responder responder) {
      last_event_id = request.headers.find("Last-Event-ID").value_or("");
      started.set_value(responder.start_stream({{"X-Some", "thing"}}));
    };
  }
  EventStream get() {
    EventStream stream = started.get_future().get();
    started = {};
    return stream;
  }
  std::promise<EventStream> started;
  std::string last_event_id;
};

std::string key_of(const core::Result<std::optional<Event>>& event) {
  if (!event) return std::string(core::reason_code(event.error().reason));
  return event->has_value() ? (*event)->data : "end";
}

TEST(EventStream, BringsEventsInOrderAndResumes) {
  const TestCertificate certificate = make_certificate(TestKey::ed25519);
  for (const bool is_tls : {false, true}) {
    StreamSource source;
    HttpServerOptions options;
    std::optional<TlsClientOptions> tls;
    if (is_tls) {
      options.tls = TlsServerOptions{certificate.certificate_pem, certificate.key_pem};
      tls.emplace().peer_fingerprint = certificate.fingerprint;
    }
    const HttpServer server = start_server(source.handler(), options);
    HttpClient client = make_client(server, tls);
    Request request = make_request("GET", "/events");
    core::Result<ClientStream> opened = client.open_stream(request);
    ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
    EXPECT_EQ(opened->response().headers.find("X-Some"), "thing");
    EventStream sender = source.get();
    std::thread sending([&] {
      for (int i = 0; i < 2000; ++i) EXPECT_TRUE(sender.send(make_event(i)));
      sender.close();
      EXPECT_FALSE(sender.send(make_event(0)));
    });
    for (int i = 0; i < 2000; ++i) {
      EXPECT_EQ(opened->read_event(kLong).value(), make_event(i));
      EXPECT_EQ(opened->last_event_id(), std::to_string(i));
    }
    EXPECT_EQ(key_of(opened->read_event(kLong)), "end");
    sending.join();
    request.headers.add("Last-Event-ID", opened->last_event_id());
    ASSERT_TRUE(client.open_stream(request).has_value());
    EXPECT_EQ(source.last_event_id, "1999");
    source.get();
  }
}

TEST(EventStream, LeavesTheConnectionUsableAfterItsEnd) {
  const HttpServer server = start_server([](Request request, Responder responder) {
    if (request.path == "/events") {
      EventStream stream = responder.start_stream();
      stream.send(make_event(1));
      return;  // The last handle goes, and the stream ends behind the event.
    }
    echo(std::move(request), std::move(responder));
  });
  RawConnection connection(server.port());
  connection.send(
      "GET /events HTTP/1.1\r\nHost: x\r\n\r\nHEAD /events HTTP/1.1\r\nHost: x\r\n\r\n"
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answers = connection.read_until("GET /a ");
  EXPECT_NE(answers.find("data: event 1\n\n\r\n0\r\n\r\nHTTP/1.1 200 OK"), std::string::npos);
  EXPECT_TRUE(answers.ends_with("GET /a "));
}

TEST(EventStream, WaitsNoLongerThanAskedAndStaysUsable) {
  StreamSource source;
  const HttpServer server = start_server(source.handler());
  HttpClient client = make_client(server);
  ClientStream stream = client.open_stream({}).value();
  EventStream sender = source.get();
  EXPECT_EQ(key_of(stream.read_event(core::milliseconds(10))), "timed_out");
  sender.send(make_event(1));
  EXPECT_EQ(key_of(stream.read_event(kLong)), "event 1");
}

TEST(EventStream, IsInterruptedFromAnotherThread) {
  StreamSource source;
  const HttpServer server = start_server(source.handler());
  HttpClient client = make_client(server);
  for (const bool by_client : {false, true}) {
    ClientStream stream = client.open_stream({}).value();
    EventStream sender = source.get();
    sender.send(make_event(1));
    EXPECT_EQ(key_of(stream.read_event(kLong)), "event 1");
    std::thread other([&] { by_client ? client.interrupt() : stream.interrupt(); });
    EXPECT_EQ(key_of(stream.read_event(kLong)), "stopping");
    other.join();
    sender.send(make_event(2));
    EXPECT_EQ(key_of(stream.read_event(kLong)), "stopping");
  }
}

TEST(EventStream, TellsTheSenderThatTheReaderHasGone) {
  StreamSource source;
  const HttpServer server = start_server(source.handler());
  std::promise<void> closed;
  EventStream sender = [&] {
    HttpClient client = make_client(server);
    ClientStream stream = client.open_stream({}).value();
    EventStream started = source.get();
    started.on_close([&] { closed.set_value(); });
    return started;
  }();
  closed.get_future().wait();
  EXPECT_TRUE(sender.is_closed());
  EXPECT_FALSE(sender.send(make_event(1)));
  bool is_called = false;
  sender.on_close([&] { is_called = true; });
  EXPECT_TRUE(is_called);
}

TEST(EventStream, ClosesReadersThatFallBehind) {
  StreamSource source;
  HttpServerOptions options;
  options.limits.stream_queue_bytes_max = 100'000;
  const HttpServer server = start_server(source.handler(), options);
  RawConnection reader(server.port());
  reader.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EventStream sender = source.get();
  std::promise<void> closed;
  sender.on_close([&] { closed.set_value(); });
  // What the operating system buffers is some megabytes; the queue is far smaller.
  const Event large{"", "", std::string(10'000, 'x')};
  int sent = 0;
  while (sender.send(large)) {
    ASSERT_LT(++sent, 100'000);
    EXPECT_LE(sender.queued_bytes(), 100'000u);
  }
  closed.get_future().wait();
  while (server.connections() > 0) std::this_thread::yield();
}

TEST(EventStream, IsKeptAliveAndItsSilenceNoticed) {
  for (const bool is_kept_alive : {true, false}) {
    StreamSource source;
    HttpServerOptions server_options;
    server_options.limits.stream_keep_alive =
        is_kept_alive ? core::milliseconds(20) : core::seconds(100);
    const HttpServer server = start_server(source.handler(), server_options);
    HttpClientOptions options;
    options.port = server.port();
    options.stream_silence_max = core::milliseconds(400);
    HttpClient client(options);
    ClientStream stream = client.open_stream({}).value();
    const EventStream sender = source.get();
    EXPECT_EQ(key_of(stream.read_event(core::milliseconds(1500))),
              is_kept_alive ? "timed_out" : "unreachable");
  }
}

TEST(EventStream, EndsInGoodOrderWhenTheServerStops) {
  StreamSource source;
  HttpServer server = start_server(source.handler());
  HttpClient client = make_client(server);
  ClientStream stream = client.open_stream({}).value();
  EventStream sender = source.get();
  EXPECT_TRUE(sender.send(make_event(1)));
  server.stop(core::milliseconds(100));
  EXPECT_TRUE(sender.is_closed());
  EXPECT_EQ(key_of(stream.read_event(kLong)), "event 1");
  EXPECT_EQ(key_of(stream.read_event(kLong)), "end");
}

TEST(EventStream, IsRefusedWithTheReasonOfTheStatus) {
  const HttpServer server = start_server([](Request request, Responder responder) {
    responder.respond(make_text("no", std::stoi(request.path.substr(1))));
  });
  HttpClient client = make_client(server);
  const std::vector<std::pair<std::string, Reason>> expected = {
      {"/200", Reason::bad_syntax}, {"/401", Reason::not_signed_in}, {"/403", Reason::denied},
      {"/404", Reason::not_found},  {"/429", Reason::overloaded},    {"/500", Reason::bad_syntax}};
  for (const auto& [target, reason] : expected) {
    EXPECT_EQ(client.open_stream(make_request("GET", target)).error().reason, reason) << target;
  }
}

}  // namespace
}  // namespace intertie::net
