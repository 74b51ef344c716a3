// Limits of one parse (private to codec; callers use parse_json).
#pragma once

#include <cstddef>
#include <string_view>

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include "intertie/core/limits.h"
#include "intertie/core/result.h"

namespace intertie::codec {

struct ParseLimits {
  std::size_t bytes = core::limits::document_bytes_max;
  std::size_t depth = static_cast<std::size_t>(core::limits::document_depth_max);
  std::size_t text_bytes = core::limits::text_bytes_max;
  std::size_t list_length = core::limits::list_length_max;
};

/// The tree lies in `storage`, which must outlive it.
core::Result<boost::json::value> parse_json_within(std::string_view text, ParseLimits limits,
                                                   boost::json::storage_ptr storage = {});

}  // namespace intertie::codec
