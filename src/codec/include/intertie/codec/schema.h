// JSON Schema (2020-12) of described types, for OpenAPI and published formats.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "intertie/codec/type.h"

namespace intertie::codec {

namespace detail {
boost::json::value make_schema(const Type& type);
boost::json::value make_reference(const Type& type, boost::json::object& components);
}  // namespace detail

/// A schema that stands alone: named structs and enums under $defs.
template <class T>
boost::json::value json_schema() {
  return detail::make_schema(type_of<T>());
}

/// The schema to use at one place of an OpenAPI document, {"$ref": "#/components/schemas/Name"} for
/// a struct or enum; adds what it refers to, and what that refers to, to `components` (the object
/// that becomes components.schemas). Two different types of one name are a programmer error.
template <class T>
boost::json::value openapi_schema(boost::json::object& components) {
  return detail::make_reference(type_of<T>(), components);
}

}  // namespace intertie::codec
