// intertie config show: what is set, and where it comes from.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "session/context.h"
#include "session/setting_files.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

/// The context is looked for in more places than settings are.
void complete_context(const Invocation& invocation, SettingValue& value) {
  const core::Result<FoundContext> found = find_context(invocation.find("context"));
  if (!found) return;
  value.value = found->path;
  value.origin = found->origin;
}

}  // namespace

Outcome run_config_show(const Invocation& invocation, const Terminal& terminal) {
  auto layers = read_setting_layers(invocation);
  if (Complaint* const complaint = std::get_if<Complaint>(&layers)) return std::move(*complaint);
  std::vector<SettingValue> values = resolve_settings(std::get<0>(layers));
  complete_context(invocation, values.front());
  values.push_back({"data", get_data_home(), "built in"});
  values.push_back({"config", get_config_home(), "built in"});
  Listing listing;
  listing.columns = {{"name", "SETTING"}, {"value", "VALUE"}};
  if (invocation.has("origin")) listing.columns.push_back({"origin", "FROM"});
  boost::json::array objects;
  for (const SettingValue& value : values) {
    std::vector<Cell>& row = listing.rows.emplace_back();
    row = {Cell(value.name), Cell(value.value.empty() ? "-" : value.value, value.value)};
    if (invocation.has("origin")) row.emplace_back(value.origin);
    objects.push_back(boost::json::object{
        {"name", value.name}, {"value", value.value}, {"origin", value.origin}});
  }
  return terminal.show(listing, objects, "");
}

}  // namespace intertie::cli
