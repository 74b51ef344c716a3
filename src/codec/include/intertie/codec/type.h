// Descriptions of C++ types as plain tables, which every encoder and decoder interprets.
//
// The tables are the only templates of the codec: one small constant per type, built from
// Boost.Describe. The interpreters are ordinary functions, so a described struct costs its user
// little compile time and no code per format.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <boost/describe/bases.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>

#include "intertie/codec/text.h"
#include "intertie/core/quantity.h"
#include "intertie/core/rate.h"
#include "intertie/core/reason.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::codec {

/// What a type is to the codec.
enum class Kind : std::uint8_t {
  boolean,      // bool
  integer,      // any integer type but bool
  real,         // double
  text,         // std::string, UTF-8
  bytes,        // std::array<std::uint8_t, N>
  byte_list,    // std::vector<std::uint8_t>
  enumeration,  // a described enum, core::Precision, core::ComputeClass
  quantity,     // core::Quantity
  time,         // core::Time
  rate,         // core::Rate
  reason,       // core::Reason, by its stable code
  written,      // a type with Text<T>
  optional,     // std::optional
  list,         // std::vector
  map,          // std::map<std::string, T>
  structure,    // a described struct
  choice,       // std::variant of described structs
};

struct Type;

/// Types refer to each other through functions, so that a struct may contain a list of itself.
using TypeRef = const Type& (*)();

struct Field {
  std::string_view name;
  TypeRef type = nullptr;
  void* (*at)(void* object) = nullptr;
  bool is_required = false;
};

struct Enumerator {
  std::string_view name;
  std::int64_t value = 0;
};

/// Visits one entry of a map.
using VisitEntry = void (*)(void* context, std::string_view key, const void* value);

/// One type. Which members are set follows from `kind`; objects are passed by address.
struct Type {
  Kind kind = Kind::boolean;
  std::string_view name;  // structure: its name; quantity: its unit; written: what is expected
  std::size_t object_size = 0;              // sizeof
  std::size_t width = 0;                    // integer, enumeration: sizeof; bytes: N
  bool is_signed = false;                   // integer, enumeration
  bool ignores_case = false;                // enumeration
  TypeRef inner = nullptr;                  // optional, list, map
  std::span<const Field> fields;            // structure
  std::uint64_t required = 0;               // structure: bit i is set if fields[i] is required
  std::span<const Enumerator> enumerators;  // enumeration
  std::span<const TypeRef> alternatives;    // choice
  const void* (*defaults)() = nullptr;      // structure: a value-initialised object

  // optional: 0 or 1; list, map: how many; choice: index of the active alternative.
  std::size_t (*count)(const void* object) = nullptr;
  // optional (index 0), list: the element; choice: the active alternative.
  const void* (*element)(const void* object, std::size_t index) = nullptr;
  // optional, list, map: make empty.
  void (*clear)(void* object) = nullptr;
  // list: room for so many elements in all, so that it does not grow step by step.
  void (*reserve)(void* object, std::size_t count) = nullptr;
  // optional, list: a new value-initialised element; choice: make alternative `index` active.
  void* (*append)(void* object, std::size_t index) = nullptr;
  // map: a new entry, or nullptr if the key exists.
  void* (*insert)(void* object, std::string_view key) = nullptr;
  // map: every entry, keys ascending bytewise.
  void (*each)(const void* object, void* context, VisitEntry visit) = nullptr;

  // written, quantity: from the text of people.
  core::Result<void> (*from_text)(std::string_view text, void* object) = nullptr;
  std::string (*to_text)(const void* object) = nullptr;                               // written
  core::Result<void> (*from_binary)(std::string_view bytes, void* object) = nullptr;  // written
  std::string (*to_binary)(const void* object) = nullptr;                             // written
  bool (*equals)(const void* a, const void* b) = nullptr;                             // written
};

/// The description of T. O(1). Does not compile for a type the codec cannot handle.
template <class T>
const Type& type_of();

namespace detail {

template <class T>
struct Traits {
  static constexpr bool is_optional = false;
  static constexpr bool is_list = false;
  static constexpr bool is_map = false;
  static constexpr bool is_choice = false;
  static constexpr bool is_bytes = false;
  static constexpr bool is_quantity = false;
};
template <class T>
struct Traits<std::optional<T>> : Traits<void> {
  static constexpr bool is_optional = true;
  using Inner = T;
};
template <class T>
struct Traits<std::vector<T>> : Traits<void> {
  static constexpr bool is_list = true;
  using Inner = T;
};
template <class T>
struct Traits<std::map<std::string, T>> : Traits<void> {
  static constexpr bool is_map = true;
  using Inner = T;
};
template <class... T>
struct Traits<std::variant<T...>> : Traits<void> {
  static constexpr bool is_choice = true;
  static constexpr std::array<TypeRef, sizeof...(T)> kAlternatives = {&type_of<T>...};
};
template <std::size_t N>
struct Traits<std::array<std::uint8_t, N>> : Traits<void> {
  static constexpr bool is_bytes = true;
  static constexpr std::size_t length = N;
};
template <class U>
struct Traits<core::Quantity<U>> : Traits<void> {
  static constexpr bool is_quantity = true;
};

template <class T>
concept Written = requires(const T& object, std::string_view text) {
  Text<T>::to_text(object);
  Text<T>::from_text(text);
};
template <class T>
concept WrittenInBinary = Written<T> && requires(const T& object) {
  Text<T>::to_binary(object);
};

/// "Job" for intertie::hub::Job; template arguments stay.
template <class T>
constexpr std::string_view name_of() {
  // Both compilers write "... [with T = intertie::hub::Job; ...]" or "... [T =
  // intertie::hub::Job]".
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  name = name.substr(0, name.find_first_of(";]"));
  const std::size_t colon = name.substr(0, name.find('<')).rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

/// The written name of a member or enumerator: a word that C++ keeps for itself carries a trailing
/// underscore in the code (`class_`), which is not written.
constexpr std::string_view written_name(std::string_view name) {
  if (name.ends_with('_')) name.remove_suffix(1);
  return name;
}

template <class T>
constexpr bool is_required(std::string_view field) {
  if constexpr (requires { T::required_fields; }) {
    for (const std::string_view name : T::required_fields) {
      if (name == field) return true;
    }
  }
  return false;
}

template <class T, auto Member>
void* member_at(void* object) {
  return &(static_cast<T*>(object)->*Member);
}

template <class List>
struct ListOf;
template <template <class...> class List, class... D>
struct ListOf<List<D...>> {
  using Empty = List<>;
};

template <class T, class List>
struct FieldTable;
template <class T, template <class...> class List, class... D>
struct FieldTable<T, List<D...>> {
  template <class M>
  using MemberType = std::remove_reference_t<decltype(std::declval<T&>().*M::pointer)>;
  static constexpr std::array<Field, sizeof...(D)> kFields = {
      Field{written_name(D::name), &type_of<MemberType<D>>, &member_at<T, D::pointer>,
            is_required<T>(written_name(D::name))}...};

  static constexpr std::uint64_t required() {
    std::uint64_t bits = 0;
    for (std::size_t index = 0; index < kFields.size(); ++index) {
      if (kFields[index].is_required) bits |= std::uint64_t{1} << index;
    }
    return bits;
  }
};

template <class List>
struct EnumeratorTable;
template <template <class...> class List, class... D>
struct EnumeratorTable<List<D...>> {
  static constexpr std::array<Enumerator, sizeof...(D)> kEnumerators = {
      Enumerator{written_name(D::name), static_cast<std::int64_t>(D::value)}...};
};

template <class T>
core::Result<void> assign(core::Result<T> result, void* object) {
  if (!result) return result.error();
  *static_cast<T*>(object) = *std::move(result);
  return {};
}

/// The names of core's own enums, which know no Boost.
inline constexpr std::array kPrecisions = {
    Enumerator{"FP64", 0}, Enumerator{"FP32", 1}, Enumerator{"TF32", 2}, Enumerator{"BF16", 3},
    Enumerator{"FP16", 4}, Enumerator{"FP8", 5},  Enumerator{"INT8", 6}};
inline constexpr std::array kComputeClasses = {Enumerator{"basic", 0}, Enumerator{"intelligent", 1},
                                               Enumerator{"super", 2}};

template <class T>
constexpr Type make_number() {
  Type type;
  type.kind = std::is_same_v<T, bool>       ? Kind::boolean
              : std::is_floating_point_v<T> ? Kind::real
                                            : Kind::integer;
  type.width = sizeof(T);
  type.is_signed = std::is_signed_v<T>;
  return type;
}

template <class T>
constexpr Type make_enumeration() {
  Type type;
  type.kind = Kind::enumeration;
  type.name = name_of<T>();
  type.width = sizeof(T);
  type.is_signed = std::is_signed_v<std::underlying_type_t<T>>;
  if constexpr (std::is_same_v<T, core::Precision>) {
    type.enumerators = kPrecisions;
    type.ignores_case = true;
  } else if constexpr (std::is_same_v<T, core::ComputeClass>) {
    type.enumerators = kComputeClasses;
  } else {
    static_assert(boost::describe::has_describe_enumerators<T>::value,
                  "describe the enum: BOOST_DESCRIBE_ENUM(T, a, b, c)");
    type.enumerators = EnumeratorTable<boost::describe::describe_enumerators<T>>::kEnumerators;
  }
  return type;
}

template <class T>
constexpr Type make_quantity() {
  Type type;
  type.kind = Kind::quantity;
  type.name = T::unit::name;
  type.from_text = [](std::string_view text, void* object) {
    return assign<T>(core::parse_quantity<T>(text), object);
  };
  return type;
}

template <class T>
constexpr Type make_written() {
  Type type;
  type.kind = Kind::written;
  type.name = Text<T>::expected;
  type.to_text = [](const void* object) -> std::string {
    return Text<T>::to_text(*static_cast<const T*>(object));
  };
  type.from_text = [](std::string_view text, void* object) {
    return assign<T>(Text<T>::from_text(text), object);
  };
  type.equals = [](const void* a, const void* b) {
    const T& left = *static_cast<const T*>(a);
    const T& right = *static_cast<const T*>(b);
    if constexpr (std::equality_comparable<T>) {
      return left == right;
    } else {
      return Text<T>::to_text(left) == Text<T>::to_text(right);
    }
  };
  if constexpr (WrittenInBinary<T>) {
    type.to_binary = [](const void* object) -> std::string {
      return Text<T>::to_binary(*static_cast<const T*>(object));
    };
    type.from_binary = [](std::string_view bytes, void* object) {
      return assign<T>(Text<T>::from_binary(bytes), object);
    };
  }
  return type;
}

template <class T>
constexpr Type make_optional() {
  Type type;
  type.kind = Kind::optional;
  static_assert(!Traits<typename Traits<T>::Inner>::is_optional, "null could mean either");
  type.inner = &type_of<typename Traits<T>::Inner>;
  type.count = [](const void* object) -> std::size_t {
    return static_cast<const T*>(object)->has_value() ? 1 : 0;
  };
  type.element = [](const void* object, std::size_t) -> const void* {
    return &**static_cast<const T*>(object);
  };
  type.clear = [](void* object) { static_cast<T*>(object)->reset(); };
  type.append = [](void* object, std::size_t) -> void* {
    return &static_cast<T*>(object)->emplace();
  };
  return type;
}

template <class T>
constexpr Type make_list() {
  static_assert(!std::is_same_v<T, std::vector<bool>>, "std::vector<bool> has no elements");
  Type type;
  type.kind = Kind::list;
  type.inner = &type_of<typename Traits<T>::Inner>;
  type.count = [](const void* object) { return static_cast<const T*>(object)->size(); };
  type.element = [](const void* object, std::size_t index) -> const void* {
    return static_cast<const T*>(object)->data() + index;
  };
  type.clear = [](void* object) { static_cast<T*>(object)->clear(); };
  type.reserve = [](void* object, std::size_t count) { static_cast<T*>(object)->reserve(count); };
  type.append = [](void* object, std::size_t) -> void* {
    return &static_cast<T*>(object)->emplace_back();
  };
  return type;
}

template <class T>
constexpr Type make_map() {
  Type type;
  type.kind = Kind::map;
  type.inner = &type_of<typename Traits<T>::Inner>;
  type.count = [](const void* object) { return static_cast<const T*>(object)->size(); };
  type.clear = [](void* object) { static_cast<T*>(object)->clear(); };
  type.insert = [](void* object, std::string_view key) -> void* {
    const auto [entry, is_new] = static_cast<T*>(object)->try_emplace(std::string(key));
    return is_new ? &entry->second : nullptr;
  };
  type.each = [](const void* object, void* context, VisitEntry visit) {
    for (const auto& [key, value] : *static_cast<const T*>(object)) visit(context, key, &value);
  };
  return type;
}

template <class... A>
void* emplace_alternative(std::variant<A...>& choice, std::size_t index) {
  void* place = nullptr;
  std::size_t at = 0;
  const auto try_next = [&]<class B>(std::type_identity<B>) {
    if (at++ == index) place = &choice.template emplace<B>();
  };
  (try_next(std::type_identity<A>{}), ...);
  return place;
}

template <class T>
constexpr Type make_choice() {
  Type type;
  type.kind = Kind::choice;
  type.alternatives = Traits<T>::kAlternatives;
  type.count = [](const void* object) { return static_cast<const T*>(object)->index(); };
  type.element = [](const void* object, std::size_t) -> const void* {
    return std::visit([](const auto& active) -> const void* { return &active; },
                      *static_cast<const T*>(object));
  };
  type.append = [](void* object, std::size_t index) {
    return emplace_alternative(*static_cast<T*>(object), index);
  };
  return type;
}

template <class T>
constexpr Type make_structure() {
  namespace describe = boost::describe;
  static_assert(std::is_class_v<T> && describe::has_describe_members<T>::value,
                "the codec cannot handle this type: describe the struct "
                "(BOOST_DESCRIBE_STRUCT), or specialise codec::Text for it");
  if constexpr (describe::has_describe_bases<T>::value) {
    using Bases = describe::describe_bases<T, describe::mod_any_access>;
    static_assert(std::is_same_v<Bases, typename ListOf<Bases>::Empty>,
                  "fields are numbered by position: a described struct has no base");
  }
  using Table = FieldTable<T, describe::describe_members<T, describe::mod_any_access>>;
  static_assert(Table::kFields.size() <= 64, "at most 64 fields: nest structs");
  if constexpr (requires { T::required_fields; }) {
    static_assert(std::popcount(Table::required()) == std::ssize(T::required_fields),
                  "required_fields must name described fields, each once");
  }
  Type type;
  type.kind = Kind::structure;
  type.name = name_of<T>();
  type.fields = Table::kFields;
  type.required = Table::required();
  type.defaults = []() -> const void* {
    static const T defaults{};
    return &defaults;
  };
  return type;
}

constexpr Type make_plain(Kind kind, std::size_t width = 0) {
  Type type;
  type.kind = kind;
  type.width = width;
  return type;
}

template <class T>
constexpr Type make_type() {
  if constexpr (std::is_same_v<T, std::string>) {
    return make_plain(Kind::text);
  } else if constexpr (std::is_same_v<T, std::vector<std::uint8_t>>) {
    return make_plain(Kind::byte_list);
  } else if constexpr (Traits<T>::is_bytes) {
    return make_plain(Kind::bytes, Traits<T>::length);
  } else if constexpr (std::is_same_v<T, core::Time>) {
    return make_plain(Kind::time);
  } else if constexpr (std::is_same_v<T, core::Rate>) {
    return make_plain(Kind::rate);
  } else if constexpr (std::is_same_v<T, core::Reason>) {
    return make_plain(Kind::reason);
  } else if constexpr (Written<T>) {
    return make_written<T>();
  } else if constexpr (Traits<T>::is_quantity) {
    return make_quantity<T>();
  } else if constexpr (std::is_enum_v<T>) {
    return make_enumeration<T>();
  } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, double>) {
    return make_number<T>();
  } else if constexpr (Traits<T>::is_optional) {
    return make_optional<T>();
  } else if constexpr (Traits<T>::is_list) {
    return make_list<T>();
  } else if constexpr (Traits<T>::is_map) {
    return make_map<T>();
  } else if constexpr (Traits<T>::is_choice) {
    return make_choice<T>();
  } else {
    return make_structure<T>();
  }
}

}  // namespace detail

template <class T>
const Type& type_of() {
  static constexpr Type type = [] {
    Type made = detail::make_type<T>();
    made.object_size = sizeof(T);
    return made;
  }();
  return type;
}

}  // namespace intertie::codec
