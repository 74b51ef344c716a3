#include "site_amend.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intertie/api/record_keeper.h"
#include "intertie/api/site_views.h"
#include "intertie/core/limits.h"
#include "intertie/hub/site_record.h"
#include "intertie/identity/envelope.h"

#include "channel_body.h"
#include "router_core.h"
#include "site_keys.h"

namespace intertie::api {
namespace {

// The version in force, as the state has it.
struct RecordInForce {
  std::uint32_t site = 0;
  std::string hub_key;
  std::uint64_t record_index = 0;  // 0: none.
};

core::Result<identity::SignedRecord> open_present(Backend& backend, const RecordInForce& present) {
  if (present.record_index == 0) {
    return core::Error{core::Reason::bad_key, "the site has no record"};
  }
  const auto hub_key = crypto::parse_public_key(present.hub_key);
  if (!hub_key) return hub_key.error();
  const auto body = backend.reader().read_body(present.record_index);
  if (!body) return body.error();
  return identity::open_record(body->bytes, {*hub_key, std::nullopt});
}

// The version that the site has signed, with the hub's signature; both versions verified.
core::Result<std::string> make_amendment(Backend& backend, const RecordInForce& present,
                                         const std::string& envelope) {
  const auto older = open_present(backend, present);
  if (!older) return older.error();
  const auto payload = identity::read_unverified_payload(envelope, identity::kRecordType);
  if (!payload) return payload.error();
  // Asked again after a lost answer: what was agreed on then.
  if (crypto::compute_sha256(*payload) == older->hash) return older->envelope;
  auto signed_text = countersign(backend, envelope, *payload);
  if (!signed_text) return signed_text;
  // The hub's signature does not leave before everything else was checked.
  const auto newer =
      hub::open_site_record(*signed_text, *crypto::parse_public_key(present.hub_key));
  if (!newer) return newer.error();
  if (const auto right = hub::check_site_amendment(*older, *newer); !right) return right.error();
  if (const auto right = check_version_times(newer->record, backend.now()); !right) {
    return right.error();
  }
  return signed_text;
}

// A version by the registry alone: another status, and a week from now.
core::Result<std::string> make_status_version(Backend& backend, const RecordInForce& present,
                                              identity::RecordStatus status) {
  const auto older = open_present(backend, present);
  if (!older) return older.error();
  if (const auto may = identity::check_transition(older->record.status, status); !may) {
    return may.error();
  }
  identity::RegistrationRecord record = older->record;
  record.seq += 1;
  record.prev_hash = older->hash;
  record.status = status;
  record.issued = std::max(backend.now(), older->record.issued);
  record.valid_until = record.issued + identity::record_lifetime_default;
  if (const auto right = identity::check_record(record); !right) return right.error();
  return backend.sign_record(identity::kRecordType, codec::to_json(record));
}

RecordInForce read_present(const hub::State& state, const hub::SiteState& site) {
  return {site.site.handle.index, state.facts.sign_key, site.record_index};
}

// The site of the path; else answered.
void use_named_site(const CallPointer& call, std::function<void(const RecordInForce&)> then) {
  const std::string name = call->parameters.front();
  look_then(
      call,
      [name](const hub::HubMachine& machine) -> std::optional<RecordInForce> {
        const hub::State& state = machine.state();
        const auto found = state.site_handles.find(name);
        if (found == state.site_handles.end()) return std::nullopt;
        return read_present(state, state.sites[found->second]);
      },
      [call, name, then = std::move(then)](const std::optional<RecordInForce>& found) {
        if (!found) return fail(*call, {core::Reason::not_found, "site " + name});
        then(*found);
      });
}

void submit_amendment(const CallPointer& call, hub::AmendSite command) {
  const KeysAnswer answer{command.record_envelope};
  const std::uint32_t site = command.site;
  call->backend.submit(std::move(command),
                       [call, answer, site](const core::Result<hub::Reply>& reply) {
                         if (!reply) return fail(*call, reply.error());
                         call->core.forget_site(site);  // It may have retired.
                         respond_view(*call, answer);
                       });
}

}  // namespace

void give_site_record(const CallPointer& call) {
  struct Found {
    RecordInForce present;
    std::optional<identity::RecordStatus> status;
  };
  look_then(
      call,
      [site = call->site, now = call->backend.now()](const hub::HubMachine& machine) {
        const hub::State& state = machine.state();
        return Found{read_present(state, state.sites[site]),
                     machine.find_status_to_sign(site, now)};
      },
      [call](const Found& found) {
        const auto present = open_present(call->backend, found.present);
        if (!present) return fail(*call, present.error());
        respond_view(*call, RecordDue{present->envelope, found.status});
      });
}

void amend_site_record(const CallPointer& call) {
  const auto request = read_message<AmendRequest>(*call);
  if (!request) return;
  look_then(
      call,
      [site = call->site](const hub::HubMachine& machine) {
        return read_present(machine.state(), machine.state().sites[site]);
      },
      [call, request = *request](const RecordInForce& present) {
        auto envelope = make_amendment(call->backend, present, request.record);
        if (!envelope) return fail(*call, envelope.error());
        submit_amendment(call, {call->site, std::move(*envelope), request.rows});
      });
}

void suspend_site(const CallPointer& call) {
  use_named_site(call, [call](const RecordInForce& present) {
    auto envelope = make_status_version(call->backend, present, identity::RecordStatus::suspended);
    if (!envelope) return fail(*call, envelope.error());
    submit_amendment(call, {present.site, std::move(*envelope), 0});
  });
}

void reinstate_site(const CallPointer& call) {
  use_named_site(call, [call](const RecordInForce& present) {
    const auto record = open_present(call->backend, present);
    if (!record) return fail(*call, record.error());
    submit_then(call, hub::ReinstateSite{present.site},
                [call, answer = KeysAnswer{record->envelope}](const hub::Reply&) {
                  respond_view(*call, answer);
                });
  });
}

void mark_stale_records(Backend& backend, std::function<void(const core::Error&)> tell) {
  backend.read([&backend, tell = std::move(tell), now = backend.now()](
                   const core::Result<const hub::HubMachine*>& machine) -> Backend::DurableAction {
    if (!machine) return {};
    const hub::State& state = (*machine)->state();
    std::vector<RecordInForce> due;
    for (const std::uint32_t site : (*machine)->list_stale_records(now)) {
      if (due.size() == kStaleRecordsPerLook) break;
      due.push_back(read_present(state, state.sites[site]));
    }
    if (due.empty()) return {};
    return [&backend, tell, due = std::move(due)] {
      backend.run_aside([&backend, tell, due] {
        for (const RecordInForce& each : due) {
          auto envelope = make_status_version(backend, each, identity::RecordStatus::stale);
          if (!envelope) {
            tell(envelope.error());
            continue;
          }
          backend.submit(hub::AmendSite{each.site, std::move(*envelope), 0},
                         [tell](const core::Result<hub::Reply>& reply) {
                           if (!reply) tell(reply.error());
                         });
        }
      });
    };
  });
}

}  // namespace intertie::api
