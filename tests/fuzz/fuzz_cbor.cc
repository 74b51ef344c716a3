// CBOR: messages between hub and site, heads of the log, states of snapshots.
#include "intertie/agent/machine.h"
#include "intertie/codec/cbor.h"
#include "intertie/execution/site_messages.h"
#include "intertie/hub/machine.h"
#include "intertie/storage/snapshot.h"

#include "fuzz_target.h"

namespace intertie::fuzz {
namespace {

// Unknown positions are skipped, so only what was written by this program comes back byte by byte.
template <class T>
void read_as(std::string_view bytes) {
  for (const codec::Source source : {codec::Source::peer, codec::Source::own}) {
    const auto read = codec::from_cbor<T>(bytes, source);
    if (!read) continue;
    const std::string written = codec::to_cbor(*read);
    const auto again = codec::from_cbor<T>(written, source);
    check(again.has_value(), "CBOR that was written can be read");
    check(codec::to_cbor(*again) == written, "CBOR that was read is written the same");
  }
}

template <class M>
void read_head(std::uint16_t kind, std::string_view bytes) {
  const auto event = M::decode(kind, 1, bytes);
  if (!event) return;
  const auto encoded = M::encode(*event);
  check(encoded.kind == kind, "an event keeps its kind");
  check(M::decode(encoded.kind, encoded.version, encoded.head).has_value(),
        "a head that was written can be read");
}

}  // namespace

void take_input(std::string_view input) {
  if (input.size() < 2) return;
  const auto kind = static_cast<std::uint16_t>(static_cast<std::uint8_t>(input[1]));
  const std::string_view bytes = input.substr(2);
  switch (input[0]) {
    case 's':
      return read_as<execution::SiteMessage>(bytes);
    case 'h':
      return read_as<execution::HubMessage>(bytes);
    case 'e':
      return read_head<hub::HubMachine>(kind, bytes);
    case 'a':
      return read_head<agent::AgentMachine>(kind, bytes);
    case 'S': {
      hub::HubMachine machine;
      (void)machine.decode_state(bytes);
      return;
    }
    case 'f':
      (void)storage::decode_snapshot(storage::Incarnation{1}, bytes);
      return;
    default:
      return;
  }
}

std::vector<std::string> make_seeds() {
  std::vector<std::string> seeds;
  const std::vector<execution::SiteMessage> from_site = {
      execution::AttemptStarted{1, 1, core::Time{5}}, execution::UsageReport{1, 1, "{}"},
      execution::StatementReport{0, "{}"},
      execution::AttemptEnded{1,
                              1,
                              core::Time{9},
                              core::Reason::exited_nonzero,
                              "x",
                              {{0, 1, 0}},
                              {{"out", "sha256:00", core::Bytes{3}}}}};
  for (const auto& message : from_site) seeds.push_back("s." + codec::to_cbor(message));
  execution::StartAttempt start;
  start.job = 300;
  start.attempt = 2;
  start.slots.resize(2);
  seeds.push_back("h." + codec::to_cbor(execution::HubMessage(start)));
  const std::vector<hub::Event> events = {
      hub::HubCreated{"90R", "90", "hub", "CNY", "", 10},
      hub::AttemptOver{1, 1, core::Reason::timed_out, 1, {}, true},
      hub::UsageDisputed{1, 1, core::Reason::usage_disputed, "x", 0, {}}};
  for (const hub::Event& event : events) {
    const auto encoded = hub::HubMachine::encode(event);
    seeds.push_back(std::string("e") + static_cast<char>(encoded.kind) + encoded.head);
  }
  const auto created = agent::AgentMachine::encode(agent::Event(agent::SiteCreated{"s", {"p"}}));
  seeds.push_back(std::string("a") + static_cast<char>(created.kind) + created.head);
  seeds.push_back("S." + hub::HubMachine().encode_state());
  storage::Snapshot snapshot;
  snapshot.bytes = "state";
  snapshot.state_digest = crypto::compute_sha256(std::string_view(snapshot.bytes));
  seeds.push_back("f." + storage::encode_snapshot(storage::Incarnation{1}, snapshot));
  return seeds;
}

}  // namespace intertie::fuzz
