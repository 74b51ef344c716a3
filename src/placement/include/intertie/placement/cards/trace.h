// Traces: lists of nodes and of requests as CSV, in the columns of the openb traces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "intertie/core/result.h"
#include "intertie/placement/cards/node_state.h"

namespace intertie::placement::cards {

/// Names of device models; the place is the ModelId.
using ModelTable = std::vector<std::string>;

struct TraceNodes {
  std::vector<std::string> names;
  std::vector<NodeState> nodes;  // Empty nodes, in the order of the file.
  ModelTable models;             // Sorted by name.
};

/// Reads a list of nodes. Columns, in any order, found by the first line: sn (the name), cpu_milli,
/// memory_mib, gpu (0..8), model (empty exactly if gpu is 0); others are skipped. RFC 4180; a line
/// may end with CR LF. `file` is only named in errors: "FILE:LINE: reason". Refuses with bad_syntax
/// (broken CSV), missing_field (a column), bad_field (not a number, negative, too large, no name),
/// duplicate_field (a name twice), out_of_range (more models than models_max, no nodes). O(n log
/// n).
core::Result<TraceNodes> read_trace_nodes(std::string_view text, std::string_view file);

struct TraceRequest {
  std::string name;
  Shape shape;
};

/// Reads a list of requests ("pods"). Columns as above: name, cpu_milli, memory_mib, num_gpu
/// (0..255; more than a node has fits nowhere), gpu_milli (of each card, 1..1000; 0 exactly if
/// num_gpu is 0), and optionally gpu_spec ("A|B": models of which any will do; empty: all). Refuses
/// as above, and with not_found if a model is none of `models`.
core::Result<std::vector<TraceRequest>> read_trace_requests(std::string_view text,
                                                            std::string_view file,
                                                            const ModelTable& models);

}  // namespace intertie::placement::cards
