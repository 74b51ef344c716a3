// The texts of device_kinds/*.yaml.
#pragma once

#include <string_view>
#include <vector>

namespace intertie::measurement {

/// In the order of their file names.
const std::vector<std::string_view>& get_builtin_texts();

}  // namespace intertie::measurement
