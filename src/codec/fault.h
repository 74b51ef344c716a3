// Why decoding stopped, and where: the path grows while the decoder returns (private to codec).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "intertie/core/result.h"

namespace intertie::codec {

/// One step of a path: a key, or an index if `is_index`.
struct Step {
  std::string key;
  std::size_t index = 0;
  bool is_index = false;
};

struct Fault {
  core::Reason reason = core::Reason::internal;
  std::string message;
  std::vector<Step> steps;  // Innermost first.

  /// Both return false, so that a decoder can say `return fault.set(...)`.
  bool set(core::Reason why, std::string what) {
    reason = why;
    message = std::move(what);
    return false;
  }
  bool within(std::string_view key) {
    steps.push_back({std::string(key), 0, false});
    return false;
  }
  bool within(std::size_t index) {
    steps.push_back({{}, index, true});
    return false;
  }
};

/// "tasks[3].cpus"; "" for the document itself.
std::string render_path(const Fault& fault);

/// The public error: "path: message".
core::Error to_error(const Fault& fault);

/// A name of a document made fit for a message: no control characters, at most 64 bytes.
std::string quote_name(std::string_view name);

}  // namespace intertie::codec
