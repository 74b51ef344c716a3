#include "site_machine.h"

#include <utility>

#include "intertie/codec/json.h"
#include "intertie/execution/usage_record.h"
#include "intertie/identity/envelope.h"

namespace intertie::simulation {
namespace {

class LyingSink final : public engine::EventSink<agent::Event> {
 public:
  LyingSink(engine::EventSink<agent::Event>& log, const crypto::KeyPair& key, Lies& lies)
      : log_(log), key_(key), lies_(lies) {}

  storage::LogIndex emit(agent::Event event, std::string body) override {
    auto* usage = std::get_if<agent::UsageSigned>(&event);
    if (usage == nullptr || !lies_.world.permille(lies_.permille)) {
      return log_.emit(std::move(event), std::move(body));
    }
    ++lies_.told;
    switch (lies_.world.random.below(4)) {
      case 0:
        usage->envelope = pad(usage->envelope, core::hours(2), 0);
        break;
      case 1:
        usage->envelope = pad(usage->envelope, {}, 1);
        break;
      case 2:
        log_.emit(event, body);
        break;
      default:
        usage->envelope = break_signature(usage->envelope);
    }
    return log_.emit(std::move(event), std::move(body));
  }

 private:
  // The same record with more time, or about a later attempt, signed properly.
  std::string pad(const std::string& envelope, core::Duration more, std::uint32_t attempts) const {
    const std::string payload =
        identity::read_unverified_payload(envelope, execution::kUsagePayloadType).value();
    auto record =
        codec::from_json<execution::UsageRecord>(payload, codec::Boundary::tolerant).value();
    record.to = record.to + more;
    record.key.attempt += attempts;
    return identity::seal_envelope(execution::kUsagePayloadType, codec::to_json(record), key_)
        .value();
  }

  // Everything as before, but signed by somebody else under this site's name.
  std::string break_signature(const std::string& envelope) const {
    auto parts = codec::from_json<identity::Envelope>(envelope, codec::Boundary::tolerant).value();
    std::string& signature = parts.signatures.at(0).signature;
    signature[signature.size() / 2] = signature[signature.size() / 2] == 'A' ? 'B' : 'A';
    std::string broken = codec::to_json(parts);
    lies_.unsigned_envelopes.insert(broken);
    return broken;
  }

  engine::EventSink<agent::Event>& log_;
  const crypto::KeyPair& key_;
  Lies& lies_;
};

}  // namespace

core::Result<SiteMachine::Reply> SiteMachine::decide(const Command& command, core::Time now,
                                                     engine::EventSink<Event>& sink) {
  LyingSink liar(sink, key_, lies_);
  return agent_.decide(command, now, liar);
}

void SiteMachine::work(core::Time now, engine::EventSink<Event>& sink) {
  LyingSink liar(sink, key_, lies_);
  agent_.work(now, liar);
}

}  // namespace intertie::simulation
