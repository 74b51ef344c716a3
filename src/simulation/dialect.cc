#include "dialect.h"

#include <cassert>
#include <utility>

#include "intertie/codec/cbor.h"

#include "older_messages.h"

namespace intertie::simulation {
namespace {

// [99, {}]: a kind of a later version.
constexpr std::string_view kUnknownKind = "\x82\x18\x63\xa0";

// More would not fit into a node of any simulated site, and the job would never run.
constexpr core::MilliCpus kPaddedMax{2'000};

}  // namespace

std::string translate_payload(const std::string& payload) {
  const auto known = codec::from_cbor<older::PeerMessage>(payload);
  return known ? codec::to_cbor(*known) : std::string(kUnknownKind);
}

std::string pad_payload(const std::string& payload) {
  auto message = codec::from_cbor<hub::PeerMessage>(payload);
  if (!message || !std::holds_alternative<hub::ReserveRequest>(*message)) return payload;
  placement::Requirements& asked = std::get<hub::ReserveRequest>(*message).requirements;
  if (asked.tasks > 1 || asked.cpus > kPaddedMax) return payload;
  asked.cpus = asked.cpus * 2;
  return codec::to_cbor(*message);
}

std::string keep_payload(const std::string& payload) { return payload; }

hub::Beacon translate_beacon(const hub::Beacon& beacon) {
  const auto known = codec::from_cbor<older::Beacon>(codec::to_cbor(beacon), codec::Source::own);
  return codec::from_cbor<hub::Beacon>(codec::to_cbor(known.value()), codec::Source::own).value();
}

void Dialect::learn(const engine::Outbox& outbox, storage::LogIndex durable) {
  for (const engine::ChannelRow& row : outbox.rows()) {
    if (row.log_index > durable) return;
    if (row.number < rows_.size() && rows_[row.number].sent == row.hash) continue;
    assert(row.number <= rows_.size());
    rows_.resize(row.number);  // What a crash took back.
    const Row& last = rows_.back();
    ToldRow told = translate_ != nullptr ? ToldRow{translate_(row.payload), row.attachment}
                                         : tell_row(row, last.charge);
    auto charge = translate_ != nullptr ? std::nullopt : read_charge(row);
    if (!charge) charge = last.charge;
    const crypto::Digest hash = engine::compute_row_hash(last.received, told.payload);
    rows_.push_back({row.hash, hash, std::move(told.payload), told.attachment, std::move(charge)});
  }
}

std::string Dialect::to_receiver(std::uint64_t number, const std::string& hash) const {
  const bool is_known = number < rows_.size() && crypto::to_text(rows_[number].sent) == hash;
  return is_known ? crypto::to_text(rows_[number].received) : hash;
}

std::string Dialect::to_sender(std::uint64_t number, const std::string& hash) const {
  const bool is_known = number < rows_.size() && crypto::to_text(rows_[number].received) == hash;
  return is_known ? crypto::to_text(rows_[number].sent) : hash;
}

}  // namespace intertie::simulation
