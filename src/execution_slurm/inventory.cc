#include "intertie/execution_slurm/inventory.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "text.h"

namespace intertie::execution_slurm {
namespace {

using core::Reason;
using core::Result;

constexpr std::size_t kFields = 8;
constexpr std::array<std::string_view, 8> kUpStates = {
    "idle", "mixed", "allocated", "completing", "reserved", "planned", "allocated+", "mix"};

Result<Gres> parse_one_gres(std::string_view text) {
  text = text.substr(0, text.find('('));  // "(S:0-1)": to which sockets they belong.
  const auto parts = split(text, ':');
  Gres gres;
  const auto count = parse_count(parts.back());
  if (parts.front().empty() || parts.size() > 3 || (parts.size() == 3 && !count)) {
    return {Reason::bad_syntax, "gres " + quote(text)};
  }
  gres.kind = parts.front();
  const bool has_count = count.has_value() && parts.size() > 1;
  gres.count = has_count ? *count : 1;
  if (parts.size() == 3 || (parts.size() == 2 && !has_count)) gres.type = parts[1];
  return gres;
}

std::string make_pool_name(std::string_view partition) {
  std::string name;
  for (const char c : partition) {
    const bool is_fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    const bool is_upper = c >= 'A' && c <= 'Z';
    name += is_fine ? c : is_upper ? static_cast<char>(c - 'A' + 'a') : '-';
  }
  return name;
}

Result<NodeRow> parse_node(std::string_view line) {
  const auto fields = split(line, '|');
  if (fields.size() != kFields) return {Reason::bad_syntax, "expected 8 fields"};
  NodeRow row;
  row.node = fields[0];
  std::string_view partition = fields[1];
  if (partition.ends_with('*')) partition.remove_suffix(1);  // The default one.
  row.partition = partition;
  if (row.node.empty() || row.partition.empty()) return {Reason::bad_syntax, "no name"};
  row.is_partition_up = fields[2] == "up";
  const auto minutes = parse_minutes(fields[3]);
  if (!minutes) return minutes.error();
  row.minutes_max = *minutes;
  row.is_up = is_node_up(fields[4]);
  // "4+" where nodes of one line differ; with -N they do not, but an old version may say so.
  const auto cpus = parse_count(fields[5].substr(0, fields[5].find('+')));
  const auto memory = parse_count(fields[6].substr(0, fields[6].find('+')));
  if (!cpus || !memory) return {Reason::bad_syntax, "CPUs or memory"};
  row.cpus = *cpus;
  row.memory_mib = *memory;
  auto gres = parse_gres(fields[7]);
  if (!gres) return gres.error();
  row.gres = std::move(*gres);
  return row;
}

topology::Pool make_pool(const NodeRow& row, const topology::Pool& model) {
  topology::Pool pool = model;
  pool.authority = topology::Authority::engine;
  pool.cpus_per_node = core::MilliCpus{row.cpus * 1'000};
  pool.memory_per_node = core::Bytes{row.memory_mib << 20};
  pool.devices_per_node.clear();
  pool.nodes.clear();
  for (const Gres& gres : row.gres) {
    pool.devices_per_node.push_back({gres.kind, gres.type, gres.count, core::Bytes{}});
  }
  return pool;
}

}  // namespace

Result<std::vector<Gres>> parse_gres(std::string_view text) {
  std::vector<Gres> found;
  if (text.empty() || text == "(null)" || text == "N/A") return found;
  // Commas inside brackets belong to a list of sockets: "gpu:2(S:0,1)".
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth != 0)) continue;
    auto gres = parse_one_gres(text.substr(begin, i - begin));
    if (!gres) return gres.error();
    if (gres->count > 0) found.push_back(std::move(*gres));
    begin = i + 1;
  }
  return found;
}

Result<std::optional<std::int64_t>> parse_minutes(std::string_view text) {
  using Minutes = std::optional<std::int64_t>;
  if (text == "infinite" || text == "UNLIMITED" || text == "n/a") return Minutes();
  const core::Error error{Reason::bad_syntax, "time limit " + quote(text)};
  std::int64_t days = 0;
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto read = parse_count(text.substr(0, dash));
    if (!read || *read > 1'000'000) return error;
    days = *read;
    text.remove_prefix(dash + 1);
  }
  std::vector<std::int64_t> parts;
  for (const std::string_view part : split(text, ':')) {
    const auto read = parse_count(part);
    if (!read || *read > 100'000'000) return error;
    parts.push_back(*read);
  }
  if (parts.size() > 3) return error;
  std::int64_t seconds = 0;
  if (dash != std::string_view::npos || parts.size() == 3) {
    parts.resize(3);  // Hours first.
    seconds = parts[0] * 3'600 + parts[1] * 60 + parts[2];
  } else {
    parts.resize(2);  // Minutes first.
    seconds = parts[0] * 60 + parts[1];
  }
  return Minutes(days * 24 * 60 + (seconds + 59) / 60);
}

bool is_node_up(std::string_view state) {
  if (state.find('*') != std::string_view::npos) return false;
  const std::size_t end = state.find_first_of("~#!%$@^-");
  // "$" is maintenance, "!", "%" and "~" a node without power.
  if (end != std::string_view::npos && state[end] != '#' && state[end] != '-') return false;
  return std::ranges::find(kUpStates, state.substr(0, end)) != kUpStates.end();
}

Result<std::vector<NodeRow>> parse_nodes(std::string_view output) {
  std::vector<NodeRow> rows;
  for (const std::string_view line : split_lines(output)) {
    auto row = parse_node(line);
    if (!row) {
      return {Reason::bad_syntax, "sinfo, line " + std::to_string(rows.size() + 1) + " " +
                                      quote(line) + ": " + row.error().detail};
    }
    rows.push_back(std::move(*row));
  }
  return rows;
}

Result<std::vector<SlurmPool>> make_pools(const std::vector<NodeRow>& rows, const PoolWish& wish) {
  for (const std::string& partition : wish.partitions) {
    const auto has_name = [&](const NodeRow& row) { return row.partition == partition; };
    if (std::ranges::none_of(rows, has_name)) {
      return {Reason::not_found, "Slurm has no partition " + quote(partition)};
    }
  }
  std::vector<SlurmPool> pools;
  std::set<std::string_view> taken;
  std::set<std::string> names;
  for (const NodeRow& row : rows) {
    const bool is_wished =
        wish.partitions.empty()
            ? row.is_partition_up
            : std::ranges::find(wish.partitions, row.partition) != wish.partitions.end();
    if (!is_wished || row.cpus == 0 || row.memory_mib == 0) continue;
    if (!taken.insert(row.node).second) continue;
    auto pool = std::ranges::find_if(pools, [&](const SlurmPool& each) {
      return each.partition == row.partition && each.gres == row.gres &&
             each.pool.cpus_per_node.count == row.cpus * 1'000 &&
             each.pool.memory_per_node.count == row.memory_mib << 20;
    });
    if (pool == pools.end()) {
      SlurmPool made{row.partition, row.minutes_max, row.gres, make_pool(row, wish.model)};
      const std::string stem = make_pool_name(row.partition);
      made.pool.name = stem;
      for (int n = 2; !names.insert(made.pool.name).second; ++n) {
        made.pool.name = stem + "-" + std::to_string(n);
      }
      pool = pools.insert(pools.end(), std::move(made));
    }
    pool->pool.nodes.push_back({row.node, row.is_up && row.is_partition_up});
  }
  for (SlurmPool& pool : pools) std::ranges::sort(pool.pool.nodes, {}, &topology::Node::name);
  if (pools.empty()) return {Reason::bad_field, "Slurm has no node in a partition that is up"};
  return pools;
}

}  // namespace intertie::execution_slurm
