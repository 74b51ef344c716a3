#include "intertie/hub/job_document.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/transfer/dataset_name.h"

namespace intertie::hub {
namespace {

namespace limits = core::limits;

core::Error make_error(core::Reason reason, std::string path, const std::string& what) {
  return {reason, std::move(path) + ": " + what};
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

// In-task paths: no empty or ".." parts, so a path names one place beneath its root.
core::Result<void> check_path(const std::string& path, const std::string& field) {
  if (path.empty()) return make_error(core::Reason::missing_field, field, "a path is needed");
  if (path.size() > limits::path_bytes_max) {
    return make_error(core::Reason::too_large, field, "at most path_bytes_max");
  }
  if (has_control_character(path)) {
    return make_error(core::Reason::bad_field, field, "control characters are not allowed");
  }
  std::string_view rest = path;
  if (rest.front() == '/') rest.remove_prefix(1);
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      return make_error(core::Reason::bad_field, field,
                        "empty, '.' and '..' parts are not allowed");
    }
    if (slash == std::string_view::npos) return {};
    rest.remove_prefix(slash + 1);
  }
}

core::Result<void> check_name(const std::string& name, const std::string& field) {
  const bool is_good = !name.empty() && name.size() <= limits::job_name_bytes_max &&
                       name.find('/') == std::string::npos && name != "." && name != ".." &&
                       !has_control_character(name);
  if (is_good) return {};
  return make_error(core::Reason::bad_field, field, "expected a file name without '/'");
}

core::Result<void> check_inputs(const JobDocument& document) {
  std::set<std::string> targets;
  for (std::size_t i = 0; i < document.data.in.size(); ++i) {
    const DataIn& input = document.data.in[i];
    const std::string field = "data.in[" + std::to_string(i) + "]";
    if (const auto checked = check_path(input.to, field + ".to"); !checked) return checked;
    if (input.from.empty() == input.content.empty() && !input.from.empty()) {
      return make_error(core::Reason::bad_field, field, "give either from or content");
    }
    if (!targets.insert(input.to).second) {
      return make_error(core::Reason::duplicate_field, field + ".to", input.to + " is given twice");
    }
    if (input.size.count < 0) {
      return make_error(core::Reason::out_of_range, field + ".size", "0 or more");
    }
  }
  return {};
}

// "data://NAME" is one's own dataset; another owner's cannot be written.
core::Result<void> check_landing(const DataOut& output, const std::string& field) {
  if (output.to.empty()) {
    if (output.region.empty()) return {};
    return make_error(core::Reason::bad_field, field + ".region", "say in to which dataset it is");
  }
  const auto key = transfer::parse_dataset_key(output.to);
  if (!key || key->kind != transfer::DatasetKey::Kind::name || !key->owner.empty()) {
    return make_error(core::Reason::bad_field, field + ".to", "expected data://NAME");
  }
  const bool is_code = std::ranges::all_of(
      output.region, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
  if (output.region.empty() || (is_code && output.region.size() == 2)) return {};
  return make_error(core::Reason::bad_field, field + ".region", "expected a region's two digits");
}

core::Result<void> check_outputs(const JobDocument& document) {
  std::set<std::string> names;
  std::set<std::pair<std::string, std::string>> landings;
  for (std::size_t i = 0; i < document.data.out.size(); ++i) {
    const DataOut& output = document.data.out[i];
    const std::string field = "data.out[" + std::to_string(i) + "]";
    if (const auto checked = check_path(output.path, field + ".path"); !checked) return checked;
    const std::string name = get_output_name(output);
    if (const auto checked = check_name(name, field + ".name"); !checked) return checked;
    if (!names.insert(name).second) {
      return make_error(core::Reason::duplicate_field, field + ".name", name + " is given twice");
    }
    if (const auto checked = check_landing(output, field); !checked) return checked;
    if (!output.to.empty() && !landings.emplace(output.region, output.to).second) {
      return make_error(core::Reason::duplicate_field, field + ".to",
                        output.to + " is given twice");
    }
  }
  return {};
}

core::Result<void> check_tags(const JobDocument& document) {
  for (const auto& [tag, value] : document.tags) {
    const bool is_good = !tag.empty() && tag.size() <= limits::job_tag_bytes_max &&
                         value.size() <= limits::job_tag_value_bytes_max &&
                         !has_control_character(tag) && !has_control_character(value);
    if (!is_good) {
      return make_error(core::Reason::bad_field, "tags",
                        "names of 1 to 128 bytes, values up to 512, no control characters");
    }
  }
  return {};
}

core::Result<void> check_counts(const JobDocument& document) {
  const auto bound = [](std::size_t count, std::size_t most, const char* field) {
    return count <= most ? core::Result<void>()
                         : core::Result<void>(make_error(core::Reason::too_large, field,
                                                         "at most " + std::to_string(most)));
  };
  const std::size_t files = document.data.in.size() + document.data.out.size();
  if (const auto checked = bound(document.run.size(), limits::job_arguments_max, "run"); !checked) {
    return checked;
  }
  if (const auto checked = bound(files, limits::job_files_max, "data"); !checked) return checked;
  if (const auto checked = bound(document.tags.size(), limits::job_tags_max, "tags"); !checked) {
    return checked;
  }
  return bound(document.env.size() + document.secrets.size(), limits::job_environment_max, "env");
}

bool is_variable_name(const std::string& name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && name.size() <= limits::job_name_bytes_max && is_letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

core::Result<void> check_secrets(const JobDocument& document) {
  if (document.secrets.size() > limits::job_secrets_max) {
    return make_error(core::Reason::too_large, "secrets",
                      "at most " + std::to_string(limits::job_secrets_max));
  }
  for (const auto& [name, secret] : document.secrets) {
    if (!is_variable_name(name)) {
      return make_error(core::Reason::bad_field, "secrets",
                        "names have letters, digits and _, and begin with no digit");
    }
    if (document.env.contains(name)) {
      return make_error(core::Reason::duplicate_field, "secrets." + name, "it stands in env too");
    }
    const int sources = static_cast<int>(!secret.from_env.empty()) +
                        static_cast<int>(!secret.from_file.empty()) +
                        static_cast<int>(!secret.box.empty());
    if (sources != 1) {
      return make_error(core::Reason::bad_field, "secrets." + name,
                        "give one of from_env, from_file and box");
    }
  }
  return {};
}

// A zero byte ends a text for the system's calls: a command would see another word than was asked
// for, and compare as another name.
core::Result<void> check_no_zero(std::string_view text, const std::string& field) {
  if (text.find('\0') == std::string_view::npos) return {};
  return make_error(core::Reason::bad_field, field, "a zero byte is not allowed");
}

core::Result<void> check_no_zero(const std::vector<std::string>& texts, const std::string& field) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto checked = check_no_zero(texts[i], field + "[" + std::to_string(i) + "]");
    if (!checked) return checked;
  }
  return {};
}

core::Result<void> check_environment(const JobDocument& document) {
  for (const auto& [name, value] : document.env) {
    if (name.empty() || name.find('=') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      return make_error(core::Reason::bad_field, "env",
                        "names are not empty and hold neither '=' nor a zero byte");
    }
    if (const auto checked = check_no_zero(value, "env." + name); !checked) return checked;
  }
  return {};
}

// All texts that are neither paths, names nor tags, which have rules of their own. An input's
// content is a file's and may hold any byte.
core::Result<void> check_texts(const JobDocument& document) {
  if (const auto checked = check_no_zero(document.run, "run"); !checked) return checked;
  if (const auto checked = check_environment(document); !checked) return checked;
  if (document.need.devices) {
    const DeviceNeed& devices = *document.need.devices;
    const auto kind = check_no_zero(devices.kind, "need.devices.kind");
    if (!kind) return kind;
    const auto model = check_no_zero(devices.model, "need.devices.model");
    if (!model) return model;
  }
  const auto software = check_no_zero(document.need.software, "need.software");
  if (!software) return software;
  for (std::size_t i = 0; i < document.data.in.size(); ++i) {
    const std::string field = "data.in[" + std::to_string(i) + "].from";
    const auto from = check_no_zero(document.data.in[i].from, field);
    if (!from) return from;
  }
  const auto regions = check_no_zero(document.where.regions, "where.regions");
  if (!regions) return regions;
  const auto excluded = check_no_zero(document.where.not_, "where.not");
  if (!excluded) return excluded;
  return check_no_zero(document.account, "account");
}

core::Result<void> check_figures(const JobDocument& document) {
  if (document.tasks < 1 || document.tasks > limits::job_tasks_max) {
    return make_error(core::Reason::out_of_range, "tasks",
                      "1 to " + std::to_string(limits::job_tasks_max));
  }
  if (document.need.memory.count <= 0) {
    // The runner sets no bound for 0, so it would be everything for nothing.
    return make_error(core::Reason::out_of_range, "need.memory", "above 0");
  }
  if (document.timeout.count <= 0 || document.timeout > limits::job_timeout_max) {
    return make_error(core::Reason::out_of_range, "timeout",
                      "above 0, at most " + core::to_text(limits::job_timeout_max));
  }
  if (document.retries > limits::job_retries_max) {
    return make_error(core::Reason::out_of_range, "retries",
                      "at most " + std::to_string(limits::job_retries_max));
  }
  if (document.price.max && document.price.max->count <= 0) {
    return make_error(core::Reason::out_of_range, "price.max", "above 0");
  }
  if (document.price.per_hour_of_delay.count < 0) {
    return make_error(core::Reason::out_of_range, "price.per_hour_of_delay", "0 or more");
  }
  return {};
}

}  // namespace

std::string get_output_name(const DataOut& output) {
  if (!output.name.empty()) return output.name;
  return output.path.substr(output.path.rfind('/') + 1);
}

std::string get_landing_name(const DataOut& output) {
  const auto key = transfer::parse_dataset_key(output.to);
  return key ? key->name : std::string();
}

core::Result<void> check_document(const JobDocument& document) {
  if (document.run.empty()) {
    return make_error(core::Reason::missing_field, "run", "a job needs a command");
  }
  if (document.run.front().empty()) {
    return make_error(core::Reason::bad_field, "run[0]", "empty; name a program");
  }
  if (document.name.size() > limits::job_name_bytes_max || has_control_character(document.name)) {
    return make_error(core::Reason::bad_field, "name", "at most 200 bytes, no control characters");
  }
  if (const auto checked = check_secrets(document); !checked) return checked;
  if (const auto checked = check_counts(document); !checked) return checked;
  if (const auto checked = check_texts(document); !checked) return checked;
  if (const auto checked = check_figures(document); !checked) return checked;
  if (const auto checked = check_tags(document); !checked) return checked;
  if (const auto checked = check_inputs(document); !checked) return checked;
  return check_outputs(document);
}

}  // namespace intertie::hub
