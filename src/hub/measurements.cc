#include "measurements.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "intertie/crypto/signature.h"
#include "intertie/measurement/capability.h"
#include "intertie/measurement/class_rule.h"
#include "intertie/measurement/signed_statement.h"

namespace intertie::hub {
namespace {

core::Result<topology::Capability> check_statement_of(const Context& context,
                                                      const MessagePlace& place,
                                                      const topology::Pool& pool,
                                                      const std::string& envelope) {
  const SiteState& site = context.state.sites[place.site];
  const auto opened = measurement::open_statement(
      envelope, [&](const crypto::Digest& id) { return find_site_key(site, id, place.number); },
      context.now);
  if (!opened) return opened.error();
  const measurement::Statement& statement = opened->statement;
  if (statement.subject != site.site.identifier && statement.subject != pool.identifier) {
    return {core::Reason::bad_field, "the statement is about " + statement.subject};
  }
  measurement::PoolFacts facts;
  facts.nodes = static_cast<std::int64_t>(pool.nodes.size());
  if (const auto backed = measurement::choose_class(statement, facts, pool.compute_class);
      !backed) {
    return backed.error();
  }
  // What the record claims of a node must be within what this node can physically do.
  for (const core::Rate& claimed : site.record ? site.record->claimed : std::vector<core::Rate>()) {
    if (const auto right = measurement::check_claim(statement, claimed); !right) {
      return right.error();
    }
  }
  return measurement::compute_capability(statement);
}

}  // namespace

void accept_statement(Context& context, const MessagePlace& place,
                      const execution::StatementReport& report) {
  const SiteState& from = context.state.sites[place.site];
  if (report.pool >= from.pools.size()) return;
  const std::uint32_t handle = from.pools[report.pool];
  const topology::Pool& pool = *context.state.topology->find_pool({handle});
  auto capability = check_statement_of(context, place, pool, report.envelope);
  if (capability) {
    // A site's clock may be a little ahead; the figures count from now on.
    capability->measured_at = std::min(capability->measured_at, context.now);
    const crypto::Digest digest = crypto::compute_sha256(report.envelope);
    context.emit(MeasurementAccepted{handle, std::move(*capability), digest}, report.envelope);
  } else {
    context.emit(MeasurementRefused{handle, capability.error().reason, capability.error().detail},
                 report.envelope);
  }
}

}  // namespace intertie::hub
