// Datasets in all regions at once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "intertie/api/dataset_views.h"
#include "intertie/core/result.h"

#include "call.h"

namespace intertie::api {

/// The complete copies of each dataset: the one here first, then by region. By the text that names
/// it; not_found names the regions that could not be asked.
using LocatedDatasets = std::map<std::string, core::Result<std::vector<DatasetView>>>;

inline constexpr std::size_t kLocatedMax = 2'000;

/// Looks for what the caller may read, here and at every peer that is heard, within
/// kRegionsTimeout. `keys` as job files name datasets, at most kLocatedMax; without any, or without
/// peers, no other hub is asked. `then` may come on the calling thread.
void locate_datasets(const CallPointer& call, std::vector<std::string> keys,
                     std::function<void(LocatedDatasets)> then);

/// Site listener: which of the datasets a user of the calling hub could read here.
void locate_here(const CallPointer& call);

// User listener: as their namesakes in dataset_handlers.h, in all regions with ?region=*.
void list_everywhere(const CallPointer& call);
void find_everywhere(const CallPointer& call);
void get_everywhere(const CallPointer& call);

}  // namespace intertie::api
