#include "lies.h"

#include <utility>
#include <variant>

#include "intertie/codec/cbor.h"

namespace intertie::simulation {
namespace {

constexpr std::int64_t kBoast = 4;

std::string encode(hub::PeerMessage message) { return codec::to_cbor(message); }

hub::OfferCharged make_longer(hub::OfferCharged charge) {
  charge.to = charge.to + (charge.to - charge.from);
  charge.charge = charge.charge * 2;
  return charge;
}

hub::OfferCharged make_dearer(hub::OfferCharged charge) {
  charge.charge.count += charge.charge.count / 2 + 1;
  return charge;
}

}  // namespace

std::optional<EarlierCharge> read_charge(const engine::ChannelRow& row) {
  const auto message = codec::from_cbor<hub::PeerMessage>(row.payload);
  const auto* charge = message ? std::get_if<hub::OfferCharged>(&*message) : nullptr;
  if (charge == nullptr) return std::nullopt;
  return EarlierCharge{*charge, row.payload, row.attachment};
}

ToldRow tell_row(const engine::ChannelRow& row, const std::optional<EarlierCharge>& earlier) {
  const ToldRow truth{row.payload, row.attachment};
  const auto message = codec::from_cbor<hub::PeerMessage>(row.payload);
  if (!message) return truth;
  const unsigned dice = row.hash.bytes[0];
  if (const auto* charge = std::get_if<hub::OfferCharged>(&*message)) {
    if (dice % 6 == 0) return {encode(make_longer(*charge)), row.attachment};
    if (dice % 6 == 1) return {encode(make_dearer(*charge)), row.attachment};
    return truth;
  }
  if (!earlier) return truth;
  if (std::holds_alternative<hub::OfferBegan>(*message)) {
    return dice % 3 == 0 ? ToldRow{earlier->payload, earlier->attachment} : truth;
  }
  if (const auto* granted = std::get_if<hub::ReserveGranted>(&*message)) {
    hub::OfferCharged charge = earlier->charge;
    charge.offer = granted->offer;
    if (dice % 16 == 0) return {encode(charge), earlier->attachment};
  }
  return truth;
}

hub::Beacon boast(hub::Beacon beacon) {
  for (hub::BeaconPool& pool : beacon.pools) {
    pool.nodes *= static_cast<std::uint32_t>(kBoast);
    pool.free_cpus = pool.free_cpus * kBoast;
    pool.free_memory = pool.free_memory * kBoast;
    for (std::int64_t& devices : pool.free_devices) devices *= kBoast;
    if (!pool.free_nodes) continue;
    for (hub::BeaconNodes& nodes : *pool.free_nodes) {
      nodes.nodes *= static_cast<std::uint32_t>(kBoast);
      nodes.cpus = nodes.cpus * kBoast;
      nodes.memory = nodes.memory * kBoast;
      for (std::int64_t& devices : nodes.devices) devices *= kBoast;
    }
  }
  return beacon;
}

}  // namespace intertie::simulation
