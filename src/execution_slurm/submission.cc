#include "intertie/execution_slurm/submission.h"

#include <algorithm>
#include <array>

#include "text.h"

namespace intertie::execution_slurm {
namespace {

constexpr std::int64_t kMinutesAround = 2;
constexpr std::int64_t kMicrosPerMinute = 60'000'000;
constexpr std::int64_t kMib = 1 << 20;

std::int64_t round_up(std::int64_t value, std::int64_t unit) { return (value + unit - 1) / unit; }

/// How many tasks run at once on the job's one node.
std::int64_t count_at_once(const Submission& submission) {
  if (submission.kind == BatchKind::pilot) return submission.slots;
  return submission.kind == BatchKind::gang_on_node ? submission.tasks : 1;
}

std::string format_gres(const Gres& gres, std::int64_t times) {
  const std::string type = gres.type.empty() ? "" : ":" + gres.type;
  return gres.kind + type + ":" + std::to_string(gres.count * times);
}

void add_resources(const Submission& submission, std::vector<std::string>& arguments) {
  const TaskNeed& need = submission.need;
  const std::int64_t cpus = compute_cpus(need.cpus);
  const std::int64_t mib = std::max<std::int64_t>(1, round_up(need.memory.count, kMib));
  std::string gres;
  if (submission.kind == BatchKind::gang) {
    arguments.push_back("--ntasks=" + std::to_string(submission.tasks));
    arguments.push_back("--cpus-per-task=" + std::to_string(cpus));
    arguments.push_back("--mem-per-cpu=" + std::to_string(round_up(mib, cpus)) + "M");
    for (const Gres& each : need.gres) {
      // Only GPUs can be asked for by task; others stand for each node, which is no less.
      const std::string type = each.type.empty() ? "" : each.type + ":";
      if (each.kind == "gpu") {
        arguments.push_back("--gpus-per-task=" + type + std::to_string(each.count));
      } else {
        gres += (gres.empty() ? "" : ",") + format_gres(each, submission.tasks);
      }
    }
  } else {
    const std::int64_t at_once = count_at_once(submission);
    arguments.push_back("--nodes=1");
    arguments.push_back("--ntasks=1");
    arguments.push_back("--cpus-per-task=" + std::to_string(cpus * at_once));
    arguments.push_back("--mem=" + std::to_string(mib * at_once) + "M");
    for (const Gres& each : need.gres) {
      gres += (gres.empty() ? "" : ",") + format_gres(each, at_once);
    }
  }
  if (!gres.empty()) arguments.push_back("--gres=" + gres);
}

/// For the shell: nothing inside is read by it.
std::string quote_for_shell(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Parts of what sbatch says, from Slurm's table of errors (slurm_errno(3)), in small letters.
constexpr std::array<std::string_view, 4> kNotThere = {
    "unable to contact slurm controller",
    "connection refused",
    "controller in standby mode",
    "temporarily unable to accept job",
};
constexpr std::array<std::string_view, 4> kUnclear = {
    "socket timed out",
    "zero bytes were transmitted",
    "unexpected message",
    "communication",
};

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

bool has_any(std::string_view text, auto& parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// The last line that says something, without "sbatch: error: ".
std::string make_detail(std::string_view errors) {
  const auto lines = split_lines(errors);
  if (lines.empty()) return "sbatch said nothing";
  std::string_view line = lines.back();
  for (const std::string_view prefix : {"sbatch: ", "error: ", "Batch job submission failed: "}) {
    if (line.starts_with(prefix)) line.remove_prefix(prefix.size());
  }
  return "Slurm: " + quote(line);
}

}  // namespace

std::int64_t compute_cpus(core::MilliCpus cpus) {
  return std::max<std::int64_t>(1, round_up(cpus.count, 1'000));
}

std::int64_t compute_minutes(const Submission& submission) {
  if (submission.need.time_limit.count <= 0) return 0;
  std::int64_t turns = 1;
  if (submission.kind == BatchKind::pilot) turns = round_up(submission.tasks, submission.slots);
  const std::int64_t minutes =
      round_up(submission.need.time_limit.count * turns, kMicrosPerMinute) + kMinutesAround;
  return std::min(minutes, submission.minutes_max.value_or(minutes));
}

std::vector<std::string> make_sbatch_arguments(const Submission& submission) {
  std::vector<std::string> arguments = {"--parsable",
                                        "--no-requeue",
                                        "--export=NONE",
                                        "--job-name=" + submission.name,
                                        "--comment=intertie " + submission.name,
                                        "--partition=" + submission.partition,
                                        "--chdir=" + submission.folder,
                                        "--open-mode=append"};
  const bool is_array = submission.kind == BatchKind::tasks && submission.tasks > 1;
  arguments.push_back("--output=" + submission.folder +
                      (is_array ? "/slurm-%a.log" : "/slurm.log"));
  if (is_array) arguments.push_back("--array=0-" + std::to_string(submission.tasks - 1));
  if (!submission.account.empty()) arguments.push_back("--account=" + submission.account);
  if (!submission.qos.empty()) arguments.push_back("--qos=" + submission.qos);
  if (!submission.constraint.empty()) arguments.push_back("--constraint=" + submission.constraint);
  if (const std::int64_t minutes = compute_minutes(submission); minutes > 0) {
    arguments.push_back("--time=" + std::to_string(minutes));
  }
  add_resources(submission, arguments);
  return arguments;
}

std::string make_script(const Submission& submission, std::string_view program) {
  const std::string driver = quote_for_shell(program) + " slurm-driver --batch " +
                             quote_for_shell(submission.folder) + "\n";
  const std::string start = submission.kind == BatchKind::gang
                                ? "exec srun --kill-on-bad-exit=0 --wait=0 --export=ALL "
                                : "exec ";
  // What the user's own start files would set has no place in a task.
  return "#!/bin/sh\n" + start + driver;
}

SubmitOutcome read_submit_answer(int exit_code, std::string_view output, std::string_view errors) {
  if (exit_code == 0) {
    for (const std::string_view line : split_lines(output)) {
      const auto job = parse_count(line.substr(0, line.find(';')));
      if (job && *job > 0) return {SubmitVerdict::accepted, static_cast<std::uint64_t>(*job), {}};
    }
    return {SubmitVerdict::unknown, 0, "sbatch gave no job number: " + quote(output)};
  }
  const std::string said = lower(errors);
  const std::string detail = make_detail(errors);
  if (exit_code < 0 || has_any(said, kUnclear)) return {SubmitVerdict::unknown, 0, detail};
  if (has_any(said, kNotThere)) return {SubmitVerdict::later, 0, detail};
  if (errors.empty()) return {SubmitVerdict::unknown, 0, detail};
  return {SubmitVerdict::refused, 0, detail};
}

std::optional<std::int64_t> find_config_number(std::string_view config, std::string_view name) {
  for (std::string_view line : split_lines(config)) {
    if (!line.starts_with(name)) continue;
    line.remove_prefix(name.size());
    const std::size_t begin = line.find_first_not_of(" =");
    if (begin == line.npos || line.substr(0, begin).find('=') == line.npos) continue;
    line.remove_prefix(begin);
    return parse_count(line.substr(0, line.find_first_of(" \t(")));
  }
  return std::nullopt;
}

std::optional<SlurmVersion> parse_version(std::string_view text) {
  const std::size_t begin = text.find_first_of("0123456789");
  if (begin == text.npos || !text.starts_with("slurm")) return std::nullopt;
  text = text.substr(begin, text.find_first_of(" \n\t", begin) - begin);
  const auto parts = split(text, '.');
  if (parts.size() < 2) return std::nullopt;
  const auto major = parse_count(parts[0]);
  const auto minor = parse_count(parts[1]);
  if (!major || !minor) return std::nullopt;
  return SlurmVersion{*major, *minor};
}

}  // namespace intertie::execution_slurm
