// One way between two hubs of which one is of the version before, pads its bills, or lies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "intertie/engine/channel.h"
#include "intertie/hub/peer_messages.h"
#include "intertie/storage/record.h"

#include "lies.h"

namespace intertie::simulation {

/// The row as a hub of the version before writes it, or reads it: without later fields. A kind that
/// it does not know becomes one that nobody knows.
std::string translate_payload(const std::string& payload);

/// A request of one task with few processors as a hub reads it that pads what it reserves: twice
/// the processors. All else as it is.
std::string pad_payload(const std::string& payload);
std::string keep_payload(const std::string& payload);

/// What a hub of the version before hears, or tells, in a beacon.
hub::Beacon translate_beacon(const hub::Beacon& beacon);

/// Stands at the wire and translates what passes. A row's hash covers its payload, so the receiver
/// has other hashes than the sender: hellos are translated, too.
class Dialect {
 public:
  using Translation = std::string (*)(const std::string& payload);
  explicit Dialect(Translation translation = &translate_payload) : translate_(translation) {}
  /// Of a sender that lies.
  static Dialect make_liar() { return Dialect(nullptr); }

  /// Rows that the sender may send or speak of from now on. Before they are acknowledged.
  void learn(const engine::Outbox& outbox, storage::LogIndex durable);

  /// What the receiver gets for a row that has been learnt, and its hash there for the sender's.
  const std::string& get_payload(std::uint64_t number) const { return rows_.at(number).payload; }
  std::uint64_t get_attachment(std::uint64_t number) const { return rows_.at(number).attachment; }
  std::string to_receiver(std::uint64_t number, const std::string& hash) const;
  /// The sender's hash for the receiver's.
  std::string to_sender(std::uint64_t number, const std::string& hash) const;

 private:
  Translation translate_;  // Nothing: it lies.
  struct Row {
    crypto::Digest sent;
    crypto::Digest received;
    std::string payload;  // As received.
    std::uint64_t attachment = 0;
    std::optional<EarlierCharge> charge = std::nullopt;  // Of a liar: the last one up to here.
  };
  std::vector<Row> rows_ = {Row{}};  // By number; the first row has number 1.
};

}  // namespace intertie::simulation
