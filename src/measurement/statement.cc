#include "intertie/measurement/statement.h"

#include <algorithm>
#include <string>

#include "intertie/core/limits.h"

namespace intertie::measurement {

using core::Precision;
using core::Reason;
using core::limits::figures_per_statement_max;
using core::limits::measurement_name_bytes_max;

namespace {

/// Above what any machine does: 10^21 would not fit anyway.
constexpr std::int64_t value_max = 9'000'000'000'000'000'000;
constexpr std::int64_t count_max = 1'000'000;
constexpr std::int64_t permille = 1000;

core::Error refuse_statement(std::string_view path, std::string_view field, std::string_view what) {
  return {Reason::bad_field,
          std::string(path) + '.' + std::string(field) + ": " + std::string(what)};
}

bool is_ordered(const Spread& spread) {
  return 0 <= spread.low && spread.low <= spread.median && spread.median <= spread.high &&
         spread.high <= value_max;
}

bool is_between(std::int64_t value, std::int64_t low, std::int64_t high) {
  return low <= value && value <= high;
}

/// peak * (1 + tolerance), without overflow.
std::int64_t compute_bound(std::int64_t peak) {
  const std::int64_t bound = peak / permille * peak_tolerance_permille;
  return peak <= value_max - bound ? peak + bound : value_max;
}

core::Result<void> check_figure(const Figure& figure, const std::string& path) {
  if (figure.unit != get_unit(figure.what)) return refuse_statement(path, "unit", "does not fit");
  if (figure.kernel.empty() || figure.kernel.size() > measurement_name_bytes_max) {
    return refuse_statement(path, "kernel", "must name library and kernel");
  }
  if (figure.peak_kernel.size() > measurement_name_bytes_max)
    return refuse_statement(path, "peak_kernel", "too long");
  if (!is_between(figure.threads, 1, count_max))
    return refuse_statement(path, "threads", "out of range");
  if (!is_between(figure.repeats, repeats_min, count_max)) {
    return refuse_statement(path, "repeats", "at least 5 are needed");
  }
  if (!is_ordered(figure.per_cpu_second))
    return refuse_statement(path, "per_cpu_second", "not ordered");
  if (!is_ordered(figure.wall_clock)) return refuse_statement(path, "wall_clock", "not ordered");
  if (figure.wall_clock.median == 0 && figure.per_cpu_second.median == 0) {
    return refuse_statement(path, "wall_clock", "must be above zero");
  }
  if (!is_between(figure.cpu_per_wall_permille, 0, permille)) {
    return refuse_statement(path, "cpu_per_wall_permille", "out of range");
  }
  const bool is_slow =
      figure.cpu_per_wall_permille > 0 && figure.cpu_per_wall_permille < contended_below_permille;
  if (is_slow && !figure.contended) return refuse_statement(path, "contended", "must be marked");
  if (!is_between(figure.peak, 0, value_max)) return refuse_statement(path, "peak", "out of range");
  const std::int64_t reached = std::max(
      figure.per_cpu_second.high, figure.per_cpu_second.high == 0 ? figure.wall_clock.high : 0);
  if (figure.peak > 0 && reached > compute_bound(figure.peak)) {
    return {Reason::claim_above_measured, path + ": above its own peak"};
  }
  return {};
}

core::Result<void> check_machine(const Machine& machine) {
  const std::string path = "machine";
  if (!is_between(machine.cores, 1, count_max))
    return refuse_statement(path, "cores", "out of range");
  if (!is_between(machine.hardware_threads, 1, count_max)) {
    return refuse_statement(path, "hardware_threads", "out of range");
  }
  if (!is_between(machine.usable_cpus.count, 1, count_max * permille)) {
    return refuse_statement(path, "usable_cpus", "out of range");
  }
  if (machine.usable_cpus.count > machine.hardware_threads * permille) {
    return refuse_statement(path, "usable_cpus", "more than the machine has");
  }
  if (machine.memory.count <= 0) return refuse_statement(path, "memory", "must be above zero");
  if (!is_between(machine.usable_memory.count, 1, machine.memory.count)) {
    return refuse_statement(path, "usable_memory", "more than the machine has");
  }
  return {};
}

core::Result<void> check_head(const Statement& statement) {
  const std::string path = "statement";
  if (statement.method != kMethod) return refuse_statement(path, "method", "unknown");
  if (statement.method_version != kMethodVersion) {
    return refuse_statement(path, "method_version", "unknown");
  }
  if (statement.subject.empty() || statement.subject.size() > measurement_name_bytes_max) {
    return refuse_statement(path, "subject", "must be an identifier");
  }
  if (statement.record_hash.size() > measurement_name_bytes_max) {
    return refuse_statement(path, "record_hash", "too long");
  }
  if (statement.ended < statement.started)
    return refuse_statement(path, "ended", "before it started");
  if (statement.expires <= statement.ended)
    return refuse_statement(path, "expires", "before it ended");
  if (!is_between(statement.steal_permille, 0, permille)) {
    return refuse_statement(path, "steal_permille", "out of range");
  }
  return {};
}

}  // namespace

std::optional<Precision> find_precision(Measure what) {
  switch (what) {
    case Measure::fp64:
      return Precision::fp64;
    case Measure::fp32:
      return Precision::fp32;
    case Measure::tf32:
      return Precision::tf32;
    case Measure::bf16:
      return Precision::bf16;
    case Measure::fp16:
      return Precision::fp16;
    case Measure::fp8:
      return Precision::fp8;
    case Measure::int8:
      return Precision::int8;
    case Measure::memory_triad:
    case Measure::disk_write:
    case Measure::disk_read:
      return std::nullopt;
  }
  return std::nullopt;
}

Measure get_measure(Precision precision) {
  switch (precision) {
    case Precision::fp64:
      return Measure::fp64;
    case Precision::fp32:
      return Measure::fp32;
    case Precision::tf32:
      return Measure::tf32;
    case Precision::bf16:
      return Measure::bf16;
    case Precision::fp16:
      return Measure::fp16;
    case Precision::fp8:
      return Measure::fp8;
    case Precision::int8:
      return Measure::int8;
  }
  __builtin_unreachable();
}

Unit get_unit(Measure what) {
  return find_precision(what) ? Unit::operations_per_second : Unit::bytes_per_second;
}

const Figure* find_figure(const Statement& statement, Measure what) {
  const auto found = std::find_if(statement.figures.begin(), statement.figures.end(),
                                  [what](const Figure& figure) {
                                    return figure.what == what && figure.source == Source::measured;
                                  });
  return found == statement.figures.end() ? nullptr : &*found;
}

std::int64_t multiply_by_cpus(std::int64_t rate, core::MilliCpus cpus) {
  // Whole processors first, then the thousandths: exact, and no overflow before the sum.
  const std::int64_t rest = cpus.count % permille;
  const std::int64_t part = rate / permille * rest + rate % permille * rest / permille;
  std::int64_t product = 0;
  if (__builtin_mul_overflow(rate, cpus.count / permille, &product) ||
      __builtin_add_overflow(product, part, &product)) {
    return INT64_MAX;
  }
  return product;
}

std::int64_t compute_processor_rate(const Statement& statement, Measure what) {
  const Figure* figure = find_figure(statement, what);
  if (figure == nullptr) return 0;
  return multiply_by_cpus(figure->per_cpu_second.median, statement.machine.usable_cpus);
}

core::Result<void> check_figures(const std::vector<Figure>& figures, std::string_view path) {
  if (figures.size() > figures_per_statement_max) {
    return {Reason::too_large, std::string(path) + ": more than 64 figures"};
  }
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const std::string place = std::string(path) + '[' + std::to_string(i) + ']';
    if (auto checked = check_figure(figures[i], place); !checked) return checked;
    for (std::size_t j = 0; j < i; ++j) {
      if (figures[j].what == figures[i].what && figures[j].source == figures[i].source) {
        return refuse_statement(place, "what", "given twice");
      }
    }
  }
  return {};
}

core::Result<void> check_statement(const Statement& statement) {
  if (auto checked = check_head(statement); !checked) return checked;
  if (auto checked = check_machine(statement.machine); !checked) return checked;
  if (auto checked = check_figures(statement.figures, "figures"); !checked) return checked;
  if (statement.devices.size() > core::limits::devices_per_node_max) {
    return {Reason::too_large, "devices"};
  }
  for (std::size_t i = 0; i < statement.devices.size(); ++i) {
    const MeasuredDevices& group = statement.devices[i];
    const std::string path = "devices[" + std::to_string(i) + ']';
    if (group.kind.empty() || group.kind.size() > measurement_name_bytes_max) {
      return refuse_statement(path, "kind", "must name a device kind");
    }
    if (group.model.size() > measurement_name_bytes_max)
      return refuse_statement(path, "model", "too long");
    const auto most = static_cast<std::int64_t>(core::limits::devices_per_node_max);
    if (!is_between(group.count, 1, most)) return refuse_statement(path, "count", "out of range");
    if (group.memory.count < 0) return refuse_statement(path, "memory", "below zero");
    if (auto checked = check_figures(group.figures, path + ".figures"); !checked) return checked;
  }
  return {};
}

}  // namespace intertie::measurement
