#include "fail_points.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace intertie::service {

std::vector<std::string_view> get_fail_point_names(Side side) {
  std::vector<std::string_view> names;
  for (const auto& each : storage::kFailPoints) names.push_back(each.name);
  for (const auto& each : kServicePoints) {
    if (each.side == side || each.side == Side::both) names.push_back(each.name);
  }
  return names;
}

core::Result<void> FailPoints::arm(std::string_view text, Side side) {
#ifdef INTERTIE_FAULTS
  if (const char* value = std::getenv("INTERTIE_FAIL_POINT"); value != nullptr && text.empty()) {
    text = value;
  }
#endif
  if (text.empty()) return {};
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  std::int64_t count = 1;
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || count < 1) {
      return core::Error{core::Reason::bad_argument, "fail point: " + std::string(text)};
    }
  }
  auto names = get_fail_point_names(side);
  if (side == Side::hub) {
    for (const std::string_view each : get_fail_point_names(Side::peer)) names.push_back(each);
  }
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::string known;
    for (const std::string_view each : names) known.append(" ").append(each);
    return core::Error{core::Reason::bad_argument,
                       "no such fail point: " + std::string(name) + "; there are:" + known};
  }
  armed_ = name;
  left_ = count;
  return {};
}

std::string_view FailPoints::get_name(ServicePoint point) {
  return kServicePoints[static_cast<std::size_t>(point)].name;
}

std::string_view FailPoints::get_name(storage::FailPoint point) {
  return storage::kFailPoints[static_cast<std::size_t>(point)].name;
}

void FailPoints::pass(std::string_view name) {
  if (armed_.empty() || armed_ != name) return;
  if (left_.fetch_sub(1) == 1) std::raise(SIGKILL);
}

storage::FailHook make_fail_hook(FailPoints& fail_points, storage::FailHook fault) {
  return [&fail_points, fault = std::move(fault)](storage::FailPoint point) -> core::Result<void> {
    fail_points.pass(point);
    if (fault) return fault(point);
    return {};
  };
}

}  // namespace intertie::service
