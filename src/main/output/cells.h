// Cells of tables that several verbs show.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "intertie/codec/type.h"
#include "intertie/core/quantity.h"

#include "output/for_people.h"
#include "output/listing.h"

namespace intertie::cli {

/// An amount for people, its micros for scripts.
inline Cell money_cell(core::Money amount, const std::string& currency) {
  return Cell(money_text(amount, currency), std::to_string(amount.count));
}

/// "-" for people and nothing for scripts if there is none.
inline Cell money_cell(const std::optional<core::Money>& amount, const std::string& currency) {
  return amount ? money_cell(*amount, currency) : Cell("-", "");
}

/// The word of the interface for an enumerator; "" for a value that it does not know.
template <class Enum>
std::string enum_name(Enum value) {
  for (const codec::Enumerator& enumerator : codec::type_of<Enum>().enumerators) {
    if (enumerator.value == static_cast<std::int64_t>(value)) return std::string(enumerator.name);
  }
  return {};
}

}  // namespace intertie::cli
