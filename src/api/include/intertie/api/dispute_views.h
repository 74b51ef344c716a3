// Lists of disputes and decisions about them; one dispute is in views.h, as bills show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/api/views.h"

namespace intertie::api {

struct DisputeList {
  std::vector<DisputeView> disputes;  // Newest first.
  std::optional<std::string> next;
  std::string currency;
};
BOOST_DESCRIBE_STRUCT(DisputeList, (), (disputes, next, currency))

enum class DisputeVerdict : std::uint8_t { reject, accept };
BOOST_DESCRIBE_ENUM(DisputeVerdict, reject, accept)

struct DisputeDecision {
  DisputeVerdict verdict = DisputeVerdict::reject;
  static constexpr std::string_view required_fields[] = {"verdict"};
};
BOOST_DESCRIBE_STRUCT(DisputeDecision, (), (verdict))

}  // namespace intertie::api
