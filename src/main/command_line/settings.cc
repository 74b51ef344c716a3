// Settings by precedence.
#include "command_line/settings.h"

#include <algorithm>
#include <array>

#include "command_line/suggest.h"

namespace intertie::cli {
namespace {

constexpr std::array kSpecs = {
    SettingSpec{"context", "INTERTIE_CONTEXT", "", "", "which hub and token"},
    SettingSpec{"output", "INTERTIE_OUTPUT", "table|json|jsonl|csv", "",
                "a table on a terminal, values between tabs on a pipe"},
    SettingSpec{"color", "INTERTIE_COLOR", "auto|always|never", "auto", "colours"},
    SettingSpec{"ask", "INTERTIE_ASK", "auto|never", "auto",
                "whether run and submit ask on a terminal before money is spent"},
};

std::vector<std::string> split(std::string_view choices) {
  std::vector<std::string> words;
  for (std::size_t bar = 0; bar != std::string_view::npos;) {
    bar = choices.find('|');
    words.emplace_back(choices.substr(0, bar));
    choices.remove_prefix(bar == std::string_view::npos ? choices.size() : bar + 1);
  }
  return words;
}

const SettingSpec* find_spec(std::string_view name) {
  const auto found = std::ranges::find(kSpecs, name, &SettingSpec::name);
  return found == kSpecs.end() ? nullptr : &*found;
}

}  // namespace

std::span<const SettingSpec> get_setting_specs() { return kSpecs; }

std::vector<SettingLayer> read_variable_layers(
    const std::map<std::string, std::string>& environment) {
  std::vector<SettingLayer> layers;
  const auto find = [&environment](std::string_view name) {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::string() : found->second;
  };
  for (const SettingSpec& spec : kSpecs) {
    const std::string value = find(spec.variable);
    if (value.empty()) continue;
    layers.push_back({"$" + std::string(spec.variable), {{std::string(spec.name), value}}});
  }
  // no-color.org: any value but the empty one.
  if (!find("NO_COLOR").empty()) layers.push_back({"$NO_COLOR", {{"color", "never"}}});
  return layers;
}

std::vector<SettingValue> resolve_settings(std::span<const SettingLayer> layers) {
  std::vector<SettingValue> values;
  for (const SettingSpec& spec : kSpecs) {
    SettingValue value{std::string(spec.name), std::string(spec.otherwise), "built in"};
    for (const SettingLayer& layer : layers) {
      const auto found = layer.values.find(value.name);
      if (found == layer.values.end()) continue;
      value.value = found->second;
      value.origin = layer.origin;
      break;
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::optional<Complaint> check_layer(const SettingLayer& layer) {
  for (const auto& [name, value] : layer.values) {
    const SettingSpec* const spec = find_spec(name);
    if (spec == nullptr) {
      std::vector<std::string> names;
      for (const SettingSpec& each : kSpecs) names.emplace_back(each.name);
      Complaint complaint = make_usage_complaint("There is no setting '" + name + "'.",
                                                 "intertie config show lists the settings");
      complaint.why = layer.origin;
      if (const auto near = suggest_word(name, names)) {
        complaint.why += ": did you mean '" + *near + "'?";
      }
      return complaint;
    }
    const std::vector<std::string> choices = split(spec->choices);
    const bool is_known =
        spec->choices.empty() || std::ranges::find(choices, value) != choices.end();
    if (is_known && !value.empty()) continue;
    Complaint complaint = make_usage_complaint(
        "The setting " + name + " cannot be '" + value + "'.",
        name + ": " + (spec->choices.empty() ? "NAME" : std::string(spec->choices)));
    complaint.why = layer.origin;
    return complaint;
  }
  return std::nullopt;
}

}  // namespace intertie::cli
