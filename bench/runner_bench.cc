// Starting small tasks: the local runner, with bubblewrap beside it in the same run.
//
//   bench_runner [TASKS] [PROGRAM]
//
// Runs TASKS times PROGRAM (/bin/true) in a namespace with 1, 2 and 4 of them in flight, through a
// launcher of its own, and as many in bubblewrap started by xargs, one after the other: so both see
// the same machine. CPU is that of the whole tree of processes; what the kernel does later in its
// own threads (such as taking networks down) is nobody's.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "intertie/execution_runners/launcher.h"
#include "intertie/execution_runners/local_runner.h"

namespace {

using namespace intertie;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double to_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double read_own_cpu(int whose) {
  rusage usage{};
  ::getrusage(whose, &usage);
  return to_seconds(usage.ru_utime) + to_seconds(usage.ru_stime);
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// CPU seconds of all processes whose session belongs to the launcher's tree: each with what the
/// children it has waited for used (fields 14 to 17 of proc(5)'s stat), found by parents.
struct TreeCpu {
  std::map<long, long> parents;
  std::map<long, double> seconds;

  TreeCpu() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const std::string name = entry.path().filename();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string stat = read_text(entry.path() / "stat");
      const std::size_t end = stat.rfind(')');
      if (end == std::string::npos) continue;
      std::istringstream rest(stat.substr(end + 2));
      std::vector<std::string> fields(std::istream_iterator<std::string>(rest), {});
      if (fields.size() < 15) continue;
      const long pid = std::stol(name);
      parents[pid] = std::stol(fields[1]);
      for (std::size_t index = 11; index < 15; ++index) {
        seconds[pid] +=
            static_cast<double>(std::stol(fields[index])) / double(::sysconf(_SC_CLK_TCK));
      }
    }
  }

  double sum_below(long root) const {
    double sum = 0;
    for (const auto& [pid, own] : seconds) {
      long ancestor = pid;
      while (ancestor > 1 && ancestor != root) {
        const auto parent = parents.find(ancestor);
        ancestor = parent == parents.end() ? 0 : parent->second;
      }
      if (ancestor == root) sum += own;
    }
    return sum;
  }
};

void print_row(const char* what, int in_flight, std::size_t tasks, double seconds, double cpu) {
  std::printf("%-10s %2d in flight  %7.0f tasks/s  %6.2f ms CPU a task", what, in_flight,
              double(tasks) / seconds, cpu * 1e3 / double(tasks));
}

class Bench {
 public:
  Bench(std::string base, std::string program) : base_(std::move(base)), program_(program) {}

  bool attach(const std::string& own_program) {
    const std::string folder = base_ + "/launcher";
    auto attached = execution_runners::LocalRunner::attach(
        {folder, {own_program, "launcher", "--folder", folder}});
    if (!attached) {
      std::fprintf(stderr, "%s\n", core::to_text(attached.error()).c_str());
      return false;
    }
    runner_ = std::move(*attached);
    ucred peer{};
    socklen_t size = sizeof(peer);
    // The listening socket's credentials are the launcher's.
    ::getsockopt(runner_->descriptor(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    launcher_ = peer.pid;
    return true;
  }

  bool stop() { return runner_->stop(true).has_value(); }

  bool run(int in_flight, std::size_t tasks) {
    const double own_before = read_own_cpu(RUSAGE_SELF);
    const double before = TreeCpu().sum_below(launcher_);
    const std::uint64_t first = next_ + 1;
    const auto start = Clock::now();
    std::vector<double> latencies;
    for (int index = 0; index < in_flight; ++index) start_one();
    while (latencies.size() < tasks) {
      pollfd watched{runner_->descriptor(), POLLIN, 0};
      ::poll(&watched, 1, -1);
      const auto events = runner_->poll();
      if (!events) return false;
      for (const auto& event : *events) {
        if (event.is_start()) continue;
        latencies.push_back(seconds_since(starts_.at(event.key.job)));
        if (event.result->end != execution::TaskEnd::exited || event.result->exit_code != 0) {
          std::fprintf(stderr, "a task failed: %s\n", event.result->detail.c_str());
          return false;
        }
        (void)runner_->acknowledge(event.key);
        if (next_ + 1 - first < tasks) start_one();
      }
    }
    const double seconds = seconds_since(start);
    const double cpu = TreeCpu().sum_below(launcher_) - before;
    print_row("runner", in_flight, tasks, seconds, cpu);
    std::sort(latencies.begin(), latencies.end());
    std::printf("  (+%.2f of the caller)  p50 %.2f ms  p95 %.2f ms\n",
                (read_own_cpu(RUSAGE_SELF) - own_before) * 1e3 / double(tasks),
                latencies[latencies.size() / 2] * 1e3,
                latencies[latencies.size() * 95 / 100] * 1e3);
    for (std::uint64_t job = first; job <= next_; ++job) {
      std::filesystem::remove_all(base_ + "/" + std::to_string(job));
    }
    return true;
  }

  void run_bwrap(int in_flight, std::size_t tasks) {
    const double before = read_own_cpu(RUSAGE_CHILDREN);
    const auto start = Clock::now();
    const std::string command =
        "seq " + std::to_string(tasks) + " | xargs -n1 -P" + std::to_string(in_flight) +
        " bwrap --unshare-all --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib"
        " --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp " +
        program_;
    if (std::system(command.c_str()) != 0) {
      std::printf("bwrap      does not run here\n");
      return;
    }
    print_row("bwrap", in_flight, tasks, seconds_since(start),
              read_own_cpu(RUSAGE_CHILDREN) - before);
    std::printf("\n");
  }

 private:
  void start_one() {
    execution::RunRequest request;
    request.key = {++next_, 1, 0};
    request.folder = base_ + "/" + std::to_string(next_);
    std::filesystem::create_directory(request.folder);
    request.argv = {program_};
    request.memory = core::Bytes{256 << 20};
    request.cpus = core::MilliCpus{1'000};
    starts_[next_] = Clock::now();
    (void)runner_->start(request);
  }

  std::string base_;
  std::string program_;
  std::unique_ptr<execution_runners::LocalRunner> runner_;
  long launcher_ = -1;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Clock::time_point> starts_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "launcher") {
    return execution_runners::run_launcher(argc - 2, argv + 2);
  }
  const std::size_t tasks = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 400;
  const std::string program = argc > 2 ? argv[2] : "/bin/true";
  std::string base = (std::filesystem::temp_directory_path() / "bench-runner-XXXXXX").string();
  if (tasks == 0 || ::mkdtemp(base.data()) == nullptr) return 1;
  std::printf("machine    %ld processors, load %s", ::sysconf(_SC_NPROCESSORS_ONLN),
              read_text("/proc/loadavg").c_str());
  Bench bench(base, program);
  bool is_good = bench.attach(std::filesystem::read_symlink("/proc/self/exe"));
  const bool has_bwrap = std::system("command -v bwrap >/dev/null") == 0;
  for (const int in_flight : {1, 2, 4}) {
    if (is_good) is_good = bench.run(in_flight, tasks);
    if (has_bwrap) bench.run_bwrap(in_flight, tasks);
    std::fflush(stdout);
  }
  is_good = is_good && bench.stop();
  std::filesystem::remove_all(base);
  return is_good ? 0 : 1;
}
