#include "join.h"

#include <algorithm>
#include <utility>

#include "intertie/core/limits.h"
#include "intertie/identity/allocator.h"

#include "router_core.h"

namespace intertie::api {
namespace {

// Joins that meet in the engine may have taken the same number: the later one tries again.
constexpr int kTriesMax = 8;

struct Join {
  JoinRequest request;
  JoinClaims claims;
  std::string hub;
  std::string hub_sign_key;
  int tries = 0;
};
using JoinPointer = std::shared_ptr<Join>;

void try_join(const CallPointer& call, const JoinPointer& join);

// Whether the refusal means that another site has just got the identifier.
bool is_taken(const core::Error& error) {
  return error.reason == core::Reason::already_exists && error.detail.substr(0, 10) == "identifier";
}

void submit_join(const CallPointer& call, const JoinPointer& join, const SiteNumber& number) {
  const auto record = make_site_record(join->request, number, call->backend.now());
  if (!record) return fail(*call, record.error());
  auto envelope = call->backend.sign_record(identity::kRecordType, codec::to_json(*record));
  if (!envelope) return fail(*call, envelope.error());
  hub::JoinSite command;
  command.site.name = join->request.name;
  command.site.identifier = identity::to_text(record->id);
  command.site.region = join->request.region.empty() ? number.hub_region : join->request.region;
  command.site.operator_account = join->claims.operator_;
  command.pools = join->request.pools;
  command.sign_key = join->request.keys.sign;
  command.tls_key = join->request.keys.tls;
  command.seal_key = join->request.keys.seal;
  command.nonce = join->claims.nonce;
  command.operator_principal = number.operator_principal;
  command.record_envelope = *envelope;
  JoinAnswer answer;
  answer.site = command.site.identifier;
  answer.record = std::move(*envelope);
  answer.hub = join->hub;
  answer.hub_sign_key = join->hub_sign_key;
  call->backend.submit(std::move(command), [call, join, answer](core::Result<hub::Reply> reply) {
    if (!reply && is_taken(reply.error()) && ++join->tries < kTriesMax) {
      return try_join(call, join);
    }
    if (!reply) return fail(*call, reply.error());
    JoinAnswer complete = answer;
    complete.handle = std::get<hub::Joined>(*reply).site;
    complete.pools = std::get<hub::Joined>(*reply).pools;
    respond_view(*call, complete, 201);
  });
}

void try_join(const CallPointer& call, const JoinPointer& join) {
  look_then(
      call,
      [join](const hub::HubMachine& machine) -> std::optional<SiteNumber> {
        const hub::State& state = machine.state();
        const auto found = state.principal_handles.find(join->claims.operator_);
        if (found == state.principal_handles.end()) return std::nullopt;
        return SiteNumber{state.facts.region, found->second,
                          static_cast<std::uint32_t>(state.sites.size())};
      },
      [call, join](const std::optional<SiteNumber>& number) {
        if (!number) return fail(*call, {core::Reason::bad_token, "the token does not verify"});
        submit_join(call, join, *number);
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
  if (request.keys.next.empty()) return {};
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
  const auto tls = crypto::parse_public_key(request.keys.tls);
  if (!tls) return tls.error();
  record.keys.push_back(identity::make_record_key(identity::KeyPurpose::tls, *tls));
  if (!request.keys.seal.empty()) {
    const auto seal = crypto::parse_seal_public_key(request.keys.seal);
    if (!seal) return seal.error();
    record.keys.push_back(identity::make_record_key(*seal));
  }
  if (!request.keys.next.empty()) {
    const auto sign = crypto::parse_public_key(request.keys.sign);
    if (!sign) return sign.error();
    const auto next = crypto::parse_digest(request.keys.next);
    if (!next) return next.error();
    record.keys.push_back(identity::make_record_key(identity::KeyPurpose::sign, *sign));
    record.next_key_hash = *next;
    record.status = identity::RecordStatus::registered;
  }
  if (auto checked = identity::check_record(record); !checked) return checked.error();
  return record;
}

void join_site(const CallPointer& call) {
  auto request = codec::from_json<JoinRequest>(call->request.body, codec::Boundary::tolerant);
  if (!request) return fail(*call, request.error());
  if (auto checked = check_join(*request); !checked) return fail(*call, checked.error());
  if (request->keys.tls != call->peer_key) {
    return fail(*call, {core::Reason::certificate_refused,
                        "keys.tls is not the key of the certificate in use"});
  }
  // The directory is read anew when it knows no hub yet: before the hub was created, and once.
  call->core.use_directory(
      call, {}, [call, request = std::move(*request)](const DirectoryPointer& directory) mutable {
        auto claims = read_join_token(call->backend.token_key().public_key(), request.token,
                                      directory->hub.id, call->backend.now());
        if (!claims) return fail(*call, claims.error());
        auto join = std::make_shared<Join>();
        join->request = std::move(request);
        join->claims = std::move(*claims);
        join->hub = directory->hub.id;
        join->hub_sign_key = directory->hub.sign_key;
        try_join(call, join);
      });
}

}  // namespace intertie::api
