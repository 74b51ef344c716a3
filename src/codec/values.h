// Reading, writing and comparing values through their type's table (private to codec).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "intertie/codec/type.h"

namespace intertie::codec {

/// Any integer of at most 64 bits: two's complement bits, and whether they are negative.
struct Integer {
  std::uint64_t bits = 0;
  bool is_negative = false;
};

constexpr Integer make_integer(std::int64_t value) {
  return {static_cast<std::uint64_t>(value), value < 0};
}

/// The value of an integer or an enumeration.
Integer load_integer(const Type& type, const void* object);

/// False, and nothing changed, if the value does not fit.
bool store_integer(const Type& type, Integer integer, void* object);

/// "0..255", for messages.
std::string describe_range(const Type& type);

std::string to_text(Integer integer);

/// A quantity, a time: the one 64-bit count they consist of.
std::int64_t load_count(const void* object);
void store_count(std::int64_t count, void* object);

/// Structural equality; doubles by their bits.
bool is_equal(const Type& type, const void* a, const void* b);

/// The position of the field, looked for from `hint` on (documents mostly keep our order).
std::optional<std::size_t> find_field(const Type& type, std::string_view name, std::size_t hint);

const Enumerator* find_enumerator(const Type& type, std::string_view name);
const Enumerator* find_enumerator(const Type& type, std::int64_t value);

/// "one of a, b, c", for messages.
std::string list_enumerators(const Type& type);

/// "unknown field; did you mean memory?", or the known fields if none is near.
std::string describe_unknown_field(const Type& type, std::string_view name);

/// "JobAccepted" -> "job_accepted": how a choice is written in JSON.
std::string to_snake_case(std::string_view name);

std::string to_hex(const std::uint8_t* bytes, std::size_t length);

/// Any case; nothing if `text` is not 2 * `length` hexadecimal digits.
bool read_hex(std::string_view text, std::uint8_t* bytes, std::size_t length);

}  // namespace intertie::codec
