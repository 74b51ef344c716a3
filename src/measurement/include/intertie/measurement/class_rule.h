// The class rule: which compute classes a measured machine qualifies for, and which claims it
// backs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/measurement/statement.h"

namespace intertie::measurement {

// Thresholds of the rule, version 1. Rates are of one machine; devices count beside processors.
inline constexpr std::int64_t kClassRuleVersion = 1;
/// intelligent: a reduced precision runs at least this many times as fast as FP64 ...
inline constexpr std::int64_t intelligent_ratio_min = 2;
/// ... and at least at this rate in all (50 Gop/s).
inline constexpr std::int64_t intelligent_ops_per_second_min = 50'000'000'000;
/// super: FP64 of one processor core or one device ...
inline constexpr std::int64_t super_core_fp64_min = 10'000'000'000;
inline constexpr std::int64_t super_device_fp64_min = 1'000'000'000'000;
/// ... with memory that feeds it: bytes per thousand FP64 operations ...
inline constexpr std::int64_t super_bytes_per_kiloflop_min = 30;
/// ... and, for a pool of several nodes, a declared fabric of 25 Gbit/s a node.
inline constexpr std::int64_t super_fabric_bits_per_second_min = 25'000'000'000;

/// What cannot be measured on one machine and is declared by the operator.
struct PoolFacts {
  std::int64_t nodes = 1;
  std::int64_t fabric_bits_per_second = 0;  // Of one node, between the nodes of the pool.
};
BOOST_DESCRIBE_STRUCT(PoolFacts, (), (nodes, fabric_bits_per_second))

/// The answer for one class, with the reason in numbers for people.
struct ClassFinding {
  core::ComputeClass compute_class = core::ComputeClass::basic;
  bool qualifies = false;
  std::string because;

  friend bool operator==(const ClassFinding&, const ClassFinding&) = default;
};

/// Judges all three classes, in the order basic, intelligent, super. A machine may qualify for
/// several; the operator chooses among them (choose_class). Rule:
///  basic        some arithmetic figure was measured on the processors.
///  intelligent  BF16, FP16, FP8 or INT8, of processors or of all devices of a group, is measured
///  at
///               intelligent_ops_per_second_min or more and, where the same hardware has an FP64
///               figure, at intelligent_ratio_min times it or more.
///  super        FP64 of a core or device reaches its minimum, memory bandwidth (of processors)
///               reaches the balance or the FP64 comes from devices, and a pool of more than one
///               node declares the fabric.
/// Only figures with source measured count; rates are per CPU second, so a busy machine keeps its
/// class. Pure.
std::vector<ClassFinding> judge_classes(const Statement& statement, const PoolFacts& pool);

/// The class a pool is listed under. A wish may choose any class the machine qualifies for; without
/// a wish it is the first of: intelligent if devices back it, super if devices back it, else basic.
/// Refuses with class_missing (the wish is not backed), unmeasured (nothing was measured).
core::Result<core::ComputeClass> choose_class(const Statement& statement, const PoolFacts& pool,
                                              std::optional<core::ComputeClass> wish);

/// Checks a rate claimed for one node against the physical bound: register-loop peak times usable
/// processors plus the devices' peak (where no peak is known, the highest repeat). Refuses with
/// claim_above_measured; a precision that was never measured has the bound zero. Pure.
core::Result<void> check_claim(const Statement& statement, core::Rate claimed_per_node);

}  // namespace intertie::measurement
