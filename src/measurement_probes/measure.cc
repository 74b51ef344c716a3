#include "intertie/measurement_probes/measure.h"

#include <algorithm>
#include <chrono>
#include <new>

#include "intertie/core/limits.h"
#include "intertie/measurement_probes/discover.h"

#include "arithmetic.h"
#include "cpu_limits.h"
#include "device_probe.h"
#include "disk.h"
#include "kernels/dispatch.h"
#include "triad.h"

namespace intertie::measurement_probes {

using core::Reason;
using measurement::Figure;
using measurement::Measure;
using measurement::Statement;

namespace {

/// How long each part takes; the whole is about 8 s, quick about 1.5 s.
struct Pace {
  core::Duration registers;
  core::Duration gemm;
  core::Duration triad;
  core::Duration disk;
  core::Bytes disk_size_max;
  std::int64_t gemm_size_f64 = 0;
  std::int64_t gemm_size = 0;
};

constexpr Pace kFullPace = {core::milliseconds(80),
                            core::milliseconds(150),
                            core::milliseconds(150),
                            core::milliseconds(120),
                            core::Bytes{std::int64_t{256} << 20},
                            768,
                            960};
constexpr Pace kQuickPace = {core::milliseconds(12),
                             core::milliseconds(25),
                             core::milliseconds(25),
                             core::milliseconds(15),
                             core::Bytes{std::int64_t{32} << 20},
                             384,
                             480};
constexpr int kRepeats = 5;

core::Time read_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

std::string describe_kernel(const char* form, const Kernel& kernel) {
  return std::string("intertie ") + form + ' ' + kernel.name;
}

/// Measures one machine; one object, one run.
class Run {
 public:
  explicit Run(const Options& options)
      : options_(options), pace_(options.is_quick ? kQuickPace : kFullPace) {}

  core::Result<Statement> run() {
    const CpuTicks before = read_cpu_ticks();
    statement_.started = read_time();
    core::Result<measurement::Machine> machine = discover_machine(options_.disk_folder);
    if (!machine) return machine.error();
    statement_.machine = *std::move(machine);
    threads_ = choose_threads();
    devices_ = discover_devices(options_.device_kinds, options_.root);
    const std::vector<const Kernel*> kernels = choose_kernels();
    steps_ = 2 * static_cast<std::int64_t>(kernels.size()) + 1 +
             (options_.disk_folder.empty() ? 0 : 1) + (devices_.empty() ? 0 : 1);
    for (const Kernel* kernel : kernels) {
      if (auto done = add_arithmetic(*kernel); !done) return done.error();
    }
    if (auto done = add_triad(); !done) return done.error();
    if (auto done = add_disk(); !done) return done.error();
    if (auto done = add_devices(); !done) return done.error();
    finish(before);
    return std::move(statement_);
  }

 private:
  int choose_threads() const {
    if (options_.threads > 0) return options_.threads;
    const std::int64_t whole = statement_.machine.usable_cpus.count / 1000;
    return static_cast<int>(
        std::clamp<std::int64_t>(whole, 1, core::limits::measurement_threads_max));
  }

  core::Result<void> begin(const std::string& what) {
    if (options_.should_stop && options_.should_stop()) return {Reason::stopping, "measuring"};
    if (options_.progress) options_.progress({step_, steps_, what});
    ++step_;
    return {};
  }

  core::Result<void> add_arithmetic(const Kernel& kernel) {
    const Measure what = get_measure(kernel.element);
    const std::string name(core::precision_name(*measurement::find_precision(what)));
    if (auto go = begin(name + " peak"); !go) return go.error();
    RegisterLoad registers(kernel, threads_);
    const auto peak = measure_load(registers, {threads_, kRepeats, pace_.registers});
    if (!peak) return peak.error();
    if (auto go = begin(name + " matrix product"); !go) return go.error();
    const std::int64_t size =
        kernel.element == Element::f64 ? pace_.gemm_size_f64 : pace_.gemm_size;
    GemmLoad gemm(kernel, size, threads_);
    auto figure = measure_load(gemm, {threads_, kRepeats, pace_.gemm});
    if (!figure) return figure.error();
    figure->what = what;
    figure->unit = measurement::Unit::operations_per_second;
    figure->kernel = describe_kernel("gemm", kernel);
    // The bound is the best any kernel reached: on a shared core the neighbour may have been busy
    // during one of the two runs and idle during the other.
    const bool is_gemm_higher = figure->per_cpu_second.high > peak->per_cpu_second.high;
    figure->peak = std::max(figure->per_cpu_second.high, peak->per_cpu_second.high);
    figure->peak_kernel =
        is_gemm_higher ? figure->kernel : describe_kernel("register loop", kernel);
    statement_.figures.push_back(*std::move(figure));
    return {};
  }

  core::Result<void> add_triad() {
    if (auto go = begin("memory triad"); !go) return go.error();
    const auto& caches = statement_.machine.caches;
    const std::int64_t last_level = caches.empty() ? 0 : caches.back().level;
    std::int64_t cache_bytes = 0;
    for (const measurement::Cache& cache : caches) {
      if (cache.level == last_level) cache_bytes += cache.size.count * cache.count;
    }
    TriadLoad load(
        compute_triad_bytes(cache_bytes, statement_.machine.usable_memory.count, options_.is_quick),
        threads_);
    auto figure = measure_load(load, {threads_, kRepeats, pace_.triad});
    if (!figure) return figure.error();
    figure->what = Measure::memory_triad;
    figure->unit = measurement::Unit::bytes_per_second;
    figure->kernel = "intertie stream triad";
    statement_.figures.push_back(*std::move(figure));
    return {};
  }

  core::Result<void> add_disk() {
    if (options_.disk_folder.empty()) return {};
    if (auto go = begin("disk"); !go) return go.error();
    const std::int64_t free = statement_.machine.disk ? statement_.machine.disk->free.count : 0;
    const core::Bytes size_max = std::min(pace_.disk_size_max, core::Bytes{free / 4});
    auto figures = measure_disk({options_.disk_folder, kRepeats, pace_.disk, size_max});
    if (!figures) return figures.error();
    for (Figure& figure : *figures) statement_.figures.push_back(std::move(figure));
    return {};
  }

  core::Result<void> add_devices() {
    if (devices_.empty()) return {};
    if (auto go = begin("devices"); !go) return go.error();
    statement_.devices = group_devices(devices_);
    for (measurement::MeasuredDevices& group : statement_.devices) {
      const auto kind = std::find_if(options_.device_kinds.begin(), options_.device_kinds.end(),
                                     [&](const auto& known) { return known.name == group.kind; });
      if (kind == options_.device_kinds.end() || kind->probe.empty()) continue;
      const auto device =
          std::find_if(devices_.begin(), devices_.end(), [&](const auto& candidate) {
            return candidate.kind == group.kind && candidate.model == group.model &&
                   candidate.memory == group.memory;
          });
      auto figures = probe_device(*kind, *device, core::limits::device_probe_timeout);
      if (!figures) return figures.error();
      group.figures = *std::move(figures);
    }
    return {};
  }

  void finish(const CpuTicks& before) {
    const CpuTicks after = read_cpu_ticks();
    const std::int64_t ticks = after.all - before.all;
    const std::int64_t stolen =
        std::clamp<std::int64_t>(after.steal - before.steal, 0, std::max<std::int64_t>(ticks, 0));
    statement_.steal_permille = ticks > 0 ? stolen * 1000 / ticks : 0;
    statement_.subject = options_.subject;
    statement_.record_hash = options_.record_hash;
    statement_.method = measurement::kMethod;
    statement_.method_version = measurement::kMethodVersion;
    statement_.ended = std::max(read_time(), statement_.started);
    statement_.expires = statement_.ended + options_.validity;
  }

  const Options& options_;
  const Pace& pace_;
  Statement statement_;
  std::vector<measurement::Device> devices_;
  int threads_ = 1;
  std::int64_t step_ = 0;
  std::int64_t steps_ = 0;
};

}  // namespace

core::Result<Statement> measure(const Options& options) {
  if (options.validity.count <= 0) return {Reason::out_of_range, "measure: validity"};
  if (options.threads < 0 || options.threads > core::limits::measurement_threads_max) {
    return {Reason::out_of_range, "measure: threads"};
  }
  try {
    return Run(options).run();
  } catch (const std::bad_alloc&) {
    return {Reason::not_supported, "measure: too little memory for the kernels' arrays"};
  }
}

}  // namespace intertie::measurement_probes
