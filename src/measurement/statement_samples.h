// Statements for tests: one small machine with every figure.
#pragma once

#include <utility>

#include "intertie/measurement/statement.h"

namespace intertie::measurement {

inline constexpr core::Time kSampleEnd{1'800'000'000'000'000};

/// Rates per CPU second 2 % around `median`, peak 10 % above.
inline Figure make_sample_figure(Measure what, std::int64_t median) {
  Figure figure;
  figure.what = what;
  figure.unit = get_unit(what);
  figure.kernel = "sample";
  figure.threads = 4;
  figure.repeats = 5;
  figure.per_cpu_second = {median, median - median / 50, median + median / 50};
  figure.wall_clock = {4 * median, 4 * median, 4 * median};
  figure.cpu_per_wall_permille = 990;
  if (figure.unit == Unit::operations_per_second) {
    figure.peak = median + median / 10;
    figure.peak_kernel = "sample loop";
  }
  return figure;
}

/// Of one device: no CPU time, no peak.
inline Figure make_device_figure(Measure what, std::int64_t median) {
  Figure figure = make_sample_figure(what, median);
  figure.wall_clock = std::exchange(figure.per_cpu_second, {});
  figure.cpu_per_wall_permille = 0;
  figure.peak = 0;
  figure.peak_kernel.clear();
  return figure;
}

/// Four cores: FP64 40, FP32 80, BF16 160, INT8 300 Gop/s and 10 GB/s per core.
inline Statement make_sample_statement() {
  constexpr std::int64_t giga = 1'000'000'000;
  Statement statement;
  statement.subject = "44S7-K3QF-00M2-T9QP";
  statement.record_hash = "sha256:00";
  statement.method = kMethod;
  statement.method_version = kMethodVersion;
  statement.started = kSampleEnd - core::seconds(8);
  statement.ended = kSampleEnd;
  statement.expires = kSampleEnd + core::hours(24);
  statement.machine.architecture = "x86_64";
  statement.machine.processor_model = "Sample";
  statement.machine.packages = 1;
  statement.machine.cores = 4;
  statement.machine.hardware_threads = 4;
  statement.machine.usable_cpus = {4000};
  statement.machine.memory = {16 * giga};
  statement.machine.usable_memory = {16 * giga};
  statement.machine.caches = {{3, {32 << 20}, 1}};
  statement.figures = {make_sample_figure(Measure::fp64, 40 * giga),
                       make_sample_figure(Measure::fp32, 80 * giga),
                       make_sample_figure(Measure::bf16, 160 * giga),
                       make_sample_figure(Measure::int8, 300 * giga),
                       make_sample_figure(Measure::memory_triad, 10 * giga),
                       make_device_figure(Measure::disk_write, giga),
                       make_device_figure(Measure::disk_read, 2 * giga)};
  return statement;
}

}  // namespace intertie::measurement
