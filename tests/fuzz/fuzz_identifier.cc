// Identifiers as text and as bytes.
#include "intertie/identity/identifier.h"

#include "fuzz_target.h"

namespace intertie::fuzz {

void take_input(std::string_view input) {
  if (const auto id = identity::parse_identifier(input)) {
    const std::string text = identity::to_text(*id);
    const auto again = identity::parse_identifier(text);
    check(again && *again == *id, "an identifier's text is read as the same identifier");
  }
  if (const auto id = identity::unpack_identifier(input)) {
    const auto again = identity::parse_identifier(identity::to_text(*id));
    check(again && *again == *id, "a packed identifier has a text");
  }
  (void)identity::parse_registry_code(input);
}

std::vector<std::string> make_seeds() {
  const auto region = identity::parse_registry_code("22");
  const auto id = identity::create_identifier({*region, identity::EntityType::site, 7, 65});
  check(id.has_value(), "the seed is an identifier");
  return {identity::to_text(*id), "22S0-0001-0000-1QH", "90r000000000010b", "22",
          std::string(16, '\xff')};
}

}  // namespace intertie::fuzz
