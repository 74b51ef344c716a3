// Leaves and heads of the public log.
#include "intertie/hub/public_log.h"

#include <variant>

#include "intertie/codec/json.h"
#include "intertie/hub/state.h"
#include "intertie/identity/envelope.h"

namespace intertie::hub {
namespace {

// One overload a public event.
struct LeafFinder {
  const State& state;
  core::Time time;

  PublicLeaf make(LeafKind kind, std::string subject, const crypto::Digest& envelope,
                  std::int64_t seq = 0) const {
    return {kind, time, std::move(subject), crypto::to_text(envelope), "", seq};
  }

  std::optional<PublicLeaf> operator()(const HubCreated& event) const {
    return PublicLeaf{LeafKind::hub, time, event.id, "", event.sign_key, 0};
  }
  std::optional<PublicLeaf> operator()(const SiteRegistered& event) const {
    if (!event.record) return std::nullopt;
    return make(LeafKind::registration, event.site.identifier, event.record->envelope,
                event.record->seq);
  }
  std::optional<PublicLeaf> operator()(const SiteKeysRotated& event) const {
    return make(LeafKind::rotation, state.sites[event.site].site.identifier, event.record.envelope,
                event.record.seq);
  }
  std::optional<PublicLeaf> operator()(const SiteRevoked& event) const {
    return make(LeafKind::revocation, state.sites[event.site].site.identifier,
                event.record.envelope, event.record.seq);
  }
  std::optional<PublicLeaf> operator()(const SiteRecordAmended& event) const {
    return make(LeafKind::amendment, state.sites[event.site].site.identifier, event.record.envelope,
                event.record.seq);
  }
  std::optional<PublicLeaf> operator()(const MeasurementAccepted& event) const {
    if (!event.envelope) return std::nullopt;
    const auto site = state.topology->find_pool({event.pool})->site;
    return make(LeafKind::measurement, state.sites[site.index].site.identifier, *event.envelope);
  }
  std::optional<PublicLeaf> operator()(const UsageSettled& event) const {
    if (!event.envelope) return std::nullopt;
    return make(LeafKind::settlement, "", *event.envelope);
  }

  std::optional<PublicLeaf> operator()(const LineRegistered& event) const {
    return make(LeafKind::line, event.line.identifier, event.envelope, event.seq);
  }

  template <class Other>
  std::optional<PublicLeaf> operator()(const Other&) const {
    return std::nullopt;
  }
};

}  // namespace

std::optional<PublicLeaf> find_public_leaf(const State& state, const Event& event,
                                           core::Time time) {
  return std::visit(LeafFinder{state, time}, event);
}

std::string encode_leaf(const PublicLeaf& leaf) { return codec::to_json(leaf); }

PublicHead make_public_head(const State& state) {
  const PublicLog& log = state.public_log;
  return {state.facts.id, std::string(kTreeAlg), log.frontier.size(),
          crypto::to_text(log.frontier.compute_root()), log.time};
}

core::Result<PublicHead> open_public_head(std::string_view envelope, const crypto::PublicKey& key) {
  const crypto::Digest key_id = crypto::compute_key_digest(key);
  const auto opened = identity::open_envelope(
      envelope, kTreeHeadType,
      [&](const crypto::Digest& id) { return id == key_id ? std::optional(key) : std::nullopt; });
  if (!opened) return opened.error();
  auto head = codec::from_json<PublicHead>(opened->payload, codec::Boundary::tolerant);
  if (!head) return head;
  if (head->alg != kTreeAlg) return {core::Reason::bad_field, "alg: " + head->alg};
  if (!crypto::parse_digest(head->root)) return {core::Reason::bad_field, "root"};
  return head;
}

}  // namespace intertie::hub
