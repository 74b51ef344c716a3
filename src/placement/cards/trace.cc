// Nodes and requests of a trace.
#include "intertie/placement/cards/trace.h"

#include <algorithm>
#include <set>

#include "cards/csv.h"

namespace intertie::placement::cards {
namespace {

using core::Reason;

// Columns of both files, in the order they are asked for.
enum Column : std::size_t { c_name, c_cpu, c_memory, c_cards, c_fifth, c_spec };

core::Result<void> check_name(const CsvReader& csv, std::set<std::string, std::less<>>& names) {
  const std::string_view name = csv.field(c_name);
  if (name.empty()) return csv.make_error(Reason::bad_field, "the name is empty");
  if (!names.emplace(name).second) {
    return csv.make_error(Reason::duplicate_field,
                          "the name " + std::string(name) + " stands twice");
  }
  return {};
}

core::Result<ModelSet> read_models(const CsvReader& csv, const ModelTable& models) {
  std::string_view text = csv.field(c_spec);
  if (text.empty()) return ModelSet{};
  ModelSet set{0};
  while (true) {
    const std::size_t end = std::min(text.find('|'), text.size());
    const std::string_view name = text.substr(0, end);
    const auto place = std::ranges::find(models, name);
    if (place == models.end()) {
      return csv.make_error(Reason::not_found, "no node has the model '" + std::string(name) + "'");
    }
    set.bits |= std::uint64_t{1} << (place - models.begin());
    if (end == text.size()) return set;
    text.remove_prefix(end + 1);
  }
}

struct NodeLine {
  NodeState node;
  std::string model;
};

core::Result<NodeLine> read_node(const CsvReader& csv) {
  const auto cpu = csv.read_number(c_cpu);
  if (!cpu) return cpu.error();
  const auto memory = csv.read_number(c_memory);
  if (!memory) return memory.error();
  const auto cards = csv.read_number(c_cards, cards_per_node_max);
  if (!cards) return cards.error();
  const std::string model(csv.field(c_fifth));
  if ((*cards == 0) != model.empty()) {
    return csv.make_error(Reason::bad_field,
                          *cards == 0 ? "a model, but no cards" : "cards, but no model");
  }
  if (model.find('|') != std::string::npos) {
    return csv.make_error(Reason::bad_field, "a node has one model, without '|'");
  }
  return NodeLine{make_node(*cpu, *memory, static_cast<std::uint8_t>(*cards), model_none), model};
}

}  // namespace

core::Result<TraceNodes> read_trace_nodes(std::string_view text, std::string_view file) {
  CsvReader csv(text, file);
  const core::Result<void> header =
      csv.read_header({"sn", "cpu_milli", "memory_mib", "gpu", "model"}, {});
  if (!header) return header.error();
  TraceNodes trace;
  std::vector<std::string> models;
  std::set<std::string, std::less<>> names;
  while (true) {
    const core::Result<bool> line = csv.read_line();
    if (!line) return line.error();
    if (!*line) break;
    const core::Result<void> name = check_name(csv, names);
    if (!name) return name.error();
    const core::Result<NodeLine> node = read_node(csv);
    if (!node) return node.error();
    trace.names.emplace_back(csv.field(c_name));
    trace.nodes.push_back(node->node);
    models.push_back(node->model);
  }
  if (trace.nodes.empty()) return csv.make_error(Reason::out_of_range, "there are no nodes");
  std::set<std::string> known(models.begin(), models.end());
  known.erase("");
  if (known.size() > models_max) {
    return csv.make_error(Reason::out_of_range,
                          "more than " + std::to_string(models_max) + " models");
  }
  trace.models.assign(known.begin(), known.end());
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (models[i].empty()) continue;
    trace.nodes[i].model = static_cast<ModelId>(std::ranges::lower_bound(trace.models, models[i]) -
                                                trace.models.begin());
  }
  return trace;
}

core::Result<std::vector<TraceRequest>> read_trace_requests(std::string_view text,
                                                            std::string_view file,
                                                            const ModelTable& models) {
  CsvReader csv(text, file);
  const core::Result<void> header =
      csv.read_header({"name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli"}, {"gpu_spec"});
  if (!header) return header.error();
  std::vector<TraceRequest> requests;
  std::set<std::string, std::less<>> names;
  while (true) {
    const core::Result<bool> line = csv.read_line();
    if (!line) return line.error();
    if (!*line) break;
    const core::Result<void> name = check_name(csv, names);
    if (!name) return name.error();
    const auto cpu = csv.read_number(c_cpu);
    if (!cpu) return cpu.error();
    const auto memory = csv.read_number(c_memory);
    if (!memory) return memory.error();
    const auto cards = csv.read_number(c_cards, 255);
    if (!cards) return cards.error();
    const auto milli = csv.read_number(c_fifth, milli_per_card);
    if (!milli) return milli.error();
    const core::Result<ModelSet> set = read_models(csv, models);
    if (!set) return set.error();
    const Shape shape{*cpu, *memory, *milli, static_cast<std::uint8_t>(*cards), *set};
    if (!is_valid(shape)) {
      return csv.make_error(Reason::bad_field, "gpu_milli must be 0 exactly if num_gpu is 0");
    }
    requests.push_back({std::string(csv.field(c_name)), shape});
  }
  if (requests.empty()) return csv.make_error(Reason::out_of_range, "there are no requests");
  return requests;
}

}  // namespace intertie::placement::cards
