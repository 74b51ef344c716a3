// What an identifier says, as JSON and as text.
#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "intertie/identity/identifier.h"

namespace intertie::cli {

boost::json::object describe_identifier(const identity::Identifier& id);
std::string render_identifier(const identity::Identifier& id);

}  // namespace intertie::cli
