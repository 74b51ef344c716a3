#include "state_codec.h"

#include <utility>

#include <boost/describe.hpp>

#include "intertie/codec/cbor.h"
#include "intertie/engine/channel_dump.h"

namespace intertie::agent {
namespace {

struct AttemptRow {
  execution::StartAttempt order;
  std::uint64_t document = 0;
  AttemptPhase phase = AttemptPhase::staging;
  std::optional<core::Reason> stop;
  bool is_forgotten = false;
  core::Time began_at;
  std::vector<RankEnded> ended;
  std::uint32_t usage_number = 0;
  core::Time usage_to;
  execution::Measured usage_measured;
};
BOOST_DESCRIBE_STRUCT(AttemptRow, (),
                      (order, document, phase, stop, is_forgotten, began_at, ended, usage_number,
                       usage_to, usage_measured))

struct AgentDump {
  SiteCreated facts;
  std::vector<AttemptRow> attempts;
  engine::ChannelDump channel;
};
BOOST_DESCRIBE_STRUCT(AgentDump, (), (facts, attempts, channel))

}  // namespace

std::string encode_agent_state(const State& state) {
  AgentDump dump;
  dump.facts = state.facts;
  for (const auto& [id, attempt] : state.attempts) {
    AttemptRow row{attempt.order,
                   attempt.document,
                   attempt.phase,
                   attempt.stop,
                   attempt.is_forgotten,
                   attempt.began_at,
                   {},
                   attempt.usage_number,
                   attempt.usage_to,
                   attempt.usage_measured};
    for (const auto& [rank, ended] : attempt.ended) row.ended.push_back(ended);
    dump.attempts.push_back(std::move(row));
  }
  dump.channel = engine::dump_channel(state.outbox, state.inbox);
  return codec::to_cbor(dump);
}

core::Result<void> decode_agent_state(std::string_view bytes, State& state) {
  auto dump = codec::from_cbor<AgentDump>(bytes, codec::Source::own);
  if (!dump) return {core::Reason::store_damaged, dump.error().detail};
  State restored;
  restored.facts = std::move(dump->facts);
  for (AttemptRow& row : dump->attempts) {
    Attempt attempt;
    attempt.order = std::move(row.order);
    attempt.document = row.document;
    attempt.phase = row.phase;
    attempt.stop = row.stop;
    attempt.is_forgotten = row.is_forgotten;
    attempt.began_at = row.began_at;
    for (RankEnded& ended : row.ended) attempt.ended.emplace(ended.key.rank, std::move(ended));
    attempt.usage_number = row.usage_number;
    attempt.usage_to = row.usage_to;
    attempt.usage_measured = row.usage_measured;
    const AttemptId id{attempt.order.job, attempt.order.attempt};
    restored.attempts.emplace(id, std::move(attempt));
  }
  if (auto done = engine::restore_channel(dump->channel, restored.outbox, restored.inbox); !done) {
    return done.error();
  }
  state = std::move(restored);
  return {};
}

}  // namespace intertie::agent
