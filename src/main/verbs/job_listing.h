// Jobs, candidates and sites as rows and as text.
#pragma once

#include <string>
#include <vector>

#include "intertie/api/views.h"

#include "output/listing.h"
#include "session/terminal.h"

namespace intertie::cli {

Listing make_job_listing(const std::vector<api::JobView>& jobs, core::Time now,
                         const std::string& currency);

/// Candidates with what each costs, and why all but one lost.
Listing make_pool_listing(const std::vector<api::PoolVerdictView>& pools,
                          const std::string& currency);

/// Refusals by reason and the change that would help; empty if there is nothing to say.
std::string render_refusals(const std::vector<api::ReasonCountView>& counts,
                            const std::optional<api::ChangeView>& change);

/// "waiting", "succeeded", "failed (exited_nonzero)".
std::string render_state(const api::JobView& job);

/// A job as lines "name  value".
std::string render_job(const api::JobView& job, core::Time now, const std::string& currency);

/// One row a pool.
Listing make_site_listing(const std::vector<api::SiteView>& sites, core::Time now,
                          const std::string& currency);

/// Rows of other regions' pools; their sites are called "42/name".
void add_remote_sites(Listing& listing, const std::vector<api::RemoteSiteView>& sites,
                      core::Time now, const std::string& currency);

}  // namespace intertie::cli
