// One side of a channel as described data, for snapshots.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "intertie/core/result.h"
#include "intertie/engine/channel.h"

namespace intertie::engine {

struct ChannelRowDump {
  std::uint64_t log_index = 0;
  std::uint64_t attachment = 0;
  std::vector<std::uint8_t> payload;  // Bytes, not text: the codec would mend its UTF-8.
};
BOOST_DESCRIBE_STRUCT(ChannelRowDump, (), (log_index, attachment, payload))

struct ChannelDump {
  std::uint64_t acknowledged = 0;
  std::string acknowledged_hash;
  std::vector<ChannelRowDump> rows;
  std::uint64_t received = 0;
  std::string received_hash;
};
BOOST_DESCRIBE_STRUCT(ChannelDump, (),
                      (acknowledged, acknowledged_hash, rows, received, received_hash))

ChannelDump dump_channel(const Outbox& outbox, const Inbox& inbox);

/// Refuses with store_damaged.
core::Result<void> restore_channel(const ChannelDump& dump, Outbox& outbox, Inbox& inbox);

}  // namespace intertie::engine
