// Named reasons: why something was refused, and what would help.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace intertie::core {

/// Every expected error has one of these codes. Codes are public and never change their meaning;
/// the enumerators' numeric values are private and never leave the process.
enum class Reason : std::uint16_t {
#define INTERTIE_REASON(code, what, fix) code,
#include "intertie/core/reasons.def"
#undef INTERTIE_REASON
};

/// The stable code, as in the API and the logs: "budget_exceeded". O(1).
std::string_view reason_code(Reason reason);

/// One sentence for people that says what is wrong. O(1).
std::string_view reason_sentence(Reason reason);

/// One sentence for people that says what would help. O(1).
std::string_view reason_fix(Reason reason);

/// The reason with this code, or nothing. O(number of reasons).
std::optional<Reason> find_reason(std::string_view code);

}  // namespace intertie::core
