// A site's agent against a small hub of the test: real launcher, real tasks, real sockets.
#include "intertie/service/site_service.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/api/site_views.h"
#include "intertie/codec/cbor.h"
#include "intertie/codec/json.h"
#include "intertie/crypto/bound_box.h"
#include "intertie/crypto/certificate.h"
#include "intertie/crypto/token.h"
#include "intertie/engine/channel.h"
#include "intertie/execution/site_messages.h"
#include "intertie/execution/usage_record.h"
#include "intertie/execution_runners/launcher.h"
#include "intertie/execution_runners/local_runner.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/job_secret.h"
#include "intertie/identity/envelope.h"
#include "intertie/measurement/signed_statement.h"
#include "intertie/net/http_server.h"

#include "clock.h"
#include "site_fake_hub.h"

namespace intertie::service {
namespace {

using namespace std::chrono_literals;

class SiteServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "site-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    base_ = pattern;
  }

  void TearDown() override {
    site_.reset();
    if (std::filesystem::exists(base_ + "/site/launcher")) {  // Ends what a test left behind.
      auto runner = execution_runners::LocalRunner::attach(
          {base_ + "/site/launcher",
           {"/proc/self/exe", "launcher", "--folder", base_ + "/site/launcher"}});
      EXPECT_TRUE(runner.has_value() && (*runner)->stop(true));
    }
    std::filesystem::remove_all(base_);
  }

  SiteOptions make_options() {
    SiteOptions options;
    options.folder = base_ + "/site";
    options.name = "plant-1";
    options.region = "22";
    options.join_token = hub_.make_token();
    options.launcher_argv = {"/proc/self/exe", "launcher"};
    options.measure = MeasureMode::none;
    options.log_path = base_ + "/site.log";
    return options;
  }

  void start(SiteOptions options) {
    auto started = SiteService::start(std::move(options));
    ASSERT_TRUE(started.has_value()) << core::to_text(started.error());
    site_ = std::move(*started);
    ASSERT_TRUE(site_->wait_until_ready(core::seconds(30))) << read_log();
  }

  std::string read_log() const {
    std::ifstream file(base_ + "/site.log");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static hub::JobDocument make_script(const std::string& script) {
    hub::JobDocument document;
    document.run = {"/bin/sh", "-c", script};
    return document;
  }

  FakeHub hub_;
  std::string base_;
  std::unique_ptr<SiteService> site_;
};

TEST_F(SiteServiceTest, RunsATaskFromItsOrderToItsSignedUsage) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  EXPECT_TRUE(site_->is_connected());
  EXPECT_EQ(site_->identifier(), FakeHub::kSite);

  hub::JobDocument document = make_script("cat tool.txt fetched.txt; ./run.sh > result.txt");
  const std::string content(300'000, 'x');
  document.data.in.push_back({"", "hello\n", "tool.txt", false, {}, {}, {}});
  document.data.in.push_back({hub_.add_content(content), "", "fetched.txt", false, {}, {}, {}});
  document.data.in.push_back(
      {"", "#!/bin/sh\necho done $INTERTIE_JOB\n", "run.sh", true, {}, {}, {}});
  document.data.out.push_back({"result.txt", "answer"});
  hub_.order(7, 1, document);

  const auto ended = hub_.wait_for<execution::AttemptEnded>(7, 1);
  ASSERT_TRUE(ended.has_value()) << read_log();
  EXPECT_FALSE(ended->failure.has_value()) << ended->detail;
  ASSERT_EQ(ended->outputs.size(), 1u);
  EXPECT_EQ(ended->outputs[0].name, "answer");
  EXPECT_EQ(ended->outputs[0].size.count, 7);
  EXPECT_EQ(ended->outputs[0].digest, crypto::to_text(crypto::compute_sha256("done 7\n")));

  const auto log = hub_.ask({0, 7, 1, 0, "stdout", 0, 1 << 20});
  ASSERT_TRUE(log.has_value());
  EXPECT_EQ(log->size, content.size() + 6);
  EXPECT_EQ(log->bytes.substr(0, 8), "hello\nxx");
  EXPECT_LT(log->bytes.size(), log->size);  // Long files come in pieces.
  const auto output = hub_.ask({0, 7, 1, 0, "output:answer", 5, 100});
  ASSERT_TRUE(output.has_value());
  EXPECT_EQ(output->bytes, "7\n");
  EXPECT_FALSE(hub_.ask({0, 7, 1, 0, "output:other", 0, 100}).has_value());
  EXPECT_FALSE(hub_.ask({0, 7, 1, 0, "../identity.json", 0, 100}).has_value());

  const auto usage = hub_.find_usage(7, 1);
  ASSERT_EQ(usage.size(), 1u);
  EXPECT_TRUE(usage[0].is_last);
  EXPECT_EQ(usage[0].site, FakeHub::kSite);
  EXPECT_LE(usage[0].from, usage[0].to);
  EXPECT_EQ(usage[0].reserved.cpus.count, 500);
}

TEST_F(SiteServiceTest, ReportsFailuresByTheirName) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  hub_.order(1, 1, make_script("exit 3"));
  hub::JobDocument missing = make_script("true");
  missing.data.out.push_back({"never.txt", ""});
  hub_.order(2, 1, missing);
  hub::JobDocument unfetched = make_script("true");
  unfetched.data.in.push_back(
      {crypto::to_text(crypto::compute_sha256("nobody has this")), "", "x", false, {}, {}, {}});
  hub_.order(3, 1, unfetched);
  hub::JobDocument linked =
      make_script("ln -s /etc/passwd stolen; ln -s ../../../../identity.json id");
  linked.data.out.push_back({"stolen", ""});
  linked.data.out.push_back({"id", ""});
  hub_.order(4, 1, linked);

  const auto first = hub_.wait_for<execution::AttemptEnded>(1, 1);
  ASSERT_TRUE(first.has_value()) << read_log();
  EXPECT_EQ(first->failure, core::Reason::exited_nonzero);
  ASSERT_EQ(first->ranks.size(), 1u);
  EXPECT_EQ(first->ranks[0].exit_code, 3);
  const auto second = hub_.wait_for<execution::AttemptEnded>(2, 1);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->failure, core::Reason::output_missing);
  EXPECT_EQ(second->detail, "never.txt");
  const auto third = hub_.wait_for<execution::AttemptNotStarted>(3, 1);
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->reason, core::Reason::staging_failed);
  const auto fourth = hub_.wait_for<execution::AttemptEnded>(4, 1);
  ASSERT_TRUE(fourth.has_value());
  EXPECT_EQ(fourth->detail,
            "stolen (a link out of the task's folder), id (a link out of the task's folder)");
  EXPECT_TRUE(fourth->outputs.empty());
}

TEST_F(SiteServiceTest, OpensTheSecretsOfAnAttemptForItsTaskAlone) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  const auto seal = [&](std::uint64_t job, std::uint32_t attempt, const std::string& name) {
    return crypto::seal_bound(crypto::as_bytes("clear text"),
                              hub::make_attempt_secret_context(job, attempt, name),
                              hub_.site_seal_key())
        .value();
  };
  const auto answer = [](const std::string& name, const std::string& box) {
    return codec::to_json(api::SecretsAnswer{{{name, box}}});
  };
  hub::JobDocument document = make_script("test \"$KEY\" = 'clear text'");
  document.secrets["KEY"].box = "for the hub";
  hub_.answer_secrets(1, answer("KEY", seal(1, 1, "KEY")));
  hub_.answer_secrets(2, answer("KEY", seal(1, 1, "KEY")));    // Of another job.
  hub_.answer_secrets(3, answer("KEY", seal(3, 2, "KEY")));    // Of another attempt.
  hub_.answer_secrets(4, answer("KEY", seal(4, 1, "OTHER")));  // Of another name.
  hub_.answer_secrets(5, answer("OTHER", seal(5, 1, "OTHER")));
  hub_.answer_secrets(6, R"({"code":"secret_unreadable","detail":"secrets.KEY: changed"})", 422);
  for (std::uint64_t job = 1; job <= 7; ++job) hub_.order(job, 1, document);

  const auto first = hub_.wait_for<execution::AttemptEnded>(1, 1);
  ASSERT_TRUE(first.has_value()) << read_log();
  EXPECT_FALSE(first->failure.has_value());
  EXPECT_FALSE(std::filesystem::exists(base_ + "/site/tasks/1.1/boxes.json"));
  const std::map<std::uint64_t, core::Reason> reasons = {
      {2, core::Reason::secrets_refused},   {3, core::Reason::secrets_refused},
      {4, core::Reason::secrets_refused},   {5, core::Reason::secrets_refused},
      {6, core::Reason::secret_unreadable}, {7, core::Reason::staging_failed}};
  for (const auto& [job, reason] : reasons) {
    const auto refused = hub_.wait_for<execution::AttemptNotStarted>(job, 1);
    ASSERT_TRUE(refused.has_value()) << job;
    EXPECT_EQ(refused->reason, reason) << job << refused->detail;
    EXPECT_EQ(refused->detail.find("clear text"), std::string::npos);
  }
}

TEST_F(SiteServiceTest, StopsWhatTheHubStops) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  hub_.order(1, 1, make_script("sleep 600"));
  ASSERT_TRUE(hub_.wait_for<execution::AttemptStarted>(1, 1).has_value()) << read_log();
  hub_.send(execution::StopAttempt{1, 1, core::Reason::cancelled_by_user});
  const auto ended = hub_.wait_for<execution::AttemptEnded>(1, 1);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->failure, core::Reason::cancelled_by_user);
}

TEST_F(SiteServiceTest, BindsAbsolutePathsPrivately) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  hub::JobDocument document = make_script("cat /in/a /data/b /work/c > /out/deep/all");
  document.data.in.push_back({"", "1", "/in/a", false, {}, {}, {}});
  document.data.in.push_back({"", "2", "/data/b", false, {}, {}, {}});
  document.data.in.push_back({"", "3", "/work/c", false, {}, {}, {}});
  document.data.out.push_back({"/out/deep/all", ""});
  hub_.order(1, 1, document);
  const auto ended = hub_.wait_for<execution::AttemptEnded>(1, 1);
  ASSERT_TRUE(ended.has_value()) << read_log();
  ASSERT_EQ(ended->outputs.size(), 1u) << ended->detail;
  EXPECT_EQ(ended->outputs[0].digest, crypto::to_text(crypto::compute_sha256("123")));
}

TEST_F(SiteServiceTest, AGangMeetsOnItsOwnNetworkAndFallsTogether) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  hub::JobDocument document = make_script("echo $INTERTIE_RANK/$INTERTIE_SIZE $INTERTIE_PEERS");
  document.need.network = topology::Network::gang;
  hub_.order(1, 1, document, 3);
  const auto ended = hub_.wait_for<execution::AttemptEnded>(1, 1);
  ASSERT_TRUE(ended.has_value()) << read_log();
  EXPECT_FALSE(ended->failure.has_value()) << ended->detail;
  EXPECT_EQ(hub_.ask({0, 1, 1, 2, "stdout", 0, 100})->bytes,
            "2/3 127.77.0.1,127.77.0.2,127.77.0.3\n");

  hub_.order(2, 1, make_script("test $INTERTIE_RANK = 1 && exit 9; sleep 600"), 3);
  const auto broken = hub_.wait_for<execution::AttemptEnded>(2, 1);
  ASSERT_TRUE(broken.has_value()) << read_log();
  EXPECT_EQ(broken->failure, core::Reason::exited_nonzero);
}

TEST_F(SiteServiceTest, TheLinkSurvivesABreakWithoutLosingOrRepeatingRows) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  for (std::uint64_t job = 1; job <= 12; ++job) {
    hub_.order(job, 1, make_script("true"));
    if (job % 4 == 0) hub_.break_streams();
  }
  for (std::uint64_t job = 1; job <= 12; ++job) {
    EXPECT_TRUE(hub_.wait_for<execution::AttemptEnded>(job, 1).has_value()) << job << read_log();
  }
  EXPECT_EQ(hub_.find_faults(), "");  // Numbers without gaps, hashes that agree, one end each.
}

TEST_F(SiteServiceTest, StartsNothingWithoutAnAnswerToAHeartbeat) {
  hub_.answer_beats(false);
  auto started = SiteService::start(make_options());
  ASSERT_TRUE(started.has_value()) << core::to_text(started.error());
  site_ = std::move(*started);
  hub_.order(1, 1, make_script("true"));
  ASSERT_TRUE(hub_.wait_until([this] { return hub_.acknowledged() == 1; }));
  EXPECT_FALSE(site_->is_connected());
  EXPECT_FALSE(hub_.wait_for<execution::AttemptStarted>(1, 1, 1'500ms).has_value());
  hub_.answer_beats(true);
  EXPECT_TRUE(hub_.wait_for<execution::AttemptEnded>(1, 1).has_value()) << read_log();
}

TEST_F(SiteServiceTest, ASecondStartKeepsIdentityAndHistory) {
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  hub_.order(1, 1, make_script("true"));
  ASSERT_TRUE(hub_.wait_for<execution::AttemptEnded>(1, 1).has_value()) << read_log();
  hub_.order(2, 1, make_script("while ! test -e go; do sleep 0.05; done"));
  ASSERT_TRUE(hub_.wait_for<execution::AttemptStarted>(2, 1).has_value()) << read_log();
  site_->stop();
  site_.reset();
  SiteOptions again = make_options();
  again.join_token.clear();
  ASSERT_NO_FATAL_FAILURE(start(again));
  EXPECT_EQ(hub_.joins(), 1);
  EXPECT_FALSE(hub_.has<execution::AttemptEnded>(2, 1));
  std::ofstream(base_ + "/site/tasks/2.1/0/work/go") << "now";
  const auto ended = hub_.wait_for<execution::AttemptEnded>(2, 1);
  ASSERT_TRUE(ended.has_value()) << read_log();
  EXPECT_FALSE(ended->failure.has_value()) << ended->detail;
  EXPECT_EQ(hub_.find_faults(), "");
}

// The agent is killed, not stopped: it runs in a child of this test.
TEST_F(SiteServiceTest, AKilledAgentFindsItsTaskAgain) {
  const SiteOptions options = make_options();
  const pid_t agent = ::fork();
  if (agent == 0) {
    ::execl("/proc/self/exe", "service_test", "site-agent", options.folder.c_str(),
            options.join_token.c_str(), options.log_path.c_str(), nullptr);
    ::_exit(127);
  }
  hub_.order(1, 1, make_script("while ! test -e go; do sleep 0.05; done; echo lived > proof"));
  const bool has_started = hub_.wait_for<execution::AttemptStarted>(1, 1).has_value();
  ::kill(agent, SIGKILL);
  ::waitpid(agent, nullptr, 0);
  ASSERT_TRUE(has_started) << read_log();
  std::ofstream(base_ + "/site/tasks/1.1/0/work/go") << "now";
  ASSERT_NO_FATAL_FAILURE(start(make_options()));
  const auto ended = hub_.wait_for<execution::AttemptEnded>(1, 1);
  ASSERT_TRUE(ended.has_value()) << read_log();
  EXPECT_FALSE(ended->failure.has_value()) << ended->detail;
  EXPECT_EQ(hub_.find_faults(), "");
  EXPECT_EQ(hub_.find_usage(1, 1).size(), 1u);
}

TEST_F(SiteServiceTest, MeasuresAndSignsForEachPool) {
  SiteOptions options = make_options();
  options.measure = MeasureMode::quick;
  ASSERT_NO_FATAL_FAILURE(start(options));
  ASSERT_EQ(hub_.statements().size(), 1u) << read_log();
  const auto opened = measurement::open_statement(
      hub_.statements()[0].envelope, [this](const crypto::Digest& id) { return hub_.find_key(id); },
      read_clock());
  ASSERT_TRUE(opened.has_value()) << core::to_text(opened.error());
  EXPECT_EQ(opened->statement.subject, FakeHub::kSite);
  ASSERT_EQ(site_->pools().size(), 1u);
  EXPECT_GT(site_->pools()[0].cpus_per_node.count, 0);
}

TEST_F(SiteServiceTest, RefusesToStartWithoutAToken) {
  SiteOptions options = make_options();
  options.join_token.clear();
  EXPECT_EQ(SiteService::start(options).error().reason, core::Reason::bad_argument);
  options.join_token = "v4.public.bm90IGEgdG9rZW4";
  EXPECT_EQ(SiteService::start(options).error().reason, core::Reason::bad_token);
  options.join_token = hub_.make_token(std::string(64, '0'));
  EXPECT_EQ(SiteService::start(options).error().reason, core::Reason::certificate_refused);
}

}  // namespace
}  // namespace intertie::service
