// Where in a YAML text a field stands.
#pragma once

#include <string>
#include <string_view>

namespace intertie::cli {

/// The line (from 1) of the field that `detail` begins with ("data.in[2].to: expected ..."), or of
/// the nearest enclosing one that is there; 0 if the text is not YAML or names none of it.
int find_line(const std::string& text, std::string_view detail);

}  // namespace intertie::cli
