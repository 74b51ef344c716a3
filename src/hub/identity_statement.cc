#include "intertie/hub/identity_statement.h"

#include <algorithm>

#include "intertie/codec/json.h"
#include "intertie/hub/line_record.h"
#include "intertie/hub/state.h"
#include "intertie/identity/envelope.h"

namespace intertie::hub {
namespace {

void describe_line(IdentityFacts& facts, const State& state, const LineRegistered& registered) {
  facts.statement.is_known = true;
  facts.statement.name = registered.line.from + "-" + registered.line.to;
  facts.statement.status = registered.is_retired ? kLineRetired : kLineActive;
  facts.statement.holder = state.facts.id;
  facts.record = registered.record;
}

// The site itself, or one of its pools.
bool has_path(const State& state, const SiteState& site, const identity::Path& path) {
  if (path.parts.empty()) return true;
  if (path.parts.size() > 1) return false;
  return std::ranges::any_of(site.pools, [&](std::uint32_t pool) {
    return state.topology->find_pool({pool})->name == path.parts.front();
  });
}

}  // namespace

IdentityFacts find_identity(const State& state, const identity::Path& path, core::Time now) {
  IdentityFacts facts;
  IdentityStatement& said = facts.statement;
  said.id = identity::to_text(path);
  said.registry = state.facts.id;
  said.type = path.parts.empty() ? identity::entity_name(path.id.type()) : "pool";
  said.time = now;
  const std::string id = identity::to_text(path.id);
  if (said.id == state.facts.id) {
    said.is_known = true;
    said.name = state.facts.name;
    said.status = "active";
    said.holder = state.facts.id;
    return facts;
  }
  if (path.parts.empty()) {
    const auto line = std::ranges::find_if(state.lines, [&](const LineRegistered& registered) {
      return registered.line.identifier == id;
    });
    if (line != state.lines.end()) {
      describe_line(facts, state, *line);
      return facts;
    }
  }
  for (const SiteState& site : state.sites) {
    if (site.site.identifier != id || !has_path(state, site, path)) continue;
    said.is_known = true;
    said.name = path.parts.empty() ? site.site.name : path.parts.front();
    // A site without a record, in an old log, is what it does.
    said.status = site.record       ? identity::status_name(site.record->status)
                  : site.is_revoked ? "revoked"
                                    : "active";
    said.holder = path.parts.empty() ? state.facts.id : id;
    facts.site = site.site.handle.index;
    facts.record_index = site.record_index;
    break;
  }
  return facts;
}

core::Result<IdentityStatement> open_identity_statement(std::string_view envelope,
                                                        const crypto::PublicKey& key) {
  const crypto::Digest key_id = crypto::compute_key_digest(key);
  const auto opened = identity::open_envelope(
      envelope, kIdentityType,
      [&](const crypto::Digest& id) { return id == key_id ? std::optional(key) : std::nullopt; });
  if (!opened) return opened.error();
  return codec::from_json<IdentityStatement>(opened->payload, codec::Boundary::tolerant);
}

}  // namespace intertie::hub
