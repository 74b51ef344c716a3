#include "session/slurm_options.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "session/local_file.h"

namespace intertie::cli {
namespace {

constexpr std::size_t kTableBytesMax = 4u << 20;
constexpr core::Duration kSilenceLeast = core::seconds(3);

core::Duration get_duration(const Invocation& invocation, std::string_view name,
                            core::Duration otherwise) {
  const auto text = invocation.find(name);
  return text ? *core::parse_duration(*text) : otherwise;
}

}  // namespace

core::Result<void> read_slurm_options(const Invocation& invocation, service::SiteOptions& options) {
  if (invocation.get("engine", "local") != "slurm") return {};
  service::SlurmSite slurm;
  const std::string shared = invocation.get("slurm-shared", "");
  const std::string users = invocation.get("slurm-users", "");
  if (shared.empty() || users.empty()) {
    return {core::Reason::bad_argument, "--engine slurm needs --slurm-shared and --slurm-users"};
  }
  auto table = read_file(users, kTableBytesMax);
  if (!table) return table.error();
  auto map = execution_slurm::parse_user_map(*table);
  if (!map) return {map.error().reason, users + ", " + map.error().detail};
  slurm.runner.users = std::move(*map);
  slurm.runner.shared = make_absolute(shared);
  const char* const config = std::getenv("SLURM_CONF");
  slurm.runner.config = invocation.get("slurm-conf", config == nullptr ? "" : config);
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  slurm.runner.program = make_absolute(invocation.get("slurm-program", own.string()));
  slurm.partitions = invocation.list("slurm-partition");
  slurm.runner.constraint = invocation.get("slurm-constraint", "");
  slurm.runner.report_listen = invocation.get("slurm-listen", "127.0.0.1:0");
  slurm.runner.report_address = invocation.get("slurm-address", "");
  slurm.runner.poll_interval = get_duration(invocation, "slurm-poll", core::seconds(5));
  slurm.runner.silence = get_duration(invocation, "slurm-silence", core::seconds(60));
  slurm.runner.pilot_below = get_duration(invocation, "slurm-pilot", {});
  if (slurm.runner.silence < kSilenceLeast || slurm.runner.poll_interval.count < 100'000) {
    return {core::Reason::bad_argument, "--slurm-silence: 3s or more; --slurm-poll: 100ms or more"};
  }
  // A private network of a gang needs all its ranks on one node, which Slurm may not have.
  if (!invocation.has("network")) options.network = topology::Network::none;
  options.slurm = std::move(slurm);
  return {};
}

}  // namespace intertie::cli
