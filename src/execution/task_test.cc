// Keys, peers and the rules of a request.
#include "intertie/execution/task.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "intertie/core/random.h"
#include "intertie/execution/isolation.h"

namespace intertie::execution {
namespace {

using core::Reason;

RunRequest make_request() {
  RunRequest request;
  request.key = {7, 1, 0};
  request.folder = "/var/lib/site/tasks/7.1.0";
  request.argv = {"true"};
  return request;
}

}  // namespace

TEST(TaskKey, TextIsReadBack) {
  core::Random random(1);
  for (int round = 0; round < 1'000; ++round) {
    const TaskKey key{random.next() >> random.below(64), static_cast<std::uint32_t>(random.next()),
                      static_cast<std::uint32_t>(random.below(4))};
    const auto read = parse_task_key(to_text(key));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, key);
  }
  EXPECT_EQ(to_text({18446744073709551615u, 2, 3}), "18446744073709551615.2.3");
}

TEST(TaskKey, OtherTextIsRefused) {
  for (const char* text : {"", "1", "1.2", "1.2.", "1.2.3.", "1.2.3.4", "01.2.3", "1.-2.3",
                           "1.2.+3", "1.2.3 ", " 1.2.3", "1..3", "1.4294967296.0",
                           "18446744073709551616.0.0", "1.2.3/..", "../1.2.3", "1.2.00"}) {
    const auto read = parse_task_key(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().reason, Reason::bad_field);
  }
}

TEST(Peers, AreDistinctLoopbackAddresses) {
  const auto peers = compute_peers(600);
  EXPECT_EQ(peers[0], "127.77.0.1");
  EXPECT_EQ(peers[249], "127.77.0.250");
  EXPECT_EQ(peers[250], "127.77.1.1");
  EXPECT_EQ(std::set<std::string>(peers.begin(), peers.end()).size(), 600u);
}

TEST(RunRequest, AGoodOneIsAccepted) {
  RunRequest request = make_request();
  EXPECT_TRUE(check(request));
  request.network = Network::gang;
  request.gang = Gang{"net", 4, {}};
  request.key.rank = 3;
  request.file_view = {{"in/a", "/data/a", true}, {"/store/b", "b", true}};
  request.devices = {{"/dev/nvidia0"}, "CUDA_VISIBLE_DEVICES", {0}};
  request.directory = "sub/folder";
  request.lease = core::seconds(30);
  EXPECT_TRUE(check(request));
  // At level process a folder of the host is seen where it is.
  RunRequest open_request = make_request();
  open_request.isolation = Isolation::process;
  open_request.file_view = {{"/opt/tool", "/opt/tool", true}};
  EXPECT_TRUE(check(open_request));
}

TEST(RunRequest, EachRuleIsKept) {
  struct Case {
    std::function<void(RunRequest&)> spoil;
    Reason reason;
    std::string place;
  };
  const std::vector<Case> cases = {
      {[](auto& r) { r.isolation = Isolation::container; }, Reason::not_supported, "isolation"},
      {[](auto& r) { r.isolation = Isolation::none; }, Reason::not_supported, "isolation"},
      {[](auto& r) { r.argv.clear(); }, Reason::bad_field, "argv"},
      {[](auto& r) { r.argv = {""}; }, Reason::bad_field, "argv"},
      {[](auto& r) { r.argv.assign(5'000, "x"); }, Reason::too_large, "argv"},
      {[](auto& r) { r.argv = {std::string("a\0b", 3)}; }, Reason::bad_field, "argv"},
      {[](auto& r) { r.argv = {std::string(200'000, 'a')}; }, Reason::too_large, "argv"},
      {[](auto& r) { r.environment["A=B"] = "c"; }, Reason::bad_field, "environment"},
      {[](auto& r) { r.environment[""] = "c"; }, Reason::bad_field, "environment"},
      {[](auto& r) { r.environment["A"] = std::string(2 << 20, 'x'); }, Reason::too_large,
       "environment.A"},
      {[](auto& r) { r.folder = "tasks/7"; }, Reason::bad_field, "folder"},
      {[](auto& r) { r.folder = "/tasks/../7"; }, Reason::bad_field, "folder"},
      {[](auto& r) { r.directory = "../x"; }, Reason::bad_field, "directory"},
      {[](auto& r) {
         r.file_view = {{"in/../../x", "/a", true}};
       },
       Reason::bad_field, "file_view"},
      {[](auto& r) {
         r.file_view = {{"in/x", "/a//b", true}};
       },
       Reason::bad_field, "file_view"},
      {[](auto& r) {
         r.isolation = Isolation::process;
         r.file_view = {{"in/x", "/a", true}};
       },
       Reason::not_supported, "file_view"},
      {[](auto& r) { r.devices.nodes = {"/etc/shadow"}; }, Reason::bad_field, "devices.nodes"},
      {[](auto& r) { r.devices.nodes = {"/dev/../etc/shadow"}; }, Reason::bad_field, "devices"},
      {[](auto& r) { r.cpus.count = -1; }, Reason::out_of_range, "cpus"},
      {[](auto& r) { r.memory.count = -1; }, Reason::out_of_range, "memory"},
      {[](auto& r) { r.processes_max = 0; }, Reason::out_of_range, "processes_max"},
      {[](auto& r) { r.processes_max = 5'000; }, Reason::out_of_range, "processes_max"},
      {[](auto& r) { r.time_limit.count = -1; }, Reason::out_of_range, "time_limit"},
      {[](auto& r) { r.lease = core::Duration{}; }, Reason::out_of_range, "lease"},
      {[](auto& r) { r.grace = core::hours(1); }, Reason::out_of_range, "grace"},
      {[](auto& r) { r.run_as = 0; }, Reason::bad_field, "run_as"},
      {[](auto& r) { r.network = Network::gang; }, Reason::missing_field, "gang.network"},
      {[](auto& r) {
         r.gang = Gang{"", 0, {}};
       },
       Reason::out_of_range, "gang.size"},
      {[](auto& r) {
         r.gang = Gang{"", 2, {}};
         r.key.rank = 2;
       },
       Reason::bad_field, "key.rank"},
      {[](auto& r) {
         r.gang = Gang{"", 2, {"a"}};
       },
       Reason::bad_field, "gang.peers"},
      {[](auto& r) {
         r.gang = Gang{"", 2, {"a", "b,c"}};
       },
       Reason::bad_field, "gang.peers"},
      {[](auto& r) {
         r.network = Network::gang;
         r.gang = Gang{"n", 1, {}};
         r.isolation = Isolation::process;
       },
       Reason::not_supported, "gang"},
  };
  for (std::size_t index = 0; index < cases.size(); ++index) {
    SCOPED_TRACE(index);
    RunRequest request = make_request();
    cases[index].spoil(request);
    const auto result = check(request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, cases[index].reason);
    EXPECT_NE(result.error().detail.find(cases[index].place), std::string::npos)
        << result.error().detail;
  }
}

TEST(TaskResult, EveryEndButSuccessHasAReason) {
  TaskResult result;
  EXPECT_EQ(compute_reason(result), std::nullopt);
  result.exit_code = 3;
  EXPECT_EQ(compute_reason(result), Reason::exited_nonzero);
  result.exit_code = 0;
  result.end = TaskEnd::lease_lapsed;
  EXPECT_EQ(compute_reason(result), Reason::lease_lapsed);
  result.end = TaskEnd::lost;
  EXPECT_EQ(compute_reason(result), Reason::node_lost);
}

TEST(Isolation, LevelsAreOrderedAndDescribed) {
  EXPECT_TRUE(is_at_least(Isolation::namespace_, Isolation::process));
  EXPECT_TRUE(is_at_least(Isolation::process, Isolation::process));
  EXPECT_FALSE(is_at_least(Isolation::process, Isolation::namespace_));
  for (const Isolation level : {Isolation::process, Isolation::namespace_}) {
    EXPECT_FALSE(find_guarantees(level).empty());
    EXPECT_FALSE(find_gaps(level).empty());
  }
}

}  // namespace intertie::execution
