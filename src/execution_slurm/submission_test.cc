#include "intertie/execution_slurm/submission.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace intertie::execution_slurm {
namespace {

Submission make() {
  Submission made;
  made.name = "it-0badcafe-7";
  made.need = {core::MilliCpus{1'500},
               core::Bytes{(300 << 20) + 1},
               {{"gpu", "h100", 2}},
               core::seconds(90)};
  made.partition = "main";
  made.folder = "/shared/b 7";
  return made;
}

bool has(const std::vector<std::string>& arguments, const std::string& one) {
  return std::ranges::find(arguments, one) != arguments.end();
}

TEST(MakeSbatchArguments, OfOneTask) {
  Submission one = make();
  one.account = "physics";
  one.qos = "long";
  one.constraint = "ib&h100";
  const auto arguments = make_sbatch_arguments(one);
  for (const char* wanted :
       {"--parsable", "--no-requeue", "--export=NONE", "--job-name=it-0badcafe-7",
        "--partition=main", "--chdir=/shared/b 7", "--output=/shared/b 7/slurm.log", "--nodes=1",
        "--cpus-per-task=2", "--mem=301M", "--gres=gpu:h100:2", "--time=4", "--account=physics",
        "--qos=long", "--constraint=ib&h100"}) {
    EXPECT_TRUE(has(arguments, wanted)) << wanted;
  }
}

TEST(MakeSbatchArguments, OfTheOtherKinds) {
  Submission many = make();
  many.tasks = 6;
  EXPECT_TRUE(has(make_sbatch_arguments(many), "--array=0-5"));
  EXPECT_TRUE(has(make_sbatch_arguments(many), "--output=/shared/b 7/slurm-%a.log"));
  many.kind = BatchKind::pilot;
  many.slots = 4;
  auto arguments = make_sbatch_arguments(many);
  EXPECT_FALSE(has(arguments, "--array=0-5"));
  EXPECT_TRUE(has(arguments, "--cpus-per-task=8"));
  EXPECT_TRUE(has(arguments, "--mem=1204M"));
  EXPECT_TRUE(has(arguments, "--gres=gpu:h100:8"));
  EXPECT_TRUE(has(arguments, "--time=5"));  // Two turns of 90 s, and two minutes.
  many.kind = BatchKind::gang_on_node;
  EXPECT_TRUE(has(make_sbatch_arguments(many), "--cpus-per-task=12"));
  many.kind = BatchKind::gang;
  arguments = make_sbatch_arguments(many);
  EXPECT_TRUE(has(arguments, "--ntasks=6"));
  EXPECT_TRUE(has(arguments, "--cpus-per-task=2"));
  EXPECT_TRUE(has(arguments, "--mem-per-cpu=151M"));
  EXPECT_TRUE(has(arguments, "--gpus-per-task=h100:2"));
  EXPECT_FALSE(has(arguments, "--nodes=1"));
}

TEST(ComputeMinutes, KeepsThePartitionsLimit) {
  Submission one = make();
  one.minutes_max = 3;
  EXPECT_EQ(compute_minutes(one), 3);
  one.need.time_limit = {};
  EXPECT_EQ(compute_minutes(one), 0);
}

TEST(MakeScript, QuotesForTheShell) {
  Submission one = make();
  one.folder = "/a'b";
  EXPECT_EQ(make_script(one, "/opt/in tertie"),
            "#!/bin/sh\nexec '/opt/in tertie' slurm-driver --batch '/a'\\''b'\n");
  one.kind = BatchKind::gang;
  EXPECT_NE(make_script(one, "x").find("exec srun "), std::string::npos);
}

TEST(ReadSubmitAnswer, TellsApartWhatMustNotBeMixedUp) {
  EXPECT_EQ(read_submit_answer(0, "123\n", "").verdict, SubmitVerdict::accepted);
  EXPECT_EQ(read_submit_answer(0, "123;alpha\n", "").job, 123u);
  EXPECT_EQ(read_submit_answer(0, "sbatch: hello\n9\n", "").job, 9u);
  const std::string failed = "sbatch: error: Batch job submission failed: ";
  // Refused: nothing is there and trying again is no use.
  for (const char* why : {"Invalid account or account/partition combination specified",
                          "Invalid partition name specified", "Invalid qos specification",
                          "Requested node configuration is not available",
                          "Job violates accounting/QOS policy (job submit limit, ...)"}) {
    const auto outcome = read_submit_answer(1, "", failed + why);
    EXPECT_EQ(outcome.verdict, SubmitVerdict::refused) << why;
    EXPECT_EQ(outcome.detail, "Slurm: '" + std::string(why) + "'");
  }
  // Later: nothing is there.
  for (const char* why : {"Unable to contact slurm controller (connect failure)",
                          "Slurm temporarily unable to accept job, sleeping and retrying"}) {
    EXPECT_EQ(read_submit_answer(1, "", failed + why).verdict, SubmitVerdict::later) << why;
  }
  // Unknown: submitting again at once could run a task twice.
  EXPECT_EQ(read_submit_answer(1, "", failed + "Socket timed out on send/recv operation").verdict,
            SubmitVerdict::unknown);
  EXPECT_EQ(read_submit_answer(-1, "", "took too long").verdict, SubmitVerdict::unknown);
  EXPECT_EQ(read_submit_answer(0, "", "").verdict, SubmitVerdict::unknown);
  EXPECT_EQ(read_submit_answer(0, "12x", "").verdict, SubmitVerdict::unknown);
  EXPECT_EQ(read_submit_answer(1, "", "").verdict, SubmitVerdict::unknown);
}

TEST(FindConfigNumber, ReadsWhatScontrolPrints) {
  constexpr std::string_view kConfig =
      "Configuration data as of 2026\nKillWait                = 30 sec\n"
      "KillWaitX = 7\nMaxArraySize = 1001\nOther = (null)\n";
  EXPECT_EQ(find_config_number(kConfig, "KillWait"), 30);
  EXPECT_EQ(find_config_number(kConfig, "MaxArraySize"), 1'001);
  EXPECT_FALSE(find_config_number(kConfig, "Other"));
  EXPECT_FALSE(find_config_number(kConfig, "Missing"));
}

TEST(ParseVersion, OldAndNew) {
  EXPECT_EQ(parse_version("slurm-wlm 22.05.8\n"), (SlurmVersion{22, 5}));
  EXPECT_EQ(parse_version("slurm 17.11.2"), (SlurmVersion{17, 11}));
  EXPECT_FALSE(parse_version("bash: sbatch: not found 1.2"));
  EXPECT_FALSE(parse_version(""));
}

}  // namespace
}  // namespace intertie::execution_slurm
