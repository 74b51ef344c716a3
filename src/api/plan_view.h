// Verdicts of pools as people read them, and the one change of a job that would help.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "intertie/api/views.h"
#include "intertie/core/rate.h"
#include "intertie/core/time.h"
#include "intertie/hub/events.h"
#include "intertie/hub/machine.h"
#include "intertie/placement/placer.h"
#include "intertie/topology/region_lines.h"
#include "intertie/topology/snapshot.h"

namespace intertie::api {

/// One thing a job could give up, and the shape that it would then have.
struct Relaxation {
  std::string field;
  std::string sentence;
  hub::JobShape shape;
};

/// Every requirement of the shape that a pool may have been refused for, given up one at a time.
/// `reasons`: of the refusals. Pure.
std::vector<Relaxation> list_relaxations(const hub::JobShape& shape,
                                         const std::vector<core::Reason>& reasons);

/// What a pool is, beside whether it fits.
struct PoolFigures {
  std::optional<core::Rate> task_rate;
  core::Bytes moved;
  core::Money per_hour;
};

/// Of a job of this shape in the pool. The rate is that of one task, at the precision that the
/// shape names, else at the first of its class that a valid measurement has: FP64; of intelligent
/// BF16, then INT8. Inputs in no named region lie in `home`, this hub's. Pure.
PoolFigures compute_figures(const topology::Pool& pool, const hub::JobShape& shape,
                            const std::string& home, const topology::RegionLines& lines,
                            core::Time now);

/// What was seen on the engine's thread; rendered elsewhere.
struct PlanFacts {
  topology::Snapshot::Pointer topology;
  std::vector<placement::PoolVerdict> verdicts;
  std::map<std::uint32_t, PoolFigures> figures;  // By the pool's handle.
  std::optional<ChangeView> change;
  std::string currency;
  std::map<std::uint32_t, PoolVerdictView> remote;  // Names of announced pools, by handle.
};

/// Asks the machine. O(pools), times the number of relaxations (below 12) if nothing fits.
PlanFacts explain_shape(const hub::HubMachine& machine, const hub::JobShape& shape,
                        core::Time deadline, core::Time now);

/// The reason that stands for all verdicts; nothing if a pool fits. As
/// placement::Placement::verdict.
std::optional<core::Reason> find_verdict(const std::vector<placement::PoolVerdict>& verdicts);

PlanView make_plan_view(const PlanFacts& facts);

/// The candidate's figures in a row about its pool.
PoolVerdictView make_verdict_view(const topology::Snapshot& topology,
                                  const placement::PoolVerdict& verdict);

/// The same of a pool whose names are filled in.
PoolVerdictView add_verdict(PoolVerdictView named, const placement::PoolVerdict& verdict);

/// Most frequent first; ties in the order of the catalogue.
std::vector<ReasonCountView> make_counts(std::vector<placement::ReasonCount> counts);

}  // namespace intertie::api
