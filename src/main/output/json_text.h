// JSON trees as text, for results.
#pragma once

#include <string>

#include <boost/json/value.hpp>

#include "output/listing.h"

namespace intertie::cli {

/// With two-space indents, as people read it; no line break at the end.
std::string pretty_json(const boost::json::value& value);

/// An object as rows "field, value": nested names with dots, list places in brackets.
Listing flatten_json(const boost::json::value& value);

}  // namespace intertie::cli
