// A site's record gets another version with the same keys: another status, other facts, later
// times.
#include <algorithm>
#include <string>

#include "intertie/hub/site_record.h"

#include "decisions.h"
#include "site_keys.h"
#include "site_status.h"

namespace intertie::hub {
namespace {

using identity::RecordStatus;

core::Result<void> check_keys_stay(const SiteState& site,
                                   const identity::RegistrationRecord& record) {
  const auto keys = read_site_keys(record);
  if (!keys) return keys.error();
  if (keys->sign == site.sign_key && keys->tls == site.tls_key && keys->seal == site.seal_key &&
      record.next_key_hash == site.record->next_key_hash) {
    return {};
  }
  return {core::Reason::bad_key, "record: its keys change by another request"};
}

bool runs_anything(const State& state, const SiteState& site) {
  return std::ranges::any_of(state.reservations, [&](const auto& each) {
    return state.topology->find_pool({each.second.terms.pool})->site == site.site.handle;
  });
}

core::Result<void> check_retirement(const State& state, const SiteState& site, std::uint64_t rows) {
  if (runs_anything(state, site)) {
    return {core::Reason::in_use, "jobs run at the site: drain it, and wait until they have ended"};
  }
  if (rows <= site.inbox.received) return {};
  return {core::Reason::busy,
          "rows of the site have not all arrived: start its agent once more until it is ready"};
}

// That what the status says is so now.
core::Result<void> check_status(const Context& context, const SiteState& site,
                                const RecordFacts& newer, std::uint64_t rows) {
  const RecordStatus before = site.record->status;
  if (newer.status != before) {
    if (const auto may = identity::check_transition(before, newer.status); !may) return may;
  }
  switch (newer.status) {
    case RecordStatus::registered:
    case RecordStatus::stale:
    case RecordStatus::suspended:
      return {};
    case RecordStatus::measured:
    case RecordStatus::active:
      break;
    case RecordStatus::retired:
      return check_retirement(context.state, site, rows);
    case RecordStatus::reserved:
    case RecordStatus::transferring:
    case RecordStatus::revoked:
      return {core::Reason::bad_field, "record: this status is not set by an amendment"};
  }
  if (raises_claims(site.record->claimed, newer.claimed)) {
    return {core::Reason::unmeasured, "record: a higher claim is measured first; set it to stale"};
  }
  if (newer.status == before) return {};  // Renewed; what has expired is noticed by itself.
  if (before == RecordStatus::suspended && !site.is_reinstated) {
    return {core::Reason::denied, "record: the hub's operator has suspended the site"};
  }
  if (before == RecordStatus::suspended) return {};
  if (!is_site_measured(context.state, site, context.now)) {
    return {core::Reason::unmeasured, "record: no pool of the site has a valid measurement"};
  }
  if (newer.status == RecordStatus::active && site.is_drained) {
    return {core::Reason::site_drained, "record: the site offers nothing"};
  }
  return {};
}

core::Result<const SiteState*> find_amendable(const State& state, std::uint32_t site) {
  if (site >= state.sites.size()) {
    return {core::Reason::not_found, "site " + std::to_string(site)};
  }
  if (!state.sites[site].record) return {core::Reason::bad_key, "the site has no record"};
  return &state.sites[site];
}

}  // namespace

core::Result<Reply> decide(Context& context, const AmendSite& command) {
  const State& state = context.state;
  const auto found = find_amendable(state, command.site);
  if (!found) return found.error();
  const SiteState& site = **found;
  const auto hub_key = crypto::parse_public_key(state.facts.sign_key);
  if (!hub_key) return hub_key.error();
  const auto newer = identity::open_record(command.record_envelope, {*hub_key, std::nullopt});
  if (!newer) return newer.error();
  if (newer->hash == site.record->hash) return Reply{Done{}};  // Asked again after a lost answer.
  if (site.is_revoked) return {core::Reason::already_final, "site " + site.site.name};
  if (const auto right = check_record_place(site, *newer); !right) return right.error();
  if (const auto right = check_keys_stay(site, newer->record); !right) return right.error();
  const RecordFacts facts = make_record_facts(*newer);
  if (const auto right = check_status(context, site, facts, command.rows); !right) {
    return right.error();
  }
  if (facts.status == RecordStatus::retired) {
    context.emit(SiteStatusChanged{command.site, site.status, "retired by its operator", true});
  }
  context.emit(SiteRecordAmended{command.site, facts, newer->is_countersigned},
               command.record_envelope);
  return Reply{Done{}};
}

core::Result<Reply> decide(Context& context, const ReinstateSite& command) {
  const auto found = find_amendable(context.state, command.site);
  if (!found) return found.error();
  if ((*found)->record->status != RecordStatus::suspended) {
    return {core::Reason::illegal_transition,
            "the record is " + std::string(identity::status_name((*found)->record->status)) +
                ", not suspended"};
  }
  if (!(*found)->is_reinstated) context.emit(SiteReinstated{command.site});
  return Reply{Done{}};
}

}  // namespace intertie::hub
