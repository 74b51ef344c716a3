// A variant of many types whose copies, moves and destructor are compiled in one place.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

namespace intertie::core {

template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... A>
inline constexpr bool is_alternative<T, std::variant<A...>> = (std::is_same_v<T, A> || ...);

/// `T`, a reference to it or a constant of it is one of the types that `Variant`, a std::variant,
/// holds.
template <class T, class Variant>
concept AlternativeOf = is_alternative<std::remove_cvref_t<T>, Variant>;

/// A std::variant in all it does: std::visit, std::get_if and index() take it. Each file that makes
/// a std::variant of fifty structs compiles their fifty moves and destructors, up to two seconds a
/// file. Of this one they are compiled where it is instantiated, and called elsewhere:
///
///     using Kinds = std::variant<Opened, Closed>;
///     extern template class core::WideVariant<Kinds>;      // the header
///     struct Event : core::WideVariant<Kinds> { using WideVariant::WideVariant; };
///     template class core::WideVariant<Kinds>;             // one .cc
///
/// Alternatives move without throwing. Costs what std::variant costs, and a call.
template <class Variant>
class WideVariant : public Variant {
 public:
  using Kinds = Variant;

  WideVariant();
  template <AlternativeOf<Variant> T>
  WideVariant(T&& alternative) noexcept
      : Variant(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(alternative)) {}
  WideVariant(const WideVariant& other);
  WideVariant(WideVariant&& other) noexcept;
  WideVariant& operator=(const WideVariant& other);
  WideVariant& operator=(WideVariant&& other) noexcept;
  ~WideVariant();
};

template <class Variant>
WideVariant<Variant>::WideVariant() = default;
template <class Variant>
WideVariant<Variant>::WideVariant(const WideVariant& other) = default;
template <class Variant>
WideVariant<Variant>::WideVariant(WideVariant&& other) noexcept = default;
template <class Variant>
WideVariant<Variant>& WideVariant<Variant>::operator=(const WideVariant& other) = default;
template <class Variant>
WideVariant<Variant>& WideVariant<Variant>::operator=(WideVariant&& other) noexcept = default;
template <class Variant>
WideVariant<Variant>::~WideVariant() = default;

}  // namespace intertie::core
