// What moving a dataset costs: CPU of both ends together, over TLS on the loopback, hashing
// included.
//
//   bench_transfer [MIB] [CONNECTIONS] [FOLDER]    default 1024 4 /tmp
//
// And what it achieves over a line (tests/tools/line_relay.h), as the receiver's meter sees it:
//
//   bench_transfer MIB CONNECTIONS FOLDER MEGABITS_PER_SECOND DELAY_MS
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "intertie/core/random.h"
#include "intertie/crypto/bytes.h"
#include "intertie/crypto/certificate.h"
#include "intertie/net/http_server.h"
#include "intertie/transfer/line_meter.h"
#include "intertie/transfer_wire/content_store.h"
#include "intertie/transfer_wire/http_source.h"
#include "intertie/transfer_wire/puller.h"

#include "line_relay.h"

namespace {

using namespace intertie;

constexpr std::uint64_t kPieceBytes = 2u << 20;

struct Clock {
  double wall = 0;
  double cpu = 0;
};

Clock read_clocks() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration<double>(now).count(),
          seconds(use.ru_utime) + seconds(use.ru_stime)};
}

std::string make_content(std::size_t size) {
  core::Random random(1);
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

[[noreturn]] void fail(const core::Error& error) {
  std::fprintf(stderr, "%s\n", core::to_text(error).c_str());
  std::exit(1);
}

template <class T>
T must(core::Result<T> result) {
  if (!result) fail(result.error());
  return std::move(*result);
}

std::unique_ptr<transfer_wire::ContentStore> open_store(const std::string& folder) {
  transfer_wire::StoreOptions options;
  options.folder = folder;
  options.rules.bytes_max = core::Bytes{1LL << 40};
  return must(transfer_wire::ContentStore::open(std::move(options)));
}

// What a site's data endpoint answers to a range: at most 2 MiB at a time (api::kDataPieceBytes),
// read from the store, each chunk verified at its first reading.
net::Handler make_handler(transfer_wire::ContentStore& store, const crypto::Digest& root) {
  return [&store, root](net::Request request, net::Responder responder) {
    const std::string range(request.headers.find("Range").value_or("bytes=0-0"));
    const std::uint64_t first = std::strtoull(range.c_str() + 6, nullptr, 10);
    const std::uint64_t last = std::strtoull(range.c_str() + range.find('-') + 1, nullptr, 10);
    net::Response response;
    response.status = 206;
    response.body =
        must(store.read("bench", root, {first, std::min(last - first + 1, kPieceBytes)}, {}));
    responder.respond(std::move(response));
  };
}

void report(const char* what, double gib, const Clock& before) {
  const Clock now = read_clocks();
  std::printf("%-28s %6.2f s CPU/GiB  %7.1f MiB/s\n", what, (now.cpu - before.cpu) / gib,
              gib * 1024 / (now.wall - before.wall));
}

core::Time read_steady() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(now).count()};
}

void report_line(transfer::LineMeter& meter, std::int64_t bits_per_second) {
  const double line = static_cast<double>(bits_per_second);
  const double achieved = static_cast<double>(meter.find_rate(read_steady()).value_or(0));
  std::printf("%-28s %6.1f Mbit/s, %.1f %% of the line\n", "achieved, by the meter", achieved / 1e6,
              100 * achieved / line);
}

using Line = std::optional<testing_tools::LineShape>;

void run(std::size_t size, std::uint32_t connections, const std::string& folder, const Line& line) {
  const double gib = static_cast<double>(size) / (1 << 30);
  const std::string content = make_content(size);
  const auto source = open_store(folder + "/source");
  const auto target = open_store(folder + "/target");
  transfer_wire::DatasetWish wish;
  wish.owner = "bench";
  Clock before = read_clocks();
  const auto info = must(source->put(wish, content, {}));
  report("cut, digest, store", gib, before);

  const auto names = crypto::ServerNames{"localhost", {"localhost"}, {}};
  const auto certificate = must(
      crypto::create_server_certificate(names, {{1'700'000'000'000'000}, {4'000'000'000'000'000}}));
  net::HttpServerOptions options;
  options.threads = 2;
  options.tls.emplace();
  options.tls->certificate_pem = certificate.certificate_pem;
  options.tls->key_pem = certificate.private_key_pem.reveal_text();
  auto server = must(net::HttpServer::start(std::move(options), make_handler(*source, info.root)));

  std::optional<testing_tools::LineRelay> relay;
  if (line) relay.emplace(server.port(), *line);
  const std::uint16_t port = relay ? relay->port() : server.port();
  transfer_wire::HttpHolder holder;
  holder.connect = [&] {
    net::HttpClientOptions client;
    client.port = port;
    client.tls.emplace();
    client.tls->peer_fingerprint = crypto::encode_hex(
        must(crypto::read_certificate_pem(certificate.certificate_pem)).fingerprint.bytes);
    return net::HttpClient(std::move(client));
  };
  holder.read_problem = [](const net::Response&) { return core::Error{}; };
  transfer_wire::HttpSources sources(holder);
  wish.manifest = *must(source->get_manifest("bench", info.root));
  must(target->begin(wish, {}));
  transfer_wire::PullOptions pull;
  pull.clock = [] { return core::Time{1}; };
  pull.rules.in_flight_max = connections;
  pull.rules.in_flight_per_source_max = connections;
  transfer_wire::Puller puller(*target, pull);
  before = read_clocks();
  transfer::LineMeter meter;
  meter.begin(read_steady());
  must(puller.pull("bench", info.root, {[&] { return sources.make_source(); }}));
  meter.end(core::Bytes{static_cast<std::int64_t>(size)}, read_steady());
  report("pull over TLS, both ends", gib, before);
  if (line) report_line(meter, line->bits_per_second);
  server.stop({});
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, long otherwise) {
    return argc > at ? std::strtol(argv[at], nullptr, 10) : otherwise;
  };
  const std::string parent = argc > 3 ? argv[3] : "/tmp";
  std::string folder = parent + "/transfer-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  Line line;
  if (argc > 5) line = {number(4, 0) * 1'000'000, number(5, 0)};
  run(static_cast<std::size_t>(number(1, 1'024)) << 20, static_cast<std::uint32_t>(number(2, 4)),
      folder, line);
  std::filesystem::remove_all(folder);
  return 0;
}
