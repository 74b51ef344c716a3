// How sensitive data is, and up to where a place is cleared.
#pragma once

#include <cstdint>

#include <boost/describe.hpp>

namespace intertie::core {

/// From least to most; a place states up to which it is cleared. The numeric values stand in logs:
/// append only.
enum class Classification : std::uint8_t { open, internal_, confidential, secret };
BOOST_DESCRIBE_ENUM(Classification, open, internal_, confidential, secret)

}  // namespace intertie::core
