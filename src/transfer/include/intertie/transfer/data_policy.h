// Who may read a dataset, and where it may lie.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/classification.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"

namespace intertie::transfer {

using core::Classification;

struct DataPolicy {
  std::vector<std::string> readers;  // Principals beside the owner.
  std::vector<std::string> regions;  // Two-character codes; empty: any.
  Classification classification = Classification::open;
  std::optional<core::Time> keep_until;  // Afterwards it is removed wherever it lies.
  friend bool operator==(const DataPolicy&, const DataPolicy&) = default;
};
BOOST_DESCRIBE_STRUCT(DataPolicy, (), (readers, regions, classification, keep_until))

/// Where a dataset is to go.
struct DataPlace {
  std::string region;
  Classification cleared = Classification::secret;
};

/// Names of printable text, counts within limits::dataset_readers_max and dataset_regions_max.
core::Result<void> check_policy(const DataPolicy& policy);

/// not_found (not denied: others must not learn that it exists) unless `reader` owns it or is
/// named.
core::Result<void> check_reader(const DataPolicy& policy, const std::string& owner,
                                const std::string& reader);

/// data_policy, with the rule that forbids it: region, classification, or time.
core::Result<void> check_place(const DataPolicy& policy, const DataPlace& place, core::Time now);

}  // namespace intertie::transfer
