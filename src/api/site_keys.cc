// A site changes its keys: both of its signatures, then the hub's.
#include "site_keys.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "intertie/api/public_views.h"
#include "intertie/api/site_views.h"
#include "intertie/core/limits.h"
#include "intertie/hub/site_record.h"
#include "intertie/identity/envelope.h"

#include "router_core.h"

namespace intertie::api {
namespace {

// The version in force, as the state has it.
struct KeysInForce {
  std::string hub_key;
  std::uint64_t record_index = 0;
};

// The record in force as it was logged, and the new one; both verified.
core::Result<std::string> make_rotation(const Call& call, const KeysInForce& present,
                                        const std::string& envelope) {
  const auto hub_key = crypto::parse_public_key(present.hub_key);
  if (!hub_key) return hub_key.error();
  const auto body = call.backend.reader().read_body(present.record_index);
  if (!body) return body.error();
  const auto older = identity::open_record(body->bytes, {*hub_key, std::nullopt});
  if (!older) return older.error();
  const auto payload = identity::read_unverified_payload(envelope, identity::kRecordType);
  if (!payload) return payload.error();
  // Asked again after a lost answer: what was agreed on then.
  if (crypto::compute_sha256(*payload) == older->hash) return older->envelope;
  auto signed_text = countersign(call.backend, envelope, *payload);
  if (!signed_text) return signed_text;
  // The hub's signature does not leave before everything else was checked.
  const auto newer = hub::open_site_record(*signed_text, *hub_key);
  if (!newer) return newer.error();
  if (const auto right = hub::check_site_rotation(*older, *newer); !right) return right.error();
  if (const auto right = check_version_times(newer->record, call.backend.now()); !right) {
    return right.error();
  }
  return signed_text;
}

void submit_rotation(const CallPointer& call, const KeysRequest& request, std::string envelope) {
  hub::RotateSiteKeys command{call->site, envelope, request.rows};
  call->backend.submit(std::move(command), [call, envelope](const core::Result<hub::Reply>& reply) {
    if (!reply) return fail(*call, reply.error());
    call->core.forget_site(call->site);
    respond_view(*call, KeysAnswer{envelope});
  });
}

core::Result<std::string> make_revocation(const Call& call, const KeysInForce& present,
                                          identity::RevocationReason reason) {
  const auto hub_key = crypto::parse_public_key(present.hub_key);
  if (!hub_key) return hub_key.error();
  const auto body = call.backend.reader().read_body(present.record_index);
  if (!body) return body.error();
  const auto older = identity::open_record(body->bytes, {*hub_key, std::nullopt});
  if (!older) return older.error();
  identity::RegistrationRecord record = older->record;
  record.seq += 1;
  record.prev_hash = older->hash;
  record.status = identity::RecordStatus::revoked;
  record.revocation_reason = reason;
  record.issued = std::max(call.backend.now(), older->record.issued);
  record.valid_until = record.issued + identity::record_lifetime_default;
  if (const auto right = identity::check_record(record); !right) return right.error();
  return call.backend.sign_record(identity::kRecordType, codec::to_json(record));
}

void submit_revocation(const CallPointer& call, std::uint32_t site, std::string envelope) {
  call->backend.submit(hub::RevokeSite{site, envelope},
                       [call, site, envelope](const core::Result<hub::Reply>& reply) {
                         if (!reply) return fail(*call, reply.error());
                         call->core.forget_site(site);
                         respond_view(*call, KeysAnswer{envelope});
                       });
}

}  // namespace

core::Result<void> check_version_times(const identity::RegistrationRecord& record, core::Time now) {
  constexpr core::Duration kAgeMax = core::minutes(10);
  if (record.issued > now + core::limits::clock_margin || now - record.issued > kAgeMax) {
    return {core::Reason::record_expired, "record: issued too long ago, or ahead of this clock"};
  }
  if (record.valid_until - record.issued > identity::record_lifetime_default) {
    return {core::Reason::out_of_range, "record: valid_until, at most 7 days after issued"};
  }
  return {};
}

core::Result<std::string> countersign(Backend& backend, const std::string& envelope,
                                      const std::string& payload) {
  auto site_side = codec::from_json<identity::Envelope>(envelope, codec::Boundary::tolerant);
  if (!site_side) return site_side.error();
  const auto sealed = backend.sign_record(identity::kRecordType, payload);
  if (!sealed) return sealed.error();
  auto both = codec::from_json<identity::Envelope>(*sealed, codec::Boundary::strict);
  if (!both) return both.error();
  if (site_side->signatures.size() >= core::limits::envelope_signatures_max) {
    return {core::Reason::too_large, "record: signatures"};
  }
  for (auto& signature : site_side->signatures) both->signatures.push_back(std::move(signature));
  return codec::to_json(*both);
}

void rotate_site_keys(const CallPointer& call) {
  auto request = codec::from_json<KeysRequest>(call->request.body, codec::Boundary::tolerant);
  if (!request) return fail(*call, request.error());
  look_then(
      call,
      [site = call->site](const hub::HubMachine& machine) {
        const hub::State& state = machine.state();
        return KeysInForce{state.facts.sign_key, state.sites[site].record_index};
      },
      [call, request = std::move(*request)](const KeysInForce& present) {
        if (present.record_index == 0) {
          return fail(*call, {core::Reason::bad_key, "the site has no record with a next key"});
        }
        auto envelope = make_rotation(*call, present, request.record);
        if (!envelope) return fail(*call, envelope.error());
        submit_rotation(call, request, std::move(*envelope));
      });
}

void revoke_site(const CallPointer& call) {
  const auto request = read_body<RevokeRequest>(*call);
  if (!request) return;
  struct Found {
    std::uint32_t site = 0;
    bool is_revoked = false;
    KeysInForce present;
  };
  const std::string name = call->parameters.front();
  look_then(
      call,
      [name](const hub::HubMachine& machine) -> std::optional<Found> {
        const hub::State& state = machine.state();
        const auto found = state.site_handles.find(name);
        if (found == state.site_handles.end()) return std::nullopt;
        const hub::SiteState& site = state.sites[found->second];
        return Found{found->second, site.is_revoked, {state.facts.sign_key, site.record_index}};
      },
      [call, name, reason = request->reason](const std::optional<Found>& found) {
        if (!found) return fail(*call, {core::Reason::not_found, "site " + name});
        if (found->is_revoked) return fail(*call, {core::Reason::already_final, "site " + name});
        if (found->present.record_index == 0) {
          return fail(*call, {core::Reason::bad_key, "the site has no record"});
        }
        auto envelope = make_revocation(*call, found->present, reason);
        if (!envelope) return fail(*call, envelope.error());
        submit_revocation(call, found->site, std::move(*envelope));
      });
}

}  // namespace intertie::api
