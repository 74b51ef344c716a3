#include "intertie/core/reason.h"

#include <array>
#include <cassert>
#include <cstddef>

namespace intertie::core {
namespace {

struct Entry {
  std::string_view code;
  std::string_view sentence;
  std::string_view fix;
};

constexpr std::array kCatalogue = {
#define INTERTIE_REASON(code, what, fix) Entry{#code, what, fix},
#include "intertie/core/reasons.def"
#undef INTERTIE_REASON
};

const Entry& get_entry(Reason reason) {
  const auto index = static_cast<std::size_t>(reason);
  assert(index < kCatalogue.size());
  return kCatalogue[index];
}

}  // namespace

std::string_view reason_code(Reason reason) { return get_entry(reason).code; }

std::string_view reason_sentence(Reason reason) { return get_entry(reason).sentence; }

std::string_view reason_fix(Reason reason) { return get_entry(reason).fix; }

std::optional<Reason> find_reason(std::string_view code) {
  for (std::size_t index = 0; index < kCatalogue.size(); ++index) {
    if (kCatalogue[index].code == code) return static_cast<Reason>(index);
  }
  return std::nullopt;
}

}  // namespace intertie::core
