#include "intertie/measurement/class_rule.h"

#include <algorithm>
#include <array>

namespace intertie::measurement {

using core::ComputeClass;
using core::Reason;

namespace {

constexpr std::array kReduced = {Measure::bf16, Measure::fp16, Measure::fp8, Measure::int8};

const Figure* find_in(const std::vector<Figure>& figures, Measure what) {
  const auto found = std::find_if(figures.begin(), figures.end(), [what](const Figure& figure) {
    return figure.what == what && figure.source == Source::measured;
  });
  return found == figures.end() ? nullptr : &*found;
}

std::int64_t multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

std::string rate_text(core::Precision precision, std::int64_t rate) {
  return core::to_text(core::Rate{precision, rate});
}

/// One piece of hardware: the processors or one group of devices, with rates of all of it.
struct Part {
  bool is_devices = false;
  std::string name;
  std::int64_t fp64 = 0;
  std::int64_t fp64_of_one = 0;  // Per core or device.
  std::array<std::int64_t, kReduced.size()> reduced{};
};

std::vector<Part> list_parts(const Statement& statement) {
  std::vector<Part> parts;
  Part processors;
  processors.name = "processors";
  processors.fp64 = compute_processor_rate(statement, Measure::fp64);
  const Figure* fp64 = find_figure(statement, Measure::fp64);
  processors.fp64_of_one = fp64 != nullptr ? fp64->per_cpu_second.median : 0;
  for (std::size_t i = 0; i < kReduced.size(); ++i) {
    processors.reduced[i] = compute_processor_rate(statement, kReduced[i]);
  }
  parts.push_back(processors);
  for (const MeasuredDevices& group : statement.devices) {
    Part part;
    part.is_devices = true;
    part.name = group.kind;
    const Figure* own = find_in(group.figures, Measure::fp64);
    part.fp64_of_one = own != nullptr ? own->wall_clock.median : 0;
    part.fp64 = multiply(part.fp64_of_one, group.count);
    for (std::size_t i = 0; i < kReduced.size(); ++i) {
      const Figure* figure = find_in(group.figures, kReduced[i]);
      if (figure != nullptr) part.reduced[i] = multiply(figure->wall_clock.median, group.count);
    }
    parts.push_back(part);
  }
  return parts;
}

bool is_qualified(const ClassFinding& finding) { return finding.qualifies; }

ClassFinding judge_basic(const Statement& statement) {
  for (const Measure what : {Measure::fp64, Measure::fp32, Measure::int8}) {
    const std::int64_t rate = compute_processor_rate(statement, what);
    if (rate > 0) {
      return {ComputeClass::basic, true, "processors: " + rate_text(*find_precision(what), rate)};
    }
  }
  return {ComputeClass::basic, false, "no arithmetic was measured on the processors"};
}

bool backs_intelligent(const Part& part, std::size_t index) {
  const std::int64_t rate = part.reduced[index];
  return rate >= intelligent_ops_per_second_min &&
         rate >= multiply(part.fp64, intelligent_ratio_min);
}

ClassFinding judge_intelligent(const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    for (std::size_t i = 0; i < kReduced.size(); ++i) {
      if (!backs_intelligent(part, i)) continue;
      std::string because =
          part.name + ": " + rate_text(*find_precision(kReduced[i]), part.reduced[i]);
      if (part.fp64 > 0) because += " beside " + rate_text(core::Precision::fp64, part.fp64);
      return {ComputeClass::intelligent, true, because};
    }
  }
  return {ComputeClass::intelligent, false,
          "no BF16, FP16, FP8 or INT8 rate of at least " +
              rate_text(core::Precision::int8, intelligent_ops_per_second_min) + " and " +
              std::to_string(intelligent_ratio_min) + " times FP64"};
}

std::int64_t compute_bytes_per_kiloflop(const Statement& statement) {
  const std::int64_t kiloflops = compute_processor_rate(statement, Measure::fp64) / 1000;
  if (kiloflops == 0) return 0;
  return compute_processor_rate(statement, Measure::memory_triad) / kiloflops;
}

ClassFinding judge_super(const Statement& statement, const std::vector<Part>& parts,
                         const PoolFacts& pool) {
  if (pool.nodes > 1 && pool.fabric_bits_per_second < super_fabric_bits_per_second_min) {
    return {ComputeClass::super, false, "several nodes without a declared fabric of 25 Gbit/s"};
  }
  for (const Part& part : parts) {
    const std::int64_t least = part.is_devices ? super_device_fp64_min : super_core_fp64_min;
    if (part.fp64_of_one < least) continue;
    const std::string because = part.name + ": " +
                                rate_text(core::Precision::fp64, part.fp64_of_one) +
                                (part.is_devices ? " a device" : " a core");
    if (part.is_devices) return {ComputeClass::super, true, because};
    const std::int64_t balance = compute_bytes_per_kiloflop(statement);
    const std::string balance_text =
        ", " + std::to_string(balance) + " bytes of memory traffic per 1000 FP64 operations";
    if (balance >= super_bytes_per_kiloflop_min) {
      return {ComputeClass::super, true, because + balance_text};
    }
    if (parts.size() == 1) return {ComputeClass::super, false, because + balance_text};
  }
  return {ComputeClass::super, false,
          "no FP64 rate of at least " + rate_text(core::Precision::fp64, super_core_fp64_min) +
              " a core or " + rate_text(core::Precision::fp64, super_device_fp64_min) +
              " a device, with memory that feeds it"};
}

}  // namespace

std::vector<ClassFinding> judge_classes(const Statement& statement, const PoolFacts& pool) {
  const std::vector<Part> parts = list_parts(statement);
  return {judge_basic(statement), judge_intelligent(parts), judge_super(statement, parts, pool)};
}

core::Result<ComputeClass> choose_class(const Statement& statement, const PoolFacts& pool,
                                        std::optional<ComputeClass> wish) {
  const std::vector<ClassFinding> findings = judge_classes(statement, pool);
  const auto qualifies = [&findings](ComputeClass wanted) {
    return std::any_of(findings.begin(), findings.end(), [wanted](const ClassFinding& finding) {
      return finding.compute_class == wanted && finding.qualifies;
    });
  };
  if (std::none_of(findings.begin(), findings.end(), &is_qualified)) {
    return {Reason::unmeasured, findings.front().because};
  }
  if (wish) {
    if (qualifies(*wish)) return *wish;
    return {Reason::class_missing, findings[static_cast<std::size_t>(*wish)].because};
  }
  // Without a wish only devices lift a pool above basic: they are why it was bought.
  std::vector<Part> devices = list_parts(statement);
  devices.erase(devices.begin());
  if (judge_intelligent(devices).qualifies) return ComputeClass::intelligent;
  if (!devices.empty() && judge_super(statement, devices, pool).qualifies) {
    return ComputeClass::super;
  }
  return std::find_if(findings.begin(), findings.end(), &is_qualified)->compute_class;
}

core::Result<void> check_claim(const Statement& statement, core::Rate claimed_per_node) {
  const Measure what = get_measure(claimed_per_node.precision);
  std::int64_t bound = 0;
  const auto add = [&bound](std::int64_t more) {
    if (__builtin_add_overflow(bound, more, &bound)) bound = INT64_MAX;
  };
  if (const Figure* figure = find_figure(statement, what)) {
    const std::int64_t peak = std::max(figure->peak, figure->per_cpu_second.high);
    add(multiply_by_cpus(peak, statement.machine.usable_cpus));
  }
  for (const MeasuredDevices& group : statement.devices) {
    const Figure* figure = find_in(group.figures, what);
    if (figure != nullptr)
      add(multiply(std::max(figure->peak, figure->wall_clock.high), group.count));
  }
  add(bound / 1000 * peak_tolerance_permille);
  if (claimed_per_node.ops_per_second <= bound) return {};
  return {Reason::claim_above_measured, "claimed " + core::to_text(claimed_per_node) +
                                            ", possible " +
                                            rate_text(claimed_per_node.precision, bound)};
}

}  // namespace intertie::measurement
