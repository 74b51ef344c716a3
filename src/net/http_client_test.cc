// The client: reuse of connections, deadlines, interruption, hostile servers, TLS.
#include "intertie/net/http_client.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "raw_connection.h"
#include "test_certificate.h"
#include "test_server.h"

namespace intertie::net {
namespace {

using core::Reason;

/// A server that sends fixed bytes to each connection, one text after another, and closes.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, texts = std::move(answers)] {
      for (const std::string& text : texts) {
        const int accepted = ::accept(listener_, nullptr, nullptr);
        char request[4096];
        if (::recv(accepted, request, sizeof request, 0) > 0) {
          static_cast<void>(::send(accepted, text.data(), text.size(), MSG_NOSIGNAL));
        }
        ::close(accepted);
      }
    });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  HttpClient make_client() const {
    HttpClientOptions options;
    options.port = port_;
    options.body_bytes_max = 100;
    return HttpClient(options);
  }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

const Request kPlainGet;

TEST(HttpClient, ReconnectsWhenTheServerHasClosedTheKeptConnection) {
  HttpServerOptions options;
  options.limits.idle_timeout = core::milliseconds(50);
  const HttpServer server = start_server(echo, options);
  HttpClient client = make_client(server);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.request(make_request("POST", "/", "x")).value().body, "POST / x");
    while (server.connections() > 0) std::this_thread::yield();
  }
}

TEST(HttpClient, RepeatsOnlyWhatMayBeRepeated) {
  // The first answer keeps the connection, which is then closed: by turns seen before the next
  // request or only after it was sent.
  const std::string kept = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
  ScriptedServer server({kept, kept});
  HttpClient client = server.make_client();
  EXPECT_EQ(client.request(kPlainGet).value().body, "a");
  EXPECT_EQ(client.request(kPlainGet).value().body, "a");
}

TEST(HttpClient, ReadsToTheEndAndSkipsInterimResponses) {
  ScriptedServer server(
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
       "HTTP/1.0 201 Created\r\nContent-Type: a/b\r\n\r\nhello"});
  const Response response = server.make_client().request(kPlainGet).value();
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(response.content_type, "a/b");
}

TEST(HttpClient, RefusesWhatIsNoCompleteBoundedResponse) {
  ScriptedServer server({"SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello",
                         "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'a'),
                         "HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'a'),
                         "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n", "",
                         "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"});
  HttpClient client = server.make_client();
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::bad_syntax);
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::unreachable);
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::too_large);
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::too_large);
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::too_large);
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::unreachable);
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::bad_syntax);
}

TEST(HttpClient, RefusesRequestsThatWouldForgeOthers) {
  const HttpServer server = start_server(echo);
  HttpClient client = make_client(server);
  EXPECT_EQ(client.request(make_request("GET", "/a b")).error().reason, Reason::bad_field);
  EXPECT_EQ(client.request(make_request("GET", "/a\r\nX: y")).error().reason, Reason::bad_field);
  EXPECT_EQ(client.request(make_request("GET /", "/")).error().reason, Reason::bad_field);
}

TEST(HttpClient, SaysWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    const HttpServer server = start_server(echo);
    port = server.port();
  }
  HttpClientOptions options;
  options.port = port;
  EXPECT_EQ(HttpClient(options).request(kPlainGet).error().reason, Reason::unreachable);
  options.host = "no..such-host";  // Malformed, so that no name server is asked.
  EXPECT_EQ(HttpClient(options).request(kPlainGet).error().reason, Reason::unreachable);
}

TEST(HttpClient, FindsServersByName) {
  const HttpServer server = start_server(echo);
  HttpClientOptions options;
  options.host = "localhost";
  options.port = server.port();
  EXPECT_EQ(HttpClient(options).request(kPlainGet).value().status, 200);
}

TEST(HttpClient, TimesOutAndIsUsableAfterwards) {
  std::mutex mutex;
  std::vector<Responder> kept;
  const HttpServer server = start_server([&](Request request, Responder responder) {
    if (request.path == "/fast") return responder.respond(make_text("fast"));
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(responder));
  });
  HttpClient client = make_client(server);
  EXPECT_EQ(client.request(make_request("GET", "/slow"), core::milliseconds(20)).error().reason,
            Reason::timed_out);
  EXPECT_EQ(client.request(make_request("GET", "/fast")).value().body, "fast");
}

TEST(HttpClient, IsInterruptedFromAnotherThread) {
  std::promise<Responder> waiting;
  const HttpServer server =
      start_server([&](Request, Responder responder) { waiting.set_value(std::move(responder)); });
  HttpClient client = make_client(server);
  Responder responder;  // Alive to the end, so that no answer can win.
  std::thread other([&] {
    responder = waiting.get_future().get();
    client.interrupt();
  });
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::stopping);
  other.join();
  EXPECT_EQ(client.request(kPlainGet).error().reason, Reason::stopping);
}

TEST(HttpClient, DownloadsInPieces) {
  const std::string content(1'000'000, 'x');
  const HttpServer server = start_server([&](Request request, Responder responder) {
    responder.respond(make_text(content, request.path == "/missing" ? 404 : 200));
  });
  HttpClient client = make_client(server);
  std::string got;
  int pieces = 0;
  const auto sink = [&](std::string_view piece) -> core::Result<void> {
    got += piece;
    ++pieces;
    return {};
  };
  const Response response = client.download(make_request("GET", "/x"), sink).value();
  EXPECT_EQ(response.body, "");
  EXPECT_TRUE(got == content);
  EXPECT_GE(pieces, 1'000'000 / (256 << 10));
  got.clear();
  EXPECT_TRUE(client.download(make_request("GET", "/missing"), sink).value().body == content);
  EXPECT_EQ(got, "");
  const auto full = [](std::string_view) -> core::Result<void> {
    return {Reason::io_failed, "disk full"};
  };
  EXPECT_EQ(client.download(make_request("GET", "/x"), full).error().reason, Reason::io_failed);
  EXPECT_EQ(client.request(make_request("GET", "/x")).value().status, 200);
}

HttpServerOptions make_tls_options(const TestCertificate& certificate, ClientCertificate required) {
  HttpServerOptions options;
  options.tls = TlsServerOptions{certificate.certificate_pem, certificate.key_pem, required};
  return options;
}

TlsClientOptions make_tls(const std::string& fingerprint) {
  TlsClientOptions options;
  options.peer_fingerprint = fingerprint;
  return options;
}

TEST(Tls, ReachesAServerByThePinOfItsCertificateOrItsKey) {
  const TestCertificate certificate = make_certificate(TestKey::p256);
  const HttpServer server =
      start_server(echo, make_tls_options(certificate, ClientCertificate::none));
  for (const std::string& pin : {certificate.fingerprint, certificate.key_fingerprint}) {
    HttpClient client = make_client(server, make_tls(pin));
    const std::string body(300'000, 'b');
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(client.request(make_request("POST", "/", body)).value().body == "POST / " + body);
    }
    EXPECT_EQ(server.connections(), 1u);
    static_cast<void>(HttpClient(std::move(client)));
    while (server.connections() > 0) std::this_thread::yield();
  }
}

TEST(Tls, RefusesAnotherServer) {
  const TestCertificate certificate = make_certificate(TestKey::p256);
  std::atomic<int> handled = 0;
  const HttpServer server = start_server(
      [&](Request request, Responder responder) {
        ++handled;
        echo(std::move(request), std::move(responder));
      },
      make_tls_options(certificate, ClientCertificate::none));
  const std::string other = make_certificate(TestKey::p256).fingerprint;
  EXPECT_EQ(make_client(server, make_tls(other)).request(kPlainGet).error().reason,
            Reason::certificate_refused);
  // Without a pin the system's authorities decide, and none has signed this one.
  EXPECT_EQ(make_client(server, make_tls("")).request(kPlainGet).error().reason,
            Reason::certificate_refused);
  EXPECT_EQ(make_client(server, make_tls("abc")).request(kPlainGet).error().reason,
            Reason::bad_field);
  EXPECT_EQ(make_client(server).request(kPlainGet).error().reason, Reason::unreachable);
  EXPECT_EQ(handled.load(), 0);
}

TEST(Tls, RefusesAPlainServer) {
  const HttpServer server = start_server(echo);
  EXPECT_EQ(make_client(server, make_tls(std::string(64, 'a'))).request(kPlainGet).error().reason,
            Reason::unreachable);
}

TEST(Tls, HandsTheClientsCertificateToTheHandler) {
  const TestCertificate hub = make_certificate(TestKey::ed25519);
  const TestCertificate site = make_certificate(TestKey::ed25519);
  std::string seen;
  const HttpServer server = start_server(
      [&](Request request, Responder responder) {
        seen = request.peer_certificate_der;
        responder.respond(make_text("ok"));
      },
      make_tls_options(hub, ClientCertificate::require));
  TlsClientOptions options = make_tls(hub.key_fingerprint);
  options.certificate_pem = site.certificate_pem;
  options.key_pem = site.key_pem;
  EXPECT_EQ(make_client(server, options).request(kPlainGet).value().body, "ok");
  EXPECT_EQ(seen, site.der);
}

TEST(Tls, RefusesClientsWithoutACertificateOrWithoutItsKey) {
  const TestCertificate hub = make_certificate(TestKey::ed25519);
  std::atomic<int> handled = 0;
  const HttpServer server = start_server(
      [&](Request request, Responder responder) {
        ++handled;
        echo(std::move(request), std::move(responder));
      },
      make_tls_options(hub, ClientCertificate::require));
  EXPECT_EQ(make_client(server, make_tls(hub.fingerprint)).request(kPlainGet).error().reason,
            Reason::certificate_refused);
  TlsClientOptions stolen = make_tls(hub.fingerprint);
  stolen.certificate_pem = hub.certificate_pem;
  stolen.key_pem = make_certificate(TestKey::ed25519).key_pem;
  EXPECT_EQ(make_client(server, stolen).request(kPlainGet).error().reason, Reason::bad_key);
  EXPECT_EQ(handled.load(), 0);
}

TEST(Tls, SpeaksOldTlsOnlyWhereAllowed) {
  const TestCertificate certificate = make_certificate(TestKey::p256);
  for (const bool is_allowed : {false, true}) {
    HttpServerOptions options = make_tls_options(certificate, ClientCertificate::none);
    options.tls->allow_tls_1_2 = is_allowed;
    const HttpServer server = start_server(echo, options);
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    SSL* ssl = SSL_new(context);
    BIO* socket = BIO_new_connect(("127.0.0.1:" + std::to_string(server.port())).c_str());
    SSL_set_bio(ssl, socket, socket);
    EXPECT_EQ(SSL_connect(ssl) == 1, is_allowed);
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
}

// An independent client agrees with us about what is on the wire.
TEST(Tls, IsUnderstoodByCurl) {
  if (std::system("curl --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "curl is not installed";
  const TestCertificate certificate = make_certificate(TestKey::p256);
  const HttpServer server =
      start_server(echo, make_tls_options(certificate, ClientCertificate::none));
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port());
  // Two requests over one connection; the second waits for 100 Continue and sends chunks.
  const std::string command =
      "echo -n hello | curl -sk --noproxy '*' --max-time 20 " + url +
      "/a --next -sk --noproxy '*' " +
      "--max-time 20 -X POST -H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue' " +
      "--data-binary @- " + url + "/b -w ' %{http_code} %{num_connects}'";
  FILE* pipe = ::popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  char piece[256];
  while (std::fgets(piece, sizeof piece, pipe) != nullptr) output += piece;
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_EQ(output, "GET /a POST /b hello 200 0");
}

TEST(Tls, ClosesClientsThatDoNotFinishTheHandshake) {
  HttpServerOptions options =
      make_tls_options(make_certificate(TestKey::p256), ClientCertificate::none);
  options.limits.read_timeout = core::milliseconds(100);
  const HttpServer server = start_server(echo, options);
  RawConnection silent(server.port());
  EXPECT_EQ(silent.read_to_end(), "");
}

}  // namespace
}  // namespace intertie::net
