// The measurement statement: what one machine was measured to do, by which method, and until when.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::measurement {

/// What a figure counts. The first seven are arithmetic at one precision (operations per second, a
/// fused multiply-add counts as two); the others move bytes (bytes per second).
enum class Measure : std::uint8_t {
  fp64,
  fp32,
  tf32,
  bf16,
  fp16,
  fp8,
  int8,
  memory_triad,
  disk_write,
  disk_read
};
BOOST_DESCRIBE_ENUM(Measure, fp64, fp32, tf32, bf16, fp16, fp8, int8, memory_triad, disk_write,
                    disk_read)

enum class Unit : std::uint8_t { operations_per_second, bytes_per_second };
BOOST_DESCRIBE_ENUM(Unit, operations_per_second, bytes_per_second)

/// Where a figure comes from: timed here by the named kernel, or taken over from the report of
/// another program (an HPL run). Class and capability use measured figures alone.
enum class Source : std::uint8_t { measured, imported };
BOOST_DESCRIBE_ENUM(Source, measured, imported)

/// The middle and the extremes of the repeats, in the figure's unit; 0 <= low <= median <= high.
struct Spread {
  std::int64_t median = 0;
  std::int64_t low = 0;
  std::int64_t high = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};
BOOST_DESCRIBE_STRUCT(Spread, (), (median, low, high))

/// One measured quantity. `per_cpu_second` is what one hardware thread does in a second of its own
/// CPU time while all `threads` work; it is steady on a shared machine. `wall_clock` is what all
/// threads did together in a second of real time: what a tenant gets now. For disks and devices
/// there is no CPU-time figure and `per_cpu_second` is all zero.
struct Figure {
  Measure what = Measure::fp64;
  Unit unit = Unit::operations_per_second;
  std::string kernel;  // Library and kernel, for example "intertie gemm avx512".
  std::int64_t threads = 1;
  std::int64_t repeats = 0;
  Spread per_cpu_second;
  Spread wall_clock;
  std::int64_t cpu_per_wall_permille = 0;  // CPU time / (wall time x threads); 0: not applicable.
  bool contended = false;                  // The ratio is below contended_below_permille.
  std::int64_t peak = 0;    // Register-loop bound per CPU second (per device); 0: none known.
  std::string peak_kernel;  // The kernel that gave `peak`.
  Source source = Source::measured;

  friend bool operator==(const Figure&, const Figure&) = default;
};
BOOST_DESCRIBE_STRUCT(Figure, (),
                      (what, unit, kernel, threads, repeats, per_cpu_second, wall_clock,
                       cpu_per_wall_permille, contended, peak, peak_kernel, source))

/// One level of cache: `count` caches of `size` bytes each.
struct Cache {
  std::int64_t level = 0;
  core::Bytes size;
  std::int64_t count = 0;

  friend bool operator==(const Cache&, const Cache&) = default;
};
BOOST_DESCRIBE_STRUCT(Cache, (), (level, size, count))

struct NumaNode {
  std::int64_t number = 0;
  core::Bytes memory;
  std::int64_t hardware_threads = 0;

  friend bool operator==(const NumaNode&, const NumaNode&) = default;
};
BOOST_DESCRIBE_STRUCT(NumaNode, (), (number, memory, hardware_threads))

/// The file system that the disk figures were taken on.
struct Disk {
  std::string filesystem;  // As the kernel names it: "ext4", "overlay".
  core::Bytes size;
  core::Bytes free;

  friend bool operator==(const Disk&, const Disk&) = default;
};
BOOST_DESCRIBE_STRUCT(Disk, (), (filesystem, size, free))

/// What the operating system says of the machine. Facts, not measurements.
struct Machine {
  std::string architecture;  // "x86_64", "aarch64".
  std::string processor_vendor;
  std::string processor_model;
  std::vector<std::string> instruction_sets;  // Those the kernels can use: "avx512_bf16".
  std::int64_t packages = 0;
  std::int64_t cores = 0;
  std::int64_t hardware_threads = 0;  // Online.
  core::MilliCpus usable_cpus;        // After affinity and the cgroup quota.
  core::Bytes memory;                 // MemTotal.
  core::Bytes usable_memory;          // After the cgroup limit.
  std::vector<NumaNode> numa;
  std::vector<Cache> caches;
  std::optional<Disk> disk;
  std::string kernel_release;
  bool is_virtual = false;  // The processor reports a hypervisor.

  friend bool operator==(const Machine&, const Machine&) = default;
};
BOOST_DESCRIBE_STRUCT(Machine, (),
                      (architecture, processor_vendor, processor_model, instruction_sets, packages,
                       cores, hardware_threads, usable_cpus, memory, usable_memory, numa, caches,
                       disk, kernel_release, is_virtual))

/// Devices of one kind and model; figures are of one device.
struct MeasuredDevices {
  std::string kind;   // The name of its DeviceKind: "nvidia".
  std::string model;  // As its driver names it; empty: unknown.
  std::int64_t count = 0;
  core::Bytes memory;  // Of one device; 0: unknown.
  std::vector<Figure> figures;

  friend bool operator==(const MeasuredDevices&, const MeasuredDevices&) = default;
};
BOOST_DESCRIBE_STRUCT(MeasuredDevices, (), (kind, model, count, memory, figures))

/// The payload of a signed measurement envelope (docs/formats/measurement-statement.md).
struct Statement {
  std::string subject;      // Identifier of the site or pool that the machine belongs to.
  std::string record_hash;  // Digest of the subject's record at that time, with its algorithm.
  std::string method;       // kMethod
  std::int64_t method_version = 0;
  core::Time started;
  core::Time ended;
  core::Time expires;
  Machine machine;
  std::vector<Figure> figures;
  std::vector<MeasuredDevices> devices;
  std::int64_t steal_permille = 0;  // Of all CPU time while measuring, taken by the hypervisor.

  friend bool operator==(const Statement&, const Statement&) = default;
};
BOOST_DESCRIBE_STRUCT(Statement, (),
                      (subject, record_hash, method, method_version, started, ended, expires,
                       machine, figures, devices, steal_permille))

inline constexpr char kMethod[] = "intertie-node";
inline constexpr std::int64_t kMethodVersion = 1;
inline constexpr std::int64_t contended_below_permille = 900;
inline constexpr std::int64_t repeats_min = 5;
/// How far a figure may lie above its own register-loop peak: clock changes between the two runs.
inline constexpr std::int64_t peak_tolerance_permille = 50;

/// The precision of an arithmetic measure; nothing for those that count bytes. O(1).
std::optional<core::Precision> find_precision(Measure what);
Measure get_measure(core::Precision precision);
Unit get_unit(Measure what);

/// The measured figure of the machine's processors for `what`, or null. O(figures).
const Figure* find_figure(const Statement& statement, Measure what);

/// rate * cpus, exact to the rounding of the last unit; saturates. Both at least 0. Pure.
std::int64_t multiply_by_cpus(std::int64_t rate, core::MilliCpus cpus);

/// What all usable processors together can do: per CPU second times usable processors. 0 where it
/// was not measured. Saturates. Pure.
std::int64_t compute_processor_rate(const Statement& statement, Measure what);

/// Refuses a statement that contradicts itself: bad_field (order of times, spread, too few repeats,
/// wrong unit, figure given twice, negative or absurd numbers, unknown method),
/// claim_above_measured (a figure above its own register-loop peak). Every reader of foreign
/// statements calls it; open_statement does. Pure, O(size).
core::Result<void> check_statement(const Statement& statement);

/// The same for one list of figures; `path` names it in errors. Pure.
core::Result<void> check_figures(const std::vector<Figure>& figures, std::string_view path);

}  // namespace intertie::measurement
