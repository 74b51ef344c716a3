#include "slurm_commands.h"

#include <set>
#include <string_view>

#include "intertie/slurm_runner/slurm_runner.h"

#include "command.h"

namespace intertie::slurm_runner {
namespace {

core::Error make_error(const std::string& name, const CommandAnswer& answer) {
  std::string said = answer.errors.substr(0, 300);
  for (char& c : said) c = c == '\n' ? ' ' : c;
  if (answer.exit_code == 127 || said.find("cannot be started") != said.npos) {
    return {core::Reason::not_supported, name + " is not installed here: " + said};
  }
  return {core::Reason::unreachable, name + ": " + said};
}

/// The word behind "NAME = " in the output of scontrol.
std::string find_word(std::string_view config, std::string_view name) {
  std::size_t at = 0;
  while (at < config.size()) {
    const std::size_t end = std::min(config.find('\n', at), config.size());
    const std::string_view line = config.substr(at, end - at);
    at = end + 1;
    if (!line.starts_with(name)) continue;
    const std::size_t equals = line.find("= ");
    if (equals != line.npos) return std::string(line.substr(equals + 2));
  }
  return {};
}

}  // namespace

core::Result<SlurmFacts> probe_slurm(const std::string& config) {
  SlurmFacts facts;
  const auto version = run_command({{"sbatch", "--version"}, {}, config, {}});
  if (version.exit_code != 0) return make_error("sbatch", version);
  if (!execution_slurm::parse_version(version.output)) {
    return {core::Reason::not_supported, "sbatch says a version that cannot be read"};
  }
  facts.version = version.output.substr(0, version.output.find('\n'));
  const auto shown = run_command({{"scontrol", "show", "config"}, {}, config, {}});
  if (shown.exit_code != 0) return make_error("scontrol", shown);
  using execution_slurm::find_config_number;
  facts.cluster = find_word(shown.output, "ClusterName");
  facts.kill_wait_seconds = find_config_number(shown.output, "KillWait").value_or(30);
  facts.array_size_max = find_config_number(shown.output, "MaxArraySize").value_or(1'001);
  facts.has_accounting =
      find_word(shown.output, "AccountingStorageType") == "accounting_storage/slurmdbd";
  return facts;
}

core::Result<std::vector<execution_slurm::SlurmPool>> discover_pools(
    const std::string& config, const execution_slurm::PoolWish& wish) {
  const auto answer = run_command(
      {{"sinfo", "-h", "-N", "-o", std::string(execution_slurm::kNodeFormat)}, {}, config, {}});
  if (answer.exit_code != 0) return make_error("sinfo", answer);
  const auto rows = execution_slurm::parse_nodes(answer.output);
  if (!rows) return rows.error();
  return execution_slurm::make_pools(*rows, wish);
}

core::Result<std::vector<execution_slurm::QueueRow>> list_jobs(
    const std::string& config, const std::vector<std::string>& unix_users) {
  std::string users;
  for (const std::string& user : unix_users) users += (users.empty() ? "" : ",") + user;
  const auto answer = run_command({{"squeue", "-h", "-r", "-a", "-t", "all", "-u", users, "-o",
                                    std::string(execution_slurm::kQueueFormat)},
                                   {},
                                   config,
                                   {}});
  if (answer.exit_code != 0) return make_error("squeue", answer);
  return execution_slurm::parse_queue(answer.output);
}

execution_slurm::SubmitOutcome submit_batch(const std::string& config, const std::string& unix_user,
                                            const std::vector<std::string>& arguments,
                                            const std::string& script) {
  Command command{{"sbatch"}, script, config, unix_user};
  command.words.insert(command.words.end(), arguments.begin(), arguments.end());
  const auto answer = run_command(command);
  return execution_slurm::read_submit_answer(answer.exit_code, answer.output, answer.errors);
}

core::Result<void> cancel_jobs(const std::string& config, const std::string& name,
                               const std::vector<std::string>& ids) {
  Command command{{"scancel", "--name=" + name}, {}, config, {}};
  command.words.insert(command.words.end(), ids.begin(), ids.end());
  const auto answer = run_command(command);
  // Some of them may be gone; what is not will be asked for again at the next look.
  const bool is_away = answer.errors.find("nable to contact") != std::string::npos;
  if (answer.exit_code < 0 || is_away) return make_error("scancel", answer);
  return {};
}

}  // namespace intertie::slurm_runner
