// Packing, checking and reading identifiers.
#include "intertie/identity/identifier.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <span>

#include "gf32.h"
#include "identifier_spelling.h"

namespace intertie::identity {
namespace {

constexpr std::size_t kBody = 14;
constexpr std::size_t kTypeAt = 2;
constexpr std::size_t kParticipantAt = 3;
constexpr std::size_t kSerialAt = 8;

struct TypeRow {
  char letter;
  std::string_view name;
};
constexpr std::array<TypeRow, kEntityTypeCount> kTypes = {{
    {'R', "registry"},
    {'X', "participant"},
    {'S', "site"},
    {'P', "pool"},
    {'N', "node"},
    {'K', "card_group"},
    {'T', "line"},
    {'Z', "price_zone"},
    {'M', "meter"},
    {'V', "location"},
    {'D', "dataset"},
    {'C', "contract"},
    {'J', "job_block"},
    {'G', "gateway"},
}};

// GB/T 2260: the 31 mainland provinces, and the codes it keeps for the others.
constexpr std::array<std::uint8_t, 34> kProvinces = {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34,
                                                     35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
                                                     53, 54, 61, 62, 63, 64, 65, 71, 81, 82};

std::array<std::uint8_t, Identifier::kBytes> pack(const Symbols& symbols) {
  std::array<std::uint8_t, Identifier::kBytes> bytes{};
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const std::size_t bit = i * 5;
    const unsigned word = static_cast<unsigned>(symbols[i]) << (11 - bit % 8);
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] | word >> 8);
    if (bit % 8 > 3) {
      bytes[bit / 8 + 1] = static_cast<std::uint8_t>(bytes[bit / 8 + 1] | (word & 0xff));
    }
  }
  return bytes;
}

Symbols unpack(std::span<const std::uint8_t, Identifier::kBytes> bytes) {
  Symbols symbols{};
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const std::size_t bit = i * 5;
    const unsigned next = bit / 8 + 1 < bytes.size() ? bytes[bit / 8 + 1] : 0u;
    const unsigned word = static_cast<unsigned>(bytes[bit / 8]) << 8 | next;
    symbols[i] = static_cast<std::uint8_t>(word >> (11 - bit % 8) & 31);
  }
  return symbols;
}

std::uint32_t read_number(const Symbols& symbols, std::size_t at, std::size_t end) {
  std::uint32_t number = 0;
  for (; at < end; ++at) number = number << 5 | symbols[at];
  return number;
}

void write_number(Symbols& symbols, std::size_t at, std::size_t end, std::uint32_t number) {
  while (end > at) {
    symbols[--end] = static_cast<std::uint8_t>(number & 31);
    number >>= 5;
  }
}

RegistryCode read_registry(const Symbols& symbols) {
  return {static_cast<std::uint16_t>(symbols[0] << 5 | symbols[1])};
}

std::optional<EntityType> find_type(std::uint8_t symbol) {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].letter == kAlphabet[symbol]) return static_cast<EntityType>(i);
  }
  return std::nullopt;
}

std::string write_symbols(std::span<const std::uint8_t> symbols) {
  std::string text;
  for (const std::uint8_t symbol : symbols) text += kAlphabet[symbol];
  return text;
}

Remainder compute_syndrome(const Symbols& symbols) {
  const Remainder check = compute_remainder(std::span(symbols).first(kBody));
  return {static_cast<std::uint8_t>(check.high ^ symbols[kBody]),
          static_cast<std::uint8_t>(check.low ^ symbols[kBody + 1])};
}

/// Why right check characters are not enough; empty if nothing is wrong.
std::string find_fault(const Symbols& symbols) {
  if (!is_known_registry(read_registry(symbols))) {
    return "registry \"" + write_symbols(std::span(symbols).first(2)) + "\" is not known";
  }
  if (!find_type(symbols[kTypeAt])) {
    return std::string("type letter \"") + kAlphabet[symbols[kTypeAt]] + "\" is not known";
  }
  return {};
}

std::string hyphenate(const Symbols& symbols) {
  const std::string text = write_symbols(symbols);
  return text.substr(0, 3) + "-" + text.substr(3, 5) + "-" + text.substr(8, 6) + "-" +
         text.substr(14);
}

/// The valid identifier that differs in exactly one character, if there is one. `erased` is the
/// place of a character outside the alphabet, if there was one: then only that one may be wrong.
std::string suggest(Symbols symbols, std::optional<std::size_t> erased) {
  const Remainder syndrome = compute_syndrome(symbols);
  const std::optional<SingleError> error = locate_single_error(syndrome);
  if (!error && !(erased && syndrome.is_zero())) return {};
  if (error) {
    const std::size_t at = Identifier::kCharacters - 1 - error->power;
    if (erased && *erased != at) return {};
    symbols[at] = static_cast<std::uint8_t>(symbols[at] ^ error->value);
  }
  if (!find_fault(symbols).empty()) return {};
  return "; did you mean " + hyphenate(symbols) + "?";
}

core::Error refuse_identifier(std::string detail) {
  return {core::Reason::bad_identifier, "identifier: " + std::move(detail)};
}

}  // namespace

char entity_letter(EntityType type) { return kTypes.at(static_cast<std::size_t>(type)).letter; }

std::string_view entity_name(EntityType type) {
  return kTypes.at(static_cast<std::size_t>(type)).name;
}

bool is_known_registry(RegistryCode code) {
  const unsigned first = code.value >> 5;
  const unsigned second = code.value & 31;
  assert(first < 32);
  if (kAlphabet[first] == 'N') return true;
  if (first > 9 || second > 9) return false;
  const unsigned number = first * 10 + second;
  return number == 0 || number >= 90 ||
         std::find(kProvinces.begin(), kProvinces.end(), number) != kProvinces.end();
}

bool is_private_registry(RegistryCode code) { return code.value >> 5 == 9; }

std::string to_text(RegistryCode code) {
  return {kAlphabet[code.value >> 5 & 31], kAlphabet[code.value & 31]};
}

core::Result<RegistryCode> parse_registry_code(std::string_view text) {
  const Spelling spelling = read_spelling(text, 2);
  if (spelling.length != 2 || spelling.wrong_count > 0) {
    return {core::Reason::bad_identifier, "registry code: expected two characters such as 44"};
  }
  const RegistryCode code = read_registry(spelling.symbols);
  if (!is_known_registry(code)) {
    return {core::Reason::bad_identifier, "registry \"" + to_text(code) + "\" is not known"};
  }
  return code;
}

RegistryCode Identifier::registry() const { return parts().registry; }
EntityType Identifier::type() const { return parts().type; }
std::uint32_t Identifier::participant() const { return parts().participant; }
std::uint32_t Identifier::serial() const { return parts().serial; }

IdentifierParts Identifier::parts() const {
  assert(!is_empty());
  const Symbols symbols = unpack(bytes_);
  return {read_registry(symbols), *find_type(symbols[kTypeAt]),
          read_number(symbols, kParticipantAt, kSerialAt), read_number(symbols, kSerialAt, kBody)};
}

std::size_t hash_value(const Identifier& id) {
  // Identifiers come from outside, so all ten bytes enter and are mixed (SplitMix64's finaliser).
  std::uint64_t mixed = 0;
  for (std::size_t i = 0; i < 8; ++i) mixed = mixed << 8 | id.bytes_[i];
  mixed ^= static_cast<std::uint64_t>(id.bytes_[8]) << 56 | static_cast<std::uint64_t>(id.bytes_[9])
                                                                << 40;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
  return static_cast<std::size_t>(mixed ^ mixed >> 31);
}

core::Result<Identifier> create_identifier(const IdentifierParts& parts) {
  if (parts.registry.value > 1023 || !is_known_registry(parts.registry)) {
    return refuse_identifier("registry \"" + to_text(parts.registry) + "\" is not known");
  }
  if (parts.participant > participant_max || parts.serial > serial_max) {
    return {core::Reason::out_of_range, "identifier: participant or serial number is too large"};
  }
  Symbols symbols{};
  write_number(symbols, 0, kTypeAt, parts.registry.value);
  symbols[kTypeAt] = static_cast<std::uint8_t>(kAlphabet.find(entity_letter(parts.type)));
  write_number(symbols, kParticipantAt, kSerialAt, parts.participant);
  write_number(symbols, kSerialAt, kBody, parts.serial);
  const Remainder check = compute_remainder(std::span(symbols).first(kBody));
  symbols[kBody] = check.high;
  symbols[kBody + 1] = check.low;
  Identifier id;
  id.bytes_ = pack(symbols);
  return id;
}

core::Result<Identifier> parse_identifier(std::string_view text) {
  const Spelling spelling = read_spelling(text, Identifier::kCharacters);
  if (spelling.length != Identifier::kCharacters) {
    return refuse_identifier("expected 16 characters, got " +
                             (spelling.is_too_long ? "more" : std::to_string(spelling.length)));
  }
  if (spelling.wrong_count > 0) {
    const std::string where = "character " + std::to_string(spelling.wrong_at + 1) +
                              " is none of 0-9 and A-Z without I, L, O, U";
    return refuse_identifier(where + (spelling.wrong_count == 1
                                          ? suggest(spelling.symbols, spelling.wrong_at)
                                          : std::string()));
  }
  if (!compute_syndrome(spelling.symbols).is_zero()) {
    return refuse_identifier("the check characters do not fit" +
                             suggest(spelling.symbols, std::nullopt));
  }
  if (std::string fault = find_fault(spelling.symbols); !fault.empty()) {
    return refuse_identifier(std::move(fault));
  }
  Identifier id;
  id.bytes_ = pack(spelling.symbols);
  return id;
}

core::Result<Identifier> unpack_identifier(std::string_view bytes) {
  Identifier id;
  if (bytes.size() != Identifier::kBytes) return refuse_identifier("expected 10 bytes");
  std::copy(bytes.begin(), bytes.end(), id.bytes_.begin());
  const Symbols symbols = unpack(id.bytes_);
  if (!compute_syndrome(symbols).is_zero())
    return refuse_identifier("the check characters do not fit");
  if (std::string fault = find_fault(symbols); !fault.empty())
    return refuse_identifier(std::move(fault));
  return id;
}

std::string to_text(const Identifier& id) {
  return id.is_empty() ? std::string() : write_symbols(unpack(id.bytes()));
}

std::string to_hyphenated(const Identifier& id) {
  return id.is_empty() ? std::string() : hyphenate(unpack(id.bytes()));
}

std::string compute_check_characters(std::string_view body) {
  assert(body.size() == kBody);
  Symbols symbols{};
  for (std::size_t i = 0; i < kBody; ++i) {
    const std::size_t symbol = kAlphabet.find(body[i]);
    assert(symbol != std::string_view::npos);
    symbols[i] = static_cast<std::uint8_t>(symbol);
  }
  const Remainder check = compute_remainder(std::span(symbols).first(kBody));
  return {kAlphabet[check.high], kAlphabet[check.low]};
}

}  // namespace intertie::identity

namespace intertie::codec {

std::string Text<identity::Identifier>::to_binary(const identity::Identifier& id) {
  return {id.bytes().begin(), id.bytes().end()};
}

}  // namespace intertie::codec
