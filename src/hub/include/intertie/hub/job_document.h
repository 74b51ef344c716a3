// The job file: what a user writes (YAML or JSON, one schema, everything optional but the command).
//
// docs/formats/job.md describes it for users. The same struct is the body of POST /v1/jobs and the
// body of the job's log record, so what was asked for can be read back as it was asked.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/limits.h"
#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"
#include "intertie/topology/pool.h"
#include "intertie/transfer/data_policy.h"

namespace intertie::hub {

enum class JobKind : std::uint8_t { batch };
BOOST_DESCRIBE_ENUM(JobKind, batch)

/// What happens when the site is lost while the job runs (ARCHITECTURE.md, idea 7).
enum class OnLoss : std::uint8_t { wait, restart };
BOOST_DESCRIBE_ENUM(OnLoss, wait, restart)

enum class PriorityClass : std::uint8_t { low, normal, high };
BOOST_DESCRIBE_ENUM(PriorityClass, low, normal, high)

struct DeviceNeed {
  std::string kind;   // Empty: any kind.
  std::string model;  // Empty: any model.
  std::uint32_t count = 0;
};
BOOST_DESCRIBE_STRUCT(DeviceNeed, (), (kind, model, count))

/// What each task needs.
struct Need {
  core::MilliCpus cpus{1000};
  core::Bytes memory{256LL << 20};
  std::optional<DeviceNeed> devices;
  std::optional<core::Rate> rate;
  std::vector<std::string> software;
  topology::Isolation isolation = topology::Isolation::namespace_;
  topology::Network network = topology::Network::none;
  std::optional<core::Bytes> scratch;  // Disk space; absent: for its inputs and a default.
};
BOOST_DESCRIBE_STRUCT(Need, (),
                      (cpus, memory, devices, rate, software, isolation, network, scratch))

/// One input file. `from` is the digest of content the hub holds ("sha256:<hex>"); the command line
/// also takes a path there and uploads the file first. `content` is text given in place.
struct DataIn {
  std::string from;
  std::string content;
  std::string to;  // In-task path; relative ones are below the working directory.
  bool executable = false;
  // Filled in by the home hub, whatever the user wrote.
  core::Bytes size;
  std::vector<std::string> regions;  // Whose hubs hold it. Empty: the home region's.
  std::vector<std::string> allowed;  // Its policy: only there may it lie. Empty: anywhere.
  transfer::Classification classification = transfer::Classification::open;  // Likewise.
};
BOOST_DESCRIBE_STRUCT(DataIn, (),
                      (from, content, to, executable, size, regions, allowed, classification))

/// One promised output file.
struct DataOut {
  std::string path;  // In-task path.
  std::string name;  // How it is called afterwards; empty: the last part of the path.
  // Where it lands when the job has succeeded: "data://NAME", a dataset of the job's owner. Empty:
  // it stays at the site for a while.
  std::string to = {};
  std::string region = {};  // Of the hub that then holds it. Empty: the home region's.
};
BOOST_DESCRIBE_STRUCT(DataOut, (), (path, name, to, region))

struct JobData {
  std::vector<DataIn> in;
  std::vector<DataOut> out;
};
BOOST_DESCRIBE_STRUCT(JobData, (), (in, out))

struct Where {
  std::vector<std::string> regions;  // Two-character codes; empty: any.
  std::vector<std::string> not_;     // Regions or site names.
  std::optional<std::int64_t> max_latency_ms;
};
BOOST_DESCRIBE_STRUCT(Where, (), (regions, not_, max_latency_ms))

struct When {
  std::optional<core::Time> start_after;
  std::optional<core::Time> deadline;
};
BOOST_DESCRIBE_STRUCT(When, (), (start_after, deadline))

struct PriceWish {
  std::optional<core::Money> max;  // The job never costs more than this.
  core::Money per_hour_of_delay;   // What an hour of waiting is worth to the user.
};
BOOST_DESCRIBE_STRUCT(PriceWish, (), (max, per_hour_of_delay))

/// A secret of the task's environment: one of the first three, never clear text. The command line
/// reads from_env or from_file and puts the box in its place; a hub takes boxes alone.
struct JobSecret {
  std::string from_env;   // A variable of the command line's environment.
  std::string from_file;  // A path there; "-": its standard input.
  std::string box;        // Sealed to the hub for this owner and this name (hub/job_secret.h).
  std::string key;        // Of a box: make_seal_key_id() of the hub's key. Empty: not known.
};
BOOST_DESCRIBE_STRUCT(JobSecret, (), (from_env, from_file, box, key))

struct JobDocument {
  std::string name;
  JobKind kind = JobKind::batch;
  std::optional<core::ComputeClass> class_;  // The codec drops the underscore: "class".
  std::uint32_t tasks = 1;
  Need need;
  JobData data;
  Where where;
  When when;
  PriceWish price;
  // The words of the command; a single text with spaces: a shell line.
  std::vector<std::string> run;
  std::map<std::string, std::string> env;
  std::map<std::string, JobSecret> secrets;  // By name of the variable.
  std::uint32_t retries = 0;
  OnLoss on_loss = OnLoss::wait;
  core::Duration timeout = core::limits::job_timeout_default;
  PriorityClass priority = PriorityClass::normal;
  std::string account;  // Empty: the submitter's own.
  std::map<std::string, std::string> tags;
};
BOOST_DESCRIBE_STRUCT(JobDocument, (),
                      (name, kind, class_, tasks, need, data, where, when, price, run, env, secrets,
                       retries, on_loss, timeout, priority, account, tags))

/// The output's name: as given, else the last part of its path.
std::string get_output_name(const DataOut& output);

/// The name of the dataset that the output becomes; empty: none. The document is checked.
std::string get_landing_name(const DataOut& output);

/// Checks everything that can be checked without a hub: limits, paths, that inputs and outputs do
/// not collide, that there is a command. Errors carry the path of the field. Pure, O(size).
core::Result<void> check_document(const JobDocument& document);

}  // namespace intertie::hub
