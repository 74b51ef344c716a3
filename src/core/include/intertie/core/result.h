// Expected errors are values.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "intertie/core/reason.h"

namespace intertie::core {

/// Why an operation was refused. `detail` adds the facts of this case ("tasks[3].cpus: expected
/// integer"); it holds no secrets and no line breaks.
struct Error {
  Reason reason = Reason::internal;
  std::string detail;

  friend bool operator==(const Error&, const Error&) = default;
};

/// The whole error as one text: "code: sentence (detail) fix".
std::string to_text(const Error& error);

/// A value or the reason why there is none. Member names follow std::expected (C++23).
/// Reading the absent half is a programmer error and asserts.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}
  Result(Reason reason, std::string detail = {})
      : content_(std::in_place_index<1>, Error{reason, std::move(detail)}) {}

  bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  const T& value() const& { return assert(has_value()), std::get<0>(content_); }
  T& value() & { return assert(has_value()), std::get<0>(content_); }
  T&& value() && { return assert(has_value()), std::get<0>(std::move(content_)); }
  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  const Error& error() const { return assert(!has_value()), std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  Result(Reason reason, std::string detail = {}) : error_(Error{reason, std::move(detail)}) {}

  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const { assert(has_value()); }
  const Error& error() const { return assert(error_.has_value()), *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace intertie::core
