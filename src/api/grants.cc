#include "grants.h"

#include <algorithm>

#include "intertie/codec/json.h"
#include "intertie/crypto/bytes.h"
#include "intertie/hub/job_document.h"
#include "intertie/hub/line_key.h"
#include "intertie/transfer/grant.h"
#include "intertie/transfer/pass.h"

namespace intertie::api {
namespace {

using Kind = transfer::DatasetKey::Kind;

constexpr std::size_t kSiteBytesMax = 64;
constexpr std::size_t kCopiesNamedMax = 3;

core::Result<hub::JobDocument> read_document(const Call& call, std::uint64_t index) {
  const auto body = call.backend.reader().read_body(index);
  if (!body) return body.error();
  return codec::from_json<hub::JobDocument>(body->bytes, codec::Boundary::tolerant);
}

// The identity of an input; one by its whole content lies here, or it would have been replaced.
std::optional<crypto::Digest> find_root(const Call& call, const std::string& owner,
                                        const hub::DataIn& input) {
  const auto key = transfer::parse_dataset_key(input.from);
  if (!key) return std::nullopt;
  if (key->kind == Kind::root) return key->digest;
  const auto info = call.backend.datasets().find(owner, *key);
  if (!info) return std::nullopt;
  return info->root;
}

bool is_named(const hub::DataIn& input, const std::optional<crypto::Digest>& root,
              const transfer::DatasetKey& key) {
  if (!root) return false;
  return key.kind == Kind::root ? *root == key.digest : input.from == transfer::to_text(key);
}

core::Result<void> check_region(const Call& call, const GrantFacts& facts, const hub::DataIn& input,
                                const crypto::Digest& root) {
  transfer::DataPolicy policy;
  policy.regions = input.allowed;
  const transfer::DataPlace place{facts.audience_region};
  const core::Time now = call.backend.now();
  if (auto checked = transfer::check_place(policy, place, now); !checked) return checked;
  // The policy may have changed since.
  const auto info = call.backend.datasets().find(facts.owner, {Kind::root, root, {}, {}});
  return info ? transfer::check_place(info->policy, place, now) : core::Result<void>();
}

core::Result<GrantAnswer> seal(const Call& call, const GrantFacts& facts, const hub::DataIn& input,
                               const crypto::Digest& root) {
  GrantAnswer answer;
  answer.dataset = transfer::format_dataset(root);
  answer.size = input.size;
  answer.regions = input.regions;
  if (answer.regions.empty()) answer.regions.push_back(facts.region);
  answer.expires = call.backend.now() + kGrantLifetime;
  const transfer::DataGrant grant{
      answer.dataset, transfer::to_text(transfer::RegionUser{facts.region, facts.owner}),
      facts.audience, facts.offer, answer.expires};
  const auto envelope = call.backend.sign_record(transfer::kGrantType, codec::to_json(grant));
  if (!envelope) return envelope.error();
  answer.grant = crypto::encode_base64url(crypto::as_bytes(*envelope));
  return answer;
}

// All inputs of an offer share one rate; jobs that run at home have no offer to name.
LineUse make_line_use(const transfer::DataGrant& grant, const transfer::DatasetInfo& info,
                      const std::string& to) {
  LineUse use{to, {}, core::Bytes{static_cast<std::int64_t>(info.size)}};
  const auto reader = transfer::parse_region_user(grant.reader);
  if (!reader) return use;
  use.leg = hub::make_leg_key(reader->region, grant.offer);
  if (grant.offer == 0) use.leg += "/" + grant.dataset;
  return use;
}

core::Result<DataSourceView> seal_pass(const Call& call, const transfer::DataPass& pass,
                                       const std::string& address, const std::string& tls_key) {
  const auto key = crypto::parse_public_key(tls_key);
  if (!key) return key.error();
  const auto envelope = call.backend.sign_record(transfer::kPassType, codec::to_json(pass));
  if (!envelope) return envelope.error();
  return DataSourceView{
      pass.holder, address,
      crypto::encode_hex(crypto::compute_sha256(crypto::export_public_der(*key)).bytes),
      crypto::encode_base64url(crypto::as_bytes(*envelope)), pass.expires};
}

}  // namespace

core::Result<GrantAnswer> make_grant(const Call& call, const GrantFacts& facts,
                                     const transfer::DatasetKey& key) {
  const auto document = read_document(call, facts.document);
  if (!document) return document.error();
  for (const hub::DataIn& input : document->data.in) {
    if (input.from.empty()) continue;
    const auto root = find_root(call, facts.owner, input);
    if (!is_named(input, root, key)) continue;
    if (auto checked = check_region(call, facts, input, *root); !checked) return checked.error();
    return seal(call, facts, input, *root);
  }
  return core::Error{core::Reason::not_found, transfer::to_text(key) + ": not an input of the job"};
}

core::Result<Granted> find_granted(const Call& call, const Regions& regions,
                                   const crypto::Digest& root) {
  const auto bytes = crypto::decode_base64url(call.request.grant);
  if (!bytes) return core::Error{core::Reason::bad_syntax, "Intertie-Grant: base64url"};
  const auto find_key = [&](const std::string& region) -> std::optional<crypto::PublicKey> {
    const RegionPeer* const peer = regions.find(region);
    if (region != regions.region && peer == nullptr) return std::nullopt;
    const auto key =
        crypto::parse_public_key(region == regions.region ? regions.sign_key : peer->sign_key);
    return key ? std::optional(*key) : std::nullopt;
  };
  const auto grant = transfer::open_grant(crypto::as_text(*bytes), find_key);
  if (!grant) return grant.error();
  const RegionPeer& caller = regions.peers[call.peer];
  const core::Time now = call.backend.now();
  const auto checked =
      transfer::check_grant(*grant, {transfer::format_dataset(root), caller.id, now});
  if (!checked) return checked.error();
  const std::string reader = transfer::translate_user(grant->reader, {}, regions.region);
  auto info = call.backend.datasets().find(reader, {Kind::root, root, {}, {}});
  if (!info) return info.error();
  if (auto may_lie = transfer::check_place(info->policy, {caller.region}, now); !may_lie) {
    return may_lie.error();
  }
  LineUse line = make_line_use(*grant, *info, caller.region);
  return Granted{std::move(*info), reader, grant->expires, std::move(line)};
}

core::Result<DataSources> make_passes(const Call& call, const Regions& regions,
                                      const Granted& granted, const PassRequest& request) {
  DataSources sources;
  const std::string address = call.backend.data_address();
  if (address.empty() || !granted.info.is_complete()) return sources;
  if (request.site.empty() || request.site.size() > kSiteBytesMax) {
    return core::Error{core::Reason::bad_field, "site: an identifier"};
  }
  if (const auto key = crypto::parse_public_key(request.key); !key) return key.error();
  const transfer::DataPass pass{regions.id,
                                transfer::format_dataset(granted.info.root),
                                granted.reader,
                                request.site,
                                request.key,
                                granted.line.region,
                                std::min(granted.expires, call.backend.now() + kGrantLifetime),
                                granted.line.leg};
  auto source = seal_pass(call, pass, address, call.backend.peer_tls_key());
  if (!source) return source.error();
  sources.sources.push_back(std::move(*source));
  return sources;
}

std::vector<DataSourceView> make_copy_passes(const Call& call,
                                             const std::vector<hub::DataCopy>& copies,
                                             const crypto::Digest& root, const CopyReader& reader) {
  std::vector<DataSourceView> sources;
  for (const hub::DataCopy& copy : copies) {
    if (sources.size() == kCopiesNamedMax) break;
    const transfer::DataPass pass{
        copy.site,     transfer::format_dataset(root),      copy.owner, reader.site, call.peer_key,
        reader.region, call.backend.now() + kGrantLifetime, {}};
    auto source = seal_pass(call, pass, copy.address, copy.tls_key);
    if (source) sources.push_back(std::move(*source));
  }
  return sources;
}

std::optional<GrantAnswer> GrantCache::find(std::uint64_t job, const std::string& key,
                                            core::Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find({job, key});
  if (found == kept_.end() || found->second.expires <= now + kGrantMargin) return std::nullopt;
  return found->second;
}

void GrantCache::keep(std::uint64_t job, const std::string& key, GrantAnswer answer,
                      core::Time now) {
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kGrantsKeptMax) {
    std::erase_if(kept_, [now](const auto& one) { return one.second.expires <= now; });
    if (kept_.size() >= kGrantsKeptMax) kept_.clear();
  }
  kept_.insert_or_assign({job, key}, std::move(answer));
}

void GrantCache::drop(std::uint64_t job, const std::string& key) {
  const std::lock_guard lock(mutex_);
  kept_.erase({job, key});
}

}  // namespace intertie::api
