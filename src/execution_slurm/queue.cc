#include "intertie/execution_slurm/queue.h"

#include <algorithm>
#include <array>

#include "text.h"

namespace intertie::execution_slurm {
namespace {

using core::Reason;
using core::Result;

constexpr std::size_t kQueueFields = 5;
constexpr std::int64_t kElementMax = 4'000'000;
constexpr std::size_t kElementsMax = 100'000;

struct StateRow {
  std::string_view state;
  JobStage stage;
  std::optional<JobEnd> end;
};

// squeue(1), JOB STATE CODES. COMPLETING still has processes; a requeued job may run again.
constexpr std::array<StateRow, 24> kStates = {{
    {"PENDING", JobStage::waiting, {}},
    {"CONFIGURING", JobStage::waiting, {}},
    {"REQUEUED", JobStage::waiting, {}},
    {"REQUEUE_FED", JobStage::waiting, {}},
    {"REQUEUE_HOLD", JobStage::waiting, {}},
    {"SPECIAL_EXIT", JobStage::waiting, {}},
    {"RESV_DEL_HOLD", JobStage::waiting, {}},
    {"RUNNING", JobStage::running, {}},
    {"COMPLETING", JobStage::running, {}},
    {"SUSPENDED", JobStage::running, {}},
    {"STOPPED", JobStage::running, {}},
    {"RESIZING", JobStage::running, {}},
    {"SIGNALING", JobStage::running, {}},
    {"STAGE_OUT", JobStage::running, {}},
    {"COMPLETED", JobStage::ended, JobEnd::completed},
    {"FAILED", JobStage::ended, JobEnd::failed},
    {"DEADLINE", JobStage::ended, JobEnd::time_limit},
    {"TIMEOUT", JobStage::ended, JobEnd::time_limit},
    {"CANCELLED", JobStage::ended, JobEnd::cancelled},
    {"REVOKED", JobStage::ended, JobEnd::cancelled},
    {"OUT_OF_MEMORY", JobStage::ended, JobEnd::memory_limit},
    {"PREEMPTED", JobStage::ended, JobEnd::preempted},
    {"NODE_FAIL", JobStage::ended, JobEnd::node_failed},
    {"BOOT_FAIL", JobStage::ended, JobEnd::node_failed},
}};

// A state that a newer Slurm has and this table has not: nothing may be concluded from it.
StateRow find_state(std::string_view state) {
  const auto found = std::ranges::find(kStates, state, &StateRow::state);
  return found == kStates.end() ? StateRow{state, JobStage::running, {}} : *found;
}

/// "3", "2-5", "0-9:3", comma-separated, "%4" at the end.
std::optional<std::vector<std::uint32_t>> parse_elements(std::string_view text) {
  std::vector<std::uint32_t> elements;
  text = text.substr(0, text.find('%'));
  for (const std::string_view part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    const std::size_t colon = part.find(':');
    const auto first = parse_count(part.substr(0, std::min(dash, colon)));
    std::optional<std::int64_t> last = first;
    std::optional<std::int64_t> step = 1;
    if (dash != std::string_view::npos) {
      last = parse_count(part.substr(dash + 1, colon == part.npos ? colon : colon - dash - 1));
    }
    if (colon != std::string_view::npos) step = parse_count(part.substr(colon + 1));
    if (!first || !last || !step || *step == 0 || *last > kElementMax) return std::nullopt;
    for (std::int64_t each = *first; each <= *last; each += *step) {
      if (elements.size() >= kElementsMax) return std::nullopt;
      elements.push_back(static_cast<std::uint32_t>(each));
    }
  }
  return elements;
}

std::optional<std::vector<SlurmJobId>> parse_ids(std::string_view text) {
  const std::size_t bar = text.find('_');
  const auto job = parse_count(text.substr(0, bar));
  if (!job) return std::nullopt;
  const auto number = static_cast<std::uint64_t>(*job);
  if (bar == std::string_view::npos) return std::vector<SlurmJobId>{{number, {}}};
  std::string_view rest = text.substr(bar + 1);
  if (rest.starts_with('[')) {
    if (!rest.ends_with(']')) return std::nullopt;
    rest = rest.substr(1, rest.size() - 2);
  }
  const auto elements = parse_elements(rest);
  if (!elements) return std::nullopt;
  std::vector<SlurmJobId> ids;
  for (const std::uint32_t element : *elements) ids.push_back({number, element});
  return ids;
}

}  // namespace

std::string to_text(const SlurmJobId& id) {
  return std::to_string(id.job) + (id.element ? "_" + std::to_string(*id.element) : "");
}

Result<std::vector<QueueRow>> parse_queue(std::string_view output) {
  std::vector<QueueRow> rows;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(output)) {
    ++number;
    const core::Error error{Reason::bad_syntax,
                            "squeue, line " + std::to_string(number) + " " + quote(line)};
    // The name stands last, and may hold bars: users choose it.
    auto fields = split(line, '|');
    if (fields.size() < kQueueFields) return error;
    const auto ids = parse_ids(fields[0]);
    if (!ids || fields[1].empty()) return error;
    QueueRow row;
    row.state = fields[1];
    const StateRow known = find_state(row.state);
    row.stage = known.stage;
    row.end = known.end;
    if (fields[2] != "None") row.reason = fields[2];
    row.has_node = !fields[3].empty() && fields[3] != "(null)" && fields[3] != "None assigned";
    const auto place = static_cast<std::size_t>(fields[4].data() - line.data());
    row.name = line.substr(place);
    for (const SlurmJobId& id : *ids) {
      row.id = id;
      rows.push_back(row);
    }
  }
  return rows;
}

std::string make_batch_name(std::string_view tag, std::uint64_t number) {
  return "it-" + std::string(tag) + "-" + std::to_string(number);
}

std::optional<std::uint64_t> find_batch_number(std::string_view name, std::string_view tag) {
  const std::string prefix = "it-" + std::string(tag) + "-";
  if (!name.starts_with(prefix)) return std::nullopt;
  const auto number = parse_count(name.substr(prefix.size()));
  if (!number) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace intertie::execution_slurm
