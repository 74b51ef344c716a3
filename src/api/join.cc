#include "join.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/hub/site_record.h"
#include "intertie/identity/allocator.h"
#include "intertie/identity/envelope.h"

#include "router_core.h"

namespace intertie::api {
namespace {

// How long a site may take to countersign what was proposed to it.
constexpr core::Duration kProposalLife = core::minutes(10);

struct Join {
  JoinRequest request;
  JoinClaims claims;
  std::string hub;
  std::string hub_sign_key;
};
using JoinPointer = std::shared_ptr<Join>;
using JoinStep =
    std::function<void(const CallPointer& call, const JoinPointer& join, const SiteNumber& number)>;

void propose(const CallPointer& call, const JoinPointer& join, const SiteNumber& number) {
  const auto record = make_site_record(join->request, number, call->backend.now());
  if (!record) return fail(*call, record.error());
  auto envelope = call->backend.sign_record(identity::kRecordType, codec::to_json(*record));
  if (!envelope) return fail(*call, envelope.error());
  respond_view(*call, JoinProposal{std::move(*envelope), join->hub, join->hub_sign_key});
}

// The site had joined before, under the record that was logged then.
void respond_repeated(const CallPointer& call, JoinAnswer answer, std::uint64_t record_index) {
  auto body = call->backend.reader().read_body(record_index);
  if (!body) return fail(*call, body.error());
  const auto payload = identity::read_unverified_payload(body->bytes, identity::kRecordType);
  if (!payload) return fail(*call, payload.error());
  const auto record =
      codec::from_json<identity::RegistrationRecord>(*payload, codec::Boundary::tolerant);
  if (!record) return fail(*call, record.error());
  answer.site = identity::to_text(record->id);
  answer.record = std::move(body->bytes);
  respond_view(*call, answer, 201);
}

void submit_join(const CallPointer& call, const JoinPointer& join, const SiteNumber& number) {
  const auto hub_key = crypto::parse_public_key(join->hub_sign_key);
  if (!hub_key) return fail(*call, hub_key.error());
  const auto opened = hub::open_site_record(join->request.record, *hub_key);
  if (!opened) return fail(*call, opened.error());
  const auto right = check_site_record(join->request, number, opened->record, call->backend.now());
  if (!right) return fail(*call, right.error());
  hub::JoinSite command;
  command.site.name = join->request.name;
  command.site.identifier = identity::to_text(opened->record.id);
  command.site.region = join->request.region.empty() ? number.hub_region : join->request.region;
  command.site.operator_account = join->claims.operator_;
  command.pools = join->request.pools;
  command.sign_key = join->request.keys.sign;
  command.tls_key = join->request.keys.tls;
  command.seal_key = join->request.keys.seal;
  command.nonce = join->claims.nonce;
  command.operator_principal = number.operator_principal;
  command.record_envelope = join->request.record;
  JoinAnswer answer;
  answer.site = command.site.identifier;
  answer.record = join->request.record;
  answer.hub = join->hub;
  answer.hub_sign_key = join->hub_sign_key;
  call->backend.submit(std::move(command), [call, answer](core::Result<hub::Reply> reply) {
    if (!reply) return fail(*call, reply.error());
    const auto& joined = std::get<hub::Joined>(*reply);
    JoinAnswer complete = answer;
    complete.handle = joined.site;
    complete.pools = joined.pools;
    if (joined.record_index == 0) return respond_view(*call, complete, 201);
    call->backend.run_aside([call, complete, index = joined.record_index]() mutable {
      respond_repeated(call, std::move(complete), index);
    });
  });
}

// Whose site it would be, and its number.
void find_number(const CallPointer& call, const JoinPointer& join, const JoinStep& step) {
  look_then(
      call,
      [join](const hub::HubMachine& machine) -> std::optional<SiteNumber> {
        const hub::State& state = machine.state();
        const auto found = state.principal_handles.find(join->claims.operator_);
        if (found == state.principal_handles.end()) return std::nullopt;
        return SiteNumber{state.facts.region, found->second,
                          static_cast<std::uint32_t>(state.sites.size())};
      },
      [call, join, step](const std::optional<SiteNumber>& number) {
        if (!number) return fail(*call, {core::Reason::bad_token, "the token does not verify"});
        step(call, join, *number);
      });
}

// Checks the request and its token, then the step.
void begin_join(const CallPointer& call, JoinStep step) {
  auto request = codec::from_json<JoinRequest>(call->request.body, codec::Boundary::tolerant);
  if (!request) return fail(*call, request.error());
  if (auto checked = check_join(*request); !checked) return fail(*call, checked.error());
  if (request->keys.tls != call->peer_key) {
    return fail(*call, {core::Reason::certificate_refused,
                        "keys.tls is not the key of the certificate in use"});
  }
  // The directory is read anew when it knows no hub yet: before the hub was created, and once.
  call->core.use_directory(call, {},
                           [call, request = std::move(*request),
                            step = std::move(step)](const DirectoryPointer& directory) mutable {
                             auto claims = read_join_token_of(call->backend, request.token,
                                                              directory->hub.id);
                             if (!claims) return fail(*call, claims.error());
                             auto join = std::make_shared<Join>();
                             join->request = std::move(request);
                             join->claims = std::move(*claims);
                             join->hub = directory->hub.id;
                             join->hub_sign_key = directory->hub.sign_key;
                             find_number(call, join, step);
                           });
}

bool is_site_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= core::limits::site_name_bytes_max &&
         std::ranges::all_of(name, is_plain);
}

}  // namespace

core::Result<void> check_join(const JoinRequest& request) {
  if (!is_site_name(request.name)) {
    return {core::Reason::bad_field, "name: letters, digits and - _ . only, at most 63"};
  }
  if (!request.region.empty()) {
    if (const auto region = identity::parse_registry_code(request.region); !region) {
      return {core::Reason::bad_field, "region: " + region.error().detail};
    }
  }
  if (const auto key = crypto::parse_public_key(request.keys.sign); !key) {
    return {core::Reason::bad_field, "keys.sign: " + key.error().detail};
  }
  if (const auto key = crypto::parse_public_key(request.keys.tls); !key) {
    return {core::Reason::bad_field, "keys.tls: " + key.error().detail};
  }
  if (!request.keys.seal.empty()) {
    if (const auto key = crypto::parse_seal_public_key(request.keys.seal); !key) {
      return {core::Reason::bad_field, "keys.seal: " + key.error().detail};
    }
  }
  if (const auto next = crypto::parse_digest(request.keys.next); !next) {
    return {core::Reason::bad_field, "keys.next: " + next.error().detail};
  }
  return {};
}

core::Result<identity::RegistrationRecord> make_site_record(const JoinRequest& request,
                                                            const SiteNumber& number,
                                                            core::Time now) {
  const auto registry = identity::parse_registry_code(number.hub_region);
  if (!registry) return registry.error();
  const std::uint32_t participant = number.operator_principal + 1;
  const auto id = identity::create_identifier(
      {*registry, identity::EntityType::site, participant, number.sites + 1});
  if (!id) return id.error();
  const auto holder =
      identity::create_identifier({*registry, identity::EntityType::participant, participant, 0});
  if (!holder) return holder.error();
  identity::RegistrationRecord record;
  record.id = *id;
  record.type = identity::EntityType::site;
  record.holder = *holder;
  record.issued = now;
  record.valid_until = now + identity::record_lifetime_default;
  std::int64_t nodes = 0;
  for (const topology::Pool& pool : request.pools) {
    nodes += static_cast<std::int64_t>(pool.nodes.size());
  }
  record.parts.push_back({"node", nodes});
  record.place = request.place;
  record.commissioned = request.commissioned;
  record.claimed = request.claimed;
  record.aka = request.aka;
  const auto tls = crypto::parse_public_key(request.keys.tls);
  if (!tls) return tls.error();
  record.keys.push_back(identity::make_record_key(identity::KeyPurpose::tls, *tls));
  if (!request.keys.seal.empty()) {
    const auto seal = crypto::parse_seal_public_key(request.keys.seal);
    if (!seal) return seal.error();
    record.keys.push_back(identity::make_record_key(*seal));
  }
  const auto sign = crypto::parse_public_key(request.keys.sign);
  if (!sign) return sign.error();
  const auto next = crypto::parse_digest(request.keys.next);
  if (!next) return next.error();
  record.keys.push_back(identity::make_record_key(identity::KeyPurpose::sign, *sign));
  record.next_key_hash = *next;
  record.status = identity::RecordStatus::registered;
  if (auto checked = identity::check_record(record); !checked) return checked.error();
  return record;
}

core::Result<void> check_site_record(const JoinRequest& request, const SiteNumber& number,
                                     const identity::RegistrationRecord& record, core::Time now) {
  if (record.issued > now + core::limits::clock_margin || now - record.issued > kProposalLife) {
    return {core::Reason::record_expired, "record: proposed too long ago; ask for another"};
  }
  SiteNumber proposed = number;
  if (record.id.serial() == 0) return {core::Reason::bad_field, "record: id"};
  proposed.sites = record.id.serial() - 1;
  const auto expected = make_site_record(request, proposed, record.issued);
  if (!expected) return expected.error();
  if (*expected == record) return {};
  return {core::Reason::bad_field, "record: not what this hub proposed for the request"};
}

void propose_site(const CallPointer& call) { begin_join(call, propose); }

void join_site(const CallPointer& call) { begin_join(call, submit_join); }

}  // namespace intertie::api
