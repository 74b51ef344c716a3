// A hub killed at each fail point, and started again: what was acknowledged is still there.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <vector>

#include "intertie/crypto/digest.h"

#include "fail_points.h"
#include "test_hub.h"

namespace intertie::service {
namespace {

constexpr int kRounds = 40;

std::string make_name(int number) { return "principal-" + std::to_string(number); }

std::string make_principal(int number) { return R"({"name":")" + make_name(number) + R"("})"; }

std::string content_target(std::string_view bytes) {
  return "/v1/content/" + crypto::to_text(crypto::compute_sha256(bytes));
}

// Runs a hub that will kill itself, and reports what was acknowledged: 'p' for a principal,
// 'c' for content. Does not return.
[[noreturn]] void run_doomed(HubOptions options, const std::string& fail_point, int pipe) {
  options.fail_point = fail_point;
  options.snapshot_records = 8;
  auto hub = HubService::start(options);
  if (!hub) _exit(3);
  const auto token = (*hub)->mint_user_token("operator", {"admin"}, core::hours(1));
  if (!token) _exit(4);
  TestClient client(**hub, *token);
  const auto report = [pipe](char what) {
    if (::write(pipe, &what, 1) != 1) _exit(5);
  };
  for (int i = 0; i < kRounds; ++i) {
    if (client.send_for_status("POST", "/v1/principals", make_principal(i)) == 201) report('p');
    const std::string bytes = "content " + std::to_string(i);
    if (client.send_for_status("PUT", content_target(bytes), bytes) / 100 == 2) report('c');
  }
  (*hub)->stop();
  _exit(0);
}

struct Doomed {
  std::string acknowledged;
  bool is_killed = false;
  int exit_status = -1;
};

Doomed run_and_collect(const HubOptions& options, const std::string& fail_point) {
  int pipe[2];
  EXPECT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[0]);
    run_doomed(options, fail_point, pipe[1]);
  }
  ::close(pipe[1]);
  Doomed doomed;
  char piece[256];
  ssize_t count = 0;
  while ((count = ::read(pipe[0], piece, sizeof piece)) > 0) {
    doomed.acknowledged.append(piece, static_cast<std::size_t>(count));
  }
  ::close(pipe[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  doomed.is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (WIFEXITED(status)) doomed.exit_status = WEXITSTATUS(status);
  return doomed;
}

void expect_all_there(const HubOptions& options, const std::string& acknowledged) {
  const auto hub = start_hub(options);
  ASSERT_NE(hub, nullptr);
  TestClient client(*hub, mint(*hub, "operator"));
  int principals = 0;
  int contents = 0;
  for (const char each : acknowledged) {
    if (each == 'p') {
      const std::string name = make_name(principals++);
      EXPECT_EQ(client.send_for_status("GET", "/v1/accounts/" + name), 200) << name;
    } else {
      const std::string bytes = "content " + std::to_string(contents++);
      const auto content = client.send("GET", content_target(bytes));
      ASSERT_TRUE(content.has_value());
      EXPECT_EQ(content->body, bytes);
    }
  }
  EXPECT_EQ(client.send_for_status("POST", "/v1/principals", make_principal(99)), 201);
  EXPECT_TRUE(hub->stop());  // The two folds of the log agree.
}

// Those that a hub passes while it serves commands and content; rows need a connected site,
// erasures, rebuilds and backups an operator.
class KilledAt : public testing::TestWithParam<std::string> {};

TEST_P(KilledAt, WhatWasAcknowledgedSurvives) {
  const TempFolder folder;
  const HubOptions options = make_hub_options(folder.path());
  const Doomed doomed = run_and_collect(options, GetParam());
  ASSERT_TRUE(doomed.is_killed) << "exit status " << doomed.exit_status;
  expect_all_there(options, doomed.acknowledged);
}

INSTANTIATE_TEST_SUITE_P(FailPoints, KilledAt,
                         testing::Values("start_before_create", "append_begin:1", "append_begin:9",
                                         "append_before_commit:1", "append_before_commit:7",
                                         "append_after_commit:1", "append_after_commit:8",
                                         "snapshot_begin:2", "snapshot_before_rename:1",
                                         "snapshot_after_rename:2", "answer_before_send:5",
                                         "answer_after_send:6", "content_before_rename:3",
                                         "content_after_rename:4"),
                         [](const auto& point) {
                           std::string name = point.param;
                           for (char& c : name) c = c == ':' ? '_' : c;
                           return name;
                         });

TEST(Crash, WithoutAFailPointEverythingIsAcknowledged) {
  const TempFolder folder;
  const HubOptions options = make_hub_options(folder.path());
  const Doomed doomed = run_and_collect(options, "");
  EXPECT_EQ(doomed.exit_status, 0);
  EXPECT_EQ(doomed.acknowledged.size(), 2u * kRounds);
  expect_all_there(options, doomed.acknowledged);
}

TEST(FailPoints, NamesAreCheckedAndCounted) {
  FailPoints points;
  EXPECT_FALSE(points.arm("nonsense", Side::hub).has_value());
  EXPECT_FALSE(points.arm("append_begin:0", Side::hub).has_value());
  EXPECT_FALSE(points.arm("append_begin:1x", Side::hub).has_value());
  EXPECT_FALSE(points.arm("join_before_send", Side::hub).has_value()) << "a site's";
  EXPECT_TRUE(points.arm("append_begin:3", Side::hub).has_value());
  for (std::size_t i = 0; i < kServicePoints.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kServicePoints[i].point), i);
  }
  for (std::size_t i = 0; i < storage::kFailPoints.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(storage::kFailPoints[i].point), i);
  }
  EXPECT_EXIT(
      {
        points.pass(storage::FailPoint::append_begin);
        points.pass(storage::FailPoint::append_after_commit);
        points.pass(storage::FailPoint::append_begin);
        points.pass(storage::FailPoint::append_begin);
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EXIT(
      {
        points.pass(storage::FailPoint::append_begin);
        points.pass(storage::FailPoint::append_begin);
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace intertie::service
