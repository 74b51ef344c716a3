#include "values.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <limits>
#include <vector>

#include "fault.h"

namespace intertie::codec {
namespace {

constexpr std::size_t kNamesListedMax = 24;

template <class T>
std::uint64_t load_as(const void* object) {
  T value;
  std::memcpy(&value, object, sizeof(value));
  // Sign extension for signed types.
  return static_cast<std::uint64_t>(
      static_cast<std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>(value));
}

struct Entry {
  std::string_view key;
  const void* value;
};

std::vector<Entry> collect_entries(const Type& type, const void* object) {
  std::vector<Entry> entries;
  entries.reserve(type.count(object));
  type.each(object, &entries, [](void* context, std::string_view key, const void* value) {
    static_cast<std::vector<Entry>*>(context)->push_back({key, value});
  });
  return entries;
}

bool is_equal_list(const Type& type, const void* a, const void* b) {
  const std::size_t count = type.count(a);
  if (count != type.count(b)) return false;
  const Type& inner = type.inner();
  for (std::size_t index = 0; index < count; ++index) {
    if (!is_equal(inner, type.element(a, index), type.element(b, index))) return false;
  }
  return true;
}

bool is_equal_map(const Type& type, const void* a, const void* b) {
  if (type.count(a) != type.count(b)) return false;
  if (type.count(a) == 0) return true;
  const std::vector<Entry> left = collect_entries(type, a);
  const std::vector<Entry> right = collect_entries(type, b);
  return std::equal(left.begin(), left.end(), right.begin(),
                    [&type](const Entry& x, const Entry& y) {
                      return x.key == y.key && is_equal(type.inner(), x.value, y.value);
                    });
}

bool is_equal_structure(const Type& type, const void* a, const void* b) {
  return std::all_of(type.fields.begin(), type.fields.end(), [a, b](const Field& field) {
    return is_equal(field.type(), field.at(const_cast<void*>(a)), field.at(const_cast<void*>(b)));
  });
}

template <class T>
bool is_same(const void* a, const void* b) {
  return *static_cast<const T*>(a) == *static_cast<const T*>(b);
}

// Letters to insert, delete, replace or swap with their neighbour (optimal string alignment).
std::size_t compute_distance(std::string_view a, std::string_view b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::size_t> table((a.size() + 1) * width);
  const auto at = [&table, width](std::size_t i, std::size_t j) -> std::size_t& {
    return table[i * width + j];
  };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return at(a.size(), b.size());
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace

Integer load_integer(const Type& type, const void* object) {
  std::uint64_t bits = 0;
  switch (type.width) {
    case 1:
      bits = type.is_signed ? load_as<std::int8_t>(object) : load_as<std::uint8_t>(object);
      break;
    case 2:
      bits = type.is_signed ? load_as<std::int16_t>(object) : load_as<std::uint16_t>(object);
      break;
    case 4:
      bits = type.is_signed ? load_as<std::int32_t>(object) : load_as<std::uint32_t>(object);
      break;
    default:
      assert(type.width == 8);
      bits = load_as<std::uint64_t>(object);
  }
  return {bits, type.is_signed && static_cast<std::int64_t>(bits) < 0};
}

bool store_integer(const Type& type, Integer integer, void* object) {
  const std::size_t bits = 8 * type.width - (type.is_signed ? 1 : 0);
  if (integer.is_negative) {
    // Negative values fit if all bits above the sign are ones.
    if (!type.is_signed || (~integer.bits >> bits) != 0) return false;
  } else if (bits < 64 && (integer.bits >> bits) != 0) {
    return false;
  }
  // Little-endian hosts only (x86-64, aarch64): the low bytes come first.
  std::memcpy(object, &integer.bits, type.width);
  return true;
}

std::string describe_range(const Type& type) {
  const std::size_t bits = 8 * type.width - (type.is_signed ? 1 : 0);
  const std::uint64_t high = bits == 64 ? UINT64_MAX : (std::uint64_t{1} << bits) - 1;
  const std::string low = type.is_signed ? to_text(Integer{~high, true}) : "0";
  return low + ".." + std::to_string(high);
}

std::string to_text(Integer integer) {
  return integer.is_negative ? std::to_string(static_cast<std::int64_t>(integer.bits))
                             : std::to_string(integer.bits);
}

std::int64_t load_count(const void* object) {
  std::int64_t count = 0;
  std::memcpy(&count, object, sizeof(count));
  return count;
}

void store_count(std::int64_t count, void* object) { std::memcpy(object, &count, sizeof(count)); }

bool is_equal(const Type& type, const void* a, const void* b) {
  switch (type.kind) {
    case Kind::boolean:
      return is_same<bool>(a, b);
    case Kind::integer:
    case Kind::enumeration:
    case Kind::bytes:
      return std::memcmp(a, b, type.width) == 0;
    case Kind::real:
    case Kind::quantity:
    case Kind::time:
      return std::memcmp(a, b, sizeof(std::int64_t)) == 0;
    case Kind::text:
      return is_same<std::string>(a, b);
    case Kind::byte_list:
      return is_same<std::vector<std::uint8_t>>(a, b);
    case Kind::rate:
      return is_same<core::Rate>(a, b);
    case Kind::reason:
      return is_same<core::Reason>(a, b);
    case Kind::written:
      return type.equals(a, b);
    case Kind::optional:
    case Kind::list:
      return is_equal_list(type, a, b);
    case Kind::map:
      return is_equal_map(type, a, b);
    case Kind::structure:
      return is_equal_structure(type, a, b);
    case Kind::choice:
      return type.count(a) == type.count(b) &&
             is_equal(type.alternatives[type.count(a)](), type.element(a, 0), type.element(b, 0));
  }
  return false;
}

std::optional<std::size_t> find_field(const Type& type, std::string_view name, std::size_t hint) {
  const std::size_t count = type.fields.size();
  for (std::size_t tried = 0; tried < count; ++tried) {
    const std::size_t index = hint + tried < count ? hint + tried : hint + tried - count;
    if (type.fields[index].name == name) return index;
  }
  return std::nullopt;
}

const Enumerator* find_enumerator(const Type& type, std::string_view name) {
  for (const Enumerator& enumerator : type.enumerators) {
    const bool is_it =
        type.ignores_case ? equals_any_case(enumerator.name, name) : enumerator.name == name;
    if (is_it) return &enumerator;
  }
  return nullptr;
}

const Enumerator* find_enumerator(const Type& type, std::int64_t value) {
  const auto index = static_cast<std::size_t>(value);
  if (index < type.enumerators.size() && type.enumerators[index].value == value) {
    return &type.enumerators[index];
  }
  for (const Enumerator& enumerator : type.enumerators) {
    if (enumerator.value == value) return &enumerator;
  }
  return nullptr;
}

std::string list_enumerators(const Type& type) {
  std::string text = "one of ";
  for (std::size_t index = 0; index < type.enumerators.size(); ++index) {
    if (index > 0) text += ", ";
    text += type.enumerators[index].name;
  }
  return text;
}

std::string describe_unknown_field(const Type& type, std::string_view name) {
  // Two wrong letters in a short name make another name, so the tolerance grows with the length.
  std::size_t best = std::min<std::size_t>(name.size() / 3 + 1, 3);
  const Field* nearest = nullptr;
  if (name.size() <= 64) {
    for (const Field& field : type.fields) {
      const std::size_t distance = compute_distance(name, field.name);
      if (distance < best || (distance == best && nearest == nullptr)) {
        best = distance;
        nearest = &field;
      }
    }
  }
  std::string text = "unknown field";
  if (nearest != nullptr) return text.append("; did you mean ").append(nearest->name).append("?");
  if (type.fields.empty()) return text;
  text += "; known are ";
  for (std::size_t index = 0; index < type.fields.size() && index < kNamesListedMax; ++index) {
    if (index > 0) text += ", ";
    text += type.fields[index].name;
  }
  if (type.fields.size() > kNamesListedMax) text += ", ...";
  return text;
}

std::string to_snake_case(std::string_view name) {
  std::string text;
  for (std::size_t index = 0; index < name.size(); ++index) {
    const bool is_upper = name[index] >= 'A' && name[index] <= 'Z';
    if (is_upper && index > 0) text += '_';
    text += to_lower(name[index]);
  }
  return text;
}

std::string to_hex(const std::uint8_t* bytes, std::size_t length) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * length);
  for (std::size_t index = 0; index < length; ++index) {
    text += kDigits[bytes[index] >> 4];
    text += kDigits[bytes[index] & 15];
  }
  return text;
}

bool read_hex(std::string_view text, std::uint8_t* bytes, std::size_t length) {
  if (text.size() != 2 * length) return false;
  for (std::size_t index = 0; index < text.size(); ++index) {
    const char c = to_lower(text[index]);
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (digit < 0) return false;
    const int high = index % 2 == 0 ? 0 : bytes[index / 2];
    bytes[index / 2] = static_cast<std::uint8_t>(high << 4 | digit);
  }
  return true;
}

}  // namespace intertie::codec
