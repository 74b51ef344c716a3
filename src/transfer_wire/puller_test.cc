// Pulling over real TLS connections that are cut, from sources that lie, by processes that are
// killed.
#include "intertie/transfer_wire/puller.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "tcp_proxy.h"
#include "test_holder.h"

namespace intertie::transfer_wire {
namespace {

constexpr std::uint64_t kPulledChunk = core::limits::chunk_bytes_min;

// 256 MiB; with INTERTIE_LONG_TESTS in the environment 1 GiB.
std::size_t get_large_size() {
  return std::getenv("INTERTIE_LONG_TESTS") != nullptr ? std::size_t{1} << 30 : 256u << 20;
}

SourceFactory make_factory(HttpSources& sources) {
  return [&sources] { return sources.make_source(); };
}

TEST(Puller, A40_CutAHundredTimesEverythingArrivesOnceAndWhole) {
  constexpr int kCuts = 100;
  const Holder holder(make_content(1, get_large_size() - 12'345));
  testing_tools::TcpProxy proxy(holder.port());
  core::Random random(7);
  std::vector<std::uint64_t> offsets;
  for (int i = 0; i < kCuts; ++i) offsets.push_back(random.below(holder.content().size()));
  std::ranges::sort(offsets);
  proxy.cut_at(offsets);

  const TempFolder folder;
  const auto store = open_store(folder.path());
  ASSERT_TRUE(store->begin({"ada", holder.manifest()}, {}).has_value());
  HttpSources sources(holder.make_http_holder(proxy.port()));
  Puller puller(*store, make_pull_options());
  const auto report = puller.pull("ada", holder.root(), {make_factory(sources)});
  ASSERT_TRUE(report.has_value()) << core::to_text(report.error());
  EXPECT_TRUE(report->dataset.is_complete());
  EXPECT_EQ(proxy.cuts(), kCuts);
  EXPECT_GE(report->cuts, static_cast<std::uint32_t>(kCuts));
  EXPECT_TRUE(read_all(*store, "ada", holder.root()) == holder.content());
  // At most one chunk is repeated a cut; here, where nothing is lost with a process, none.
  EXPECT_EQ(report->bytes_received, holder.content().size());
  EXPECT_EQ(report->bytes_wasted, 0u);
  EXPECT_LE(proxy.bytes_down(), holder.content().size() + kCuts * kPulledChunk);
}

TEST(Puller, A38_ALyingSourceIsFoundAtTheChunkAndAnotherAsked) {
  const Holder honest(make_content(2, 3 * kPulledChunk + 5));
  Holder liar(honest.content());
  struct Lie {
    const char* name;
    std::function<void(std::string&, std::uint64_t)> corrupt;
  };
  const Lie lies[] = {
      {"right length, wrong content", [](std::string& bytes, std::uint64_t) { bytes[0] ^= 1; }},
      {"more bytes", [](std::string& bytes, std::uint64_t) { bytes += "x"; }},
      {"the wrong place",
       [&](std::string& bytes, std::uint64_t offset) {
         bytes = honest.content().substr(offset == 0 ? kPulledChunk : 0, bytes.size());
       }},
      {"fewer bytes", [](std::string& bytes, std::uint64_t) { bytes.resize(bytes.size() / 2); }},
      {"nothing", [](std::string& bytes, std::uint64_t) { bytes.clear(); }},
  };
  for (const Lie& lie : lies) {
    SCOPED_TRACE(lie.name);
    liar.corrupt = lie.corrupt;
    const TempFolder folder;
    const auto store = open_store(folder.path());
    ASSERT_TRUE(store->begin({"ada", honest.manifest()}, {}).has_value());
    HttpSources bad(liar.make_http_holder(liar.port()));
    HttpSources good(honest.make_http_holder(honest.port()));
    Puller puller(*store, make_pull_options());
    const auto report = puller.pull("ada", honest.root(), {make_factory(bad), make_factory(good)});
    ASSERT_TRUE(report.has_value()) << core::to_text(report.error());
    EXPECT_GT(report->cuts, 0u);
    EXPECT_TRUE(read_all(*store, "ada", honest.root()) == honest.content());
  }
  // Alone it convinces nobody, and nothing is there under the dataset's name.
  liar.corrupt = lies[0].corrupt;
  const TempFolder folder;
  const auto store = open_store(folder.path());
  ASSERT_TRUE(store->begin({"ada", honest.manifest()}, {}).has_value());
  HttpSources bad(liar.make_http_holder(liar.port()));
  const auto report =
      Puller(*store, make_pull_options()).pull("ada", honest.root(), {make_factory(bad)});
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().reason, core::Reason::bad_digest);
  EXPECT_EQ(store->read("ada", honest.root(), {0, 1}, {}).error().reason, core::Reason::not_found);
}

TEST(Puller, AnswersShorterThanAskedForAreNoCuts) {
  Holder holder(make_content(4, 2 * kPulledChunk + 5));
  holder.corrupt = [](std::string& bytes, std::uint64_t) {
    bytes.resize(std::min<std::size_t>(bytes.size(), 3'000'000));
  };
  const TempFolder folder;
  const auto store = open_store(folder.path());
  ASSERT_TRUE(store->begin({"ada", holder.manifest()}, {}).has_value());
  HttpSources sources(holder.make_http_holder(holder.port()));
  Puller puller(*store, make_pull_options());
  const auto report = puller.pull("ada", holder.root(), {make_factory(sources)});
  ASSERT_TRUE(report.has_value()) << core::to_text(report.error());
  EXPECT_EQ(report->cuts, 0u);
  EXPECT_EQ(report->bytes_received, holder.content().size());
  EXPECT_TRUE(read_all(*store, "ada", holder.root()) == holder.content());
}

TEST(Puller, RefusalsEndItAndOverloadDoesNot) {
  Holder holder(make_content(3, 2 * kPulledChunk));
  holder.status = 404;
  const TempFolder folder;
  const auto store = open_store(folder.path());
  ASSERT_TRUE(store->begin({"ada", holder.manifest()}, {}).has_value());
  HttpSources sources(holder.make_http_holder(holder.port()));
  EXPECT_EQ(sources.read_manifest({transfer::DatasetKey::Kind::root, holder.root(), {}, {}})
                .value()
                .manifest,
            holder.manifest());
  EXPECT_EQ(
      sources.read_manifest({transfer::DatasetKey::Kind::root, crypto::compute_sha256("x"), {}, {}})
          .error()
          .reason,
      core::Reason::bad_digest);
  Puller puller(*store, make_pull_options());
  EXPECT_EQ(puller.pull("ada", holder.root(), {make_factory(sources)}).error().reason,
            core::Reason::not_found);
  PullOptions options = make_pull_options();
  options.rules.failures_max = 20;
  holder.status = 503;
  EXPECT_EQ(
      Puller(*store, options).pull("ada", holder.root(), {make_factory(sources)}).error().reason,
      core::Reason::overloaded);
  // Nobody listens: the same.
  HttpSources gone(holder.make_http_holder(1));
  EXPECT_EQ(Puller(*store, options).pull("ada", holder.root(), {make_factory(gone)}).error().reason,
            core::Reason::unreachable);
}

TEST(Puller, KeepsToItsRateAndCanBeInterrupted) {
  const Holder holder(make_content(4, 2 * kPulledChunk));
  const TempFolder folder;
  const auto store = open_store(folder.path());
  ASSERT_TRUE(store->begin({"ada", holder.manifest()}, {}).has_value());
  HttpSources sources(holder.make_http_holder(holder.port()));
  PullOptions options = make_pull_options();
  options.bytes_per_second = 16 << 20;
  const auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(
      Puller(*store, options).pull("ada", holder.root(), {make_factory(sources)}).has_value());
  // 16 MiB less the burst of 1 MiB, at 16 MiB a second: no faster than that.
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(930));

  ASSERT_TRUE(store->begin({"bob", holder.manifest()}, {}).has_value());
  options.bytes_per_second = 1 << 10;
  Puller slow(*store, options);
  std::thread pulling([&] {
    const auto report = slow.pull("bob", holder.root(), {make_factory(sources)});
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().reason, core::Reason::stopping);
  });
  slow.interrupt();
  pulling.join();
}

TEST(Puller, A40_KilledAtAnyMomentItGoesOnWhereItWas) {
  const std::string content = make_content(5, 8 * kPulledChunk + 99);
  const TempFolder folder;
  core::Random random(11);
  std::uint64_t down = 0;
  int kills = 0;
  crypto::Digest root;
  for (unsigned round = 0; round < 30; ++round) {
    // Threads do not survive a fork, so each child has its parts to itself.
    int status = 0;
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const Holder holder(content);
      testing_tools::TcpProxy proxy(holder.port());
      const std::uint64_t kill_at =
          round < 6 ? random.below(6 * kPulledChunk) + 6u * round : UINT64_MAX;
      std::thread killer([&] {
        while (proxy.bytes_down() < kill_at) ::usleep(200);
        const std::uint64_t passed = proxy.bytes_down();
        if (::write(pipe[1], &passed, sizeof passed) != sizeof passed) ::_exit(4);
        ::kill(::getpid(), SIGKILL);
      });
      killer.detach();
      const auto store = open_store(folder.path());
      if (store == nullptr || !store->begin({"ada", holder.manifest()}, {})) ::_exit(2);
      HttpSources sources(holder.make_http_holder(proxy.port()));
      const auto report =
          Puller(*store, make_pull_options()).pull("ada", holder.root(), {make_factory(sources)});
      const std::uint64_t passed = proxy.bytes_down();
      if (::write(pipe[1], &passed, sizeof passed) != sizeof passed) ::_exit(4);
      ::_exit(report ? 0 : 3);
    }
    ::close(pipe[1]);
    std::uint64_t passed = 0;
    ASSERT_EQ(::read(pipe[0], &passed, sizeof passed), static_cast<ssize_t>(sizeof passed));
    ::close(pipe[0]);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    down += passed;
    if (WIFEXITED(status)) {
      ASSERT_EQ(WEXITSTATUS(status), 0);
      break;
    }
    ++kills;
    // Nothing is visible before it is whole.
    const auto store = open_store(folder.path());
    root = transfer::compute_root(make_manifest(content));
    const auto info = store->find("ada", {transfer::DatasetKey::Kind::root, root, {}, {}});
    if (info && !info->is_complete()) {
      EXPECT_FALSE(store->read("ada", root, {0, 1}, {}).has_value());
    }
  }
  EXPECT_GT(kills, 0);
  const auto store = open_store(folder.path());
  root = transfer::compute_root(make_manifest(content));
  EXPECT_TRUE(read_all(*store, "ada", root) == content);
  // A killed process loses what was under way: at most rules.in_flight_max chunks.
  EXPECT_LE(down, content.size() + static_cast<std::uint64_t>(kills) * 5 * kPulledChunk);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/new"));
}

}  // namespace
}  // namespace intertie::transfer_wire
