// Which of several places decides.
#include "command_line/settings.h"

#include <gtest/gtest.h>

namespace intertie::cli {
namespace {

SettingValue find(const std::vector<SettingLayer>& layers, const std::string& name) {
  for (SettingValue& value : resolve_settings(layers)) {
    if (value.name == name) return std::move(value);
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(Settings, TheFirstLayerThatHasOneWins) {
  std::vector<SettingLayer> layers = {{"an option", {{"output", "csv"}}},
                                      {"$INTERTIE_OUTPUT", {{"output", "json"}}},
                                      {"project", {{"output", "jsonl"}, {"color", "never"}}},
                                      {"user", {{"output", "table"}, {"color", "always"}}},
                                      {"system", {{"ask", "never"}}}};
  for (const std::string expected : {"csv", "json", "jsonl", "table"}) {
    EXPECT_EQ(find(layers, "output").value, expected);
    EXPECT_EQ(find(layers, "output").origin, layers.front().origin);
    EXPECT_EQ(find(layers, "ask").origin, "system");
    layers.erase(layers.begin());
  }
  EXPECT_EQ(find(layers, "output").value, "");
  EXPECT_EQ(find(layers, "output").origin, "built in");
  EXPECT_EQ(find(layers, "color").value, "auto");
}

TEST(Settings, VariablesAndNoColor) {
  const auto layers = read_variable_layers(
      {{"INTERTIE_ASK", "never"}, {"NO_COLOR", "1"}, {"INTERTIE_OUTPUT", ""}, {"HOME", "/x"}});
  EXPECT_EQ(find(layers, "ask").origin, "$INTERTIE_ASK");
  EXPECT_EQ(find(layers, "color").value, "never");
  EXPECT_EQ(find(layers, "color").origin, "$NO_COLOR");
  EXPECT_EQ(find(layers, "output").origin, "built in");
  // Who names a colour means it more than who names none.
  const auto both = read_variable_layers({{"INTERTIE_COLOR", "always"}, {"NO_COLOR", "1"}});
  EXPECT_EQ(find(both, "color").value, "always");
}

TEST(Settings, AMistakeNamesItsPlaceAndTheNearestName) {
  EXPECT_FALSE(check_layer({"f", {{"output", "csv"}, {"context", "lab"}, {"ask", "never"}}}));
  const auto name = check_layer({"/home/ada/config.yaml", {{"outptu", "csv"}}});
  ASSERT_TRUE(name);
  EXPECT_EQ(name->why, "/home/ada/config.yaml: did you mean 'output'?");
  const auto value = check_layer({"$INTERTIE_COLOR", {{"color", "red"}}});
  ASSERT_TRUE(value);
  EXPECT_EQ(value->why, "$INTERTIE_COLOR");
  EXPECT_EQ(value->fix, "color: auto|always|never");
  EXPECT_TRUE(check_layer({"f", {{"context", ""}}}));
}

}  // namespace
}  // namespace intertie::cli
