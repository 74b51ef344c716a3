// intertie id check and new: identifiers, offline.
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "intertie/identity/identifier.h"
#include "intertie/identity/path.h"

#include "command_line/suggest.h"
#include "verbs/id_text.h"
#include "verbs/verbs.h"

namespace intertie::cli {
namespace {

constexpr std::array kTypes = {identity::EntityType::registry,  identity::EntityType::participant,
                               identity::EntityType::site,      identity::EntityType::pool,
                               identity::EntityType::node,      identity::EntityType::card_group,
                               identity::EntityType::line,      identity::EntityType::price_zone,
                               identity::EntityType::meter,     identity::EntityType::location,
                               identity::EntityType::dataset,   identity::EntityType::contract,
                               identity::EntityType::job_block, identity::EntityType::gateway};
static_assert(kTypes.size() == identity::kEntityTypeCount);

core::Result<identity::EntityType> parse_type(const std::string& name) {
  std::vector<std::string> names;
  for (const identity::EntityType type : kTypes) {
    if (identity::entity_name(type) == name) return type;
    names.emplace_back(identity::entity_name(type));
  }
  const std::optional<std::string> near = suggest_word(name, names);
  return {core::Reason::bad_argument,
          "--type " + name + (near ? ": did you mean " + *near + "?" : ": not a type")};
}

}  // namespace

boost::json::object describe_identifier(const identity::Identifier& id) {
  return {{"id", identity::to_text(id)},
          {"hyphenated", identity::to_hyphenated(id)},
          {"registry", identity::to_text(id.registry())},
          {"is_private", identity::is_private_registry(id.registry())},
          {"type", identity::entity_name(id.type())},
          {"participant", id.participant()},
          {"serial", id.serial()}};
}

std::string render_identifier(const identity::Identifier& id) {
  std::string text = identity::to_hyphenated(id) + "\n";
  text += "  type         " + std::string(identity::entity_name(id.type())) + "\n";
  text += "  registry     " + identity::to_text(id.registry());
  if (identity::is_private_registry(id.registry())) text += " (private: not valid elsewhere)";
  text += "\n  participant  " + std::to_string(id.participant()) + "\n";
  text += "  serial       " + std::to_string(id.serial()) + "\n";
  text += "  canonical    " + identity::to_text(id) + "\n";
  return text;
}

Outcome run_id_check(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<identity::Path> path = identity::parse_path(invocation.operands[0]);
  if (!path) return make_complaint(path.error());
  boost::json::object object = describe_identifier(path->id);
  std::string text = render_identifier(path->id);
  if (!path->parts.empty()) {
    boost::json::array parts;
    for (const std::string& part : path->parts) {
      parts.emplace_back(part);
      text += "  part         " + part + "\n";
    }
    object["parts"] = parts;
  }
  return terminal.show_object(object, text, identity::to_text(*path));
}

Outcome run_id_new(const Invocation& invocation, const Terminal& terminal) {
  const core::Result<identity::RegistryCode> registry =
      identity::parse_registry_code(invocation.get("registry", "90"));
  if (!registry) return make_complaint(registry.error());
  const core::Result<identity::EntityType> type = parse_type(invocation.get("type", "site"));
  if (!type) return make_complaint(type.error());
  const std::int64_t participant = invocation.get_count("participant", 1);
  const std::int64_t serial = invocation.get_count("serial", 1);
  if (participant > identity::participant_max || serial > identity::serial_max) {
    return make_complaint({core::Reason::out_of_range,
                           "participant up to " + std::to_string(identity::participant_max) +
                               ", serial up to " + std::to_string(identity::serial_max)});
  }
  const core::Result<identity::Identifier> id =
      identity::create_identifier({*registry, *type, static_cast<std::uint32_t>(participant),
                                   static_cast<std::uint32_t>(serial)});
  if (!id) return make_complaint(id.error());
  return terminal.show_object(describe_identifier(*id), render_identifier(*id),
                              identity::to_text(*id));
}

}  // namespace intertie::cli
