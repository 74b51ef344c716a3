// One job's bill: its signed usage records followed from the first one on, beside the ledger.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/result.h"
#include "intertie/core/time.h"

#include "fold_job.h"
#include "router_core.h"

namespace intertie::api {

/// Which records count: those that end in [from, to).
struct BillPeriod {
  core::Time from{INT64_MIN};
  core::Time to = core::kNever;
  bool has(core::Time time) const { return from <= time && time < to; }
};

/// What bills of several jobs share.
struct BillSources {
  storage::Reader& reader;
  const Directory& directory;
  // Keys that the sites of announced pools sign with now, by the pool's identifier; beside the ones
  // they had when they were asked.
  const std::map<std::string, std::string>& announced_keys;
};

/// A job, here or in another region, or a job of another region that ran here.
struct BillJob {
  JobFacts facts;
  std::vector<JobEvent> events;
  std::optional<std::uint32_t> guest_of;  // Peer: its hub's clearing account pays.
};

/// Reads job `number`; nothing if there is no such job. A guest's facts name what a bill needs.
core::Result<std::optional<BillJob>> read_bill_job(storage::Reader& reader, std::uint64_t number);

/// What a directory must cover to bill it.
DirectoryNeed find_need(const BillJob& job);

/// store_damaged. O(records), 100 us each: every signature is verified.
core::Result<JobBillView> bill_job(const BillSources& sources, const BillJob& job,
                                   const BillPeriod& period);

}  // namespace intertie::api
