// Intertie's tasks in a Slurm cluster beside plain sbatch, in one run on one cluster:
//   slurm_figures SLURM_CONF SHARED PROGRAM UNIX_USER
// Prints a line for each figure. SHARED is made; PROGRAM is the intertie of this build.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "intertie/slurm_runner/slurm_runner.h"

namespace {

using namespace intertie;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

std::string config, shared, program, unix_user;
std::uint64_t jobs = 0;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int shell(const std::string& command) {
  return std::system(("export SLURM_CONF=" + config + "; " + command).c_str());
}

std::unique_ptr<slurm_runner::SlurmRunner> attach(const std::string& name, core::Duration pilot) {
  slurm_runner::SlurmOptions options;
  options.folder = shared + "-" + name;
  options.shared = shared;
  options.program = program;
  options.config = config;
  options.users["ada"].name = unix_user;
  options.pilot_below = pilot;
  options.tell = [](const std::string& text) { std::fprintf(stderr, "%s\n", text.c_str()); };
  auto pools = slurm_runner::discover_pools(config, {});
  if (!pools) return nullptr;
  options.pools = std::move(*pools);
  auto made = slurm_runner::SlurmRunner::attach(std::move(options));
  if (!made) std::fprintf(stderr, "%s\n", core::to_text(made.error()).c_str());
  return made ? std::move(*made) : nullptr;
}

/// Seconds from the first start to the last end; the last word is a check that all ended well.
double run_tasks(slurm_runner::SlurmRunner& runner, int count, const std::string& script) {
  const auto start = Clock::now();
  for (int i = 0; i < count; ++i) {
    execution::RunRequest request;
    request.key = {++jobs, 1, 0};
    request.folder = shared + "/tasks/" + std::to_string(jobs) + ".1/0";
    fs::create_directories(request.folder + "/work");
    request.argv = {"/bin/sh", "-c", script};
    request.memory = core::Bytes{64 << 20};
    request.time_limit = core::seconds(60);
    if (auto asked = runner.start_task(request, {"ada", 0, 1}); !asked) {
      std::fprintf(stderr, "%s\n", core::to_text(asked.error()).c_str());
      return -1;
    }
  }
  int ended = 0;
  while (ended < count) {
    pollfd watched{runner.descriptor(), POLLIN, 0};
    ::poll(&watched, 1, 1'000);
    const auto events = runner.poll();
    for (const auto& event : *events) {
      if (!event.result) continue;
      ++ended;
      const bool is_well =
          event.result->end == execution::TaskEnd::exited && event.result->exit_code == 0;
      if (!is_well) std::fprintf(stderr, "a task failed: %s\n", event.result->detail.c_str());
      (void)runner.acknowledge(event.key);
    }
    if (since(start) > 300) return -1;
  }
  return since(start);
}

double run_plain(int count, const std::string& script, double& submitted) {
  const std::string mark = shared + "/plain";
  fs::create_directories(mark);
  fs::permissions(mark, fs::perms::all);
  const auto start = Clock::now();
  const std::string loop = "i=0; while [ $i -lt " + std::to_string(count) +
                           " ]; do setpriv --reuid=" + unix_user +
                           " --clear-groups sbatch -Q -o /dev/null --mem=64 --wrap '" + script +
                           "; echo >" + mark + "/'$i >/dev/null; i=$((i+1)); done";
  if (shell(loop) != 0) return -1;
  submitted = since(start);
  while (std::distance(fs::directory_iterator(mark), {}) < count && since(start) < 300) {
    ::usleep(1'000);
  }
  const double all = since(start);
  fs::remove_all(mark);
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 3;
  config = argv[1];
  shared = argv[2];
  program = argv[3];
  unix_user = argv[4];
  if (auto made = slurm_runner::prepare_shared(shared); !made) return 1;
  double submitted = 0;
  const double plain = run_plain(300, "true", submitted);
  std::printf("sbatch, one each: %.0f submissions/s\n", 300 / submitted);
  std::printf("300 true, plain sbatch: %.1f s, %.1f jobs/s\n", plain, 300 / plain);
  {
    auto runner = attach("arrays", {});
    if (runner == nullptr) return 1;
    const double took = run_tasks(*runner, 300, "true");
    std::printf("300 true, arrays: %.1f s, %.1f tasks/s, %llu submissions\n", took, 300 / took,
                static_cast<unsigned long long>(runner->counts().submissions));
    std::vector<double> own;
    std::vector<double> bare;
    for (int i = 0; i < 21; ++i) {
      ::usleep(600'000);  // Each alone: the burst before it is over.
      own.push_back(run_tasks(*runner, 1, "true"));
      bare.push_back(run_plain(1, "true", submitted));
    }
    std::printf("one true, submission to end known, median: plain %.0f ms, here %.0f ms\n",
                median(bare) * 1e3, median(own) * 1e3);
  }
  auto runner = attach("pilots", core::minutes(5));
  if (runner == nullptr) return 1;
  const double took = run_tasks(*runner, 1'000, "sleep 0.05");
  std::printf("1,000 x 50 ms, pilots: %.1f s, %.1f tasks/s, %llu submissions\n", took, 1'000 / took,
              static_cast<unsigned long long>(runner->counts().submissions));
  const double plain_sleep = run_plain(200, "sleep 0.05", submitted);
  std::printf("200 x 50 ms, plain sbatch: %.1f s, %.1f jobs/s\n", plain_sleep, 200 / plain_sleep);
  return 0;
}
