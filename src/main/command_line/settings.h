// What people can set once instead of with every command, and which of several places wins.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "command_line/parse.h"

namespace intertie::cli {

struct SettingSpec {
  std::string_view name;
  std::string_view variable;   // Of the environment.
  std::string_view choices;    // Empty: any text.
  std::string_view otherwise;  // Where nobody says anything.
  std::string_view help;
};

/// context, output, color, ask. The first three are also global options of the same name.
std::span<const SettingSpec> get_setting_specs();

/// One place that may set something: "an option", "$INTERTIE_...", a file.
struct SettingLayer {
  std::string origin;
  std::map<std::string, std::string> values;
};

struct SettingValue {
  std::string name;
  std::string value;
  std::string origin;
};

/// What the environment says, one layer a variable; empty ones say nothing. Pure.
std::vector<SettingLayer> read_variable_layers(
    const std::map<std::string, std::string>& environment);

/// The first layer that has a setting wins; then what it is otherwise ("built in"). Pure.
std::vector<SettingValue> resolve_settings(std::span<const SettingLayer> layers);

/// What no setting can be, with the layer's name. Pure.
std::optional<Complaint> check_layer(const SettingLayer& layer);

}  // namespace intertie::cli
