// What a registry says by itself about the records of its sites.
#pragma once

#include "intertie/api/backend.h"

namespace intertie::api {

/// Marks records stale whose measurement has expired or whose site was silent for long
/// (hub::HubMachine::list_stale_records): one signed version each, at most kStaleRecordsPerLook of
/// them. `tell` hears of each that could not be marked. Any thread that may read the store; to be
/// called every few seconds.
inline constexpr std::size_t kStaleRecordsPerLook = 100;
void mark_stale_records(Backend& backend, std::function<void(const core::Error&)> tell);

}  // namespace intertie::api
