#include "intertie/engine/channel_dump.h"

#include <utility>

namespace intertie::engine {

ChannelDump dump_channel(const Outbox& outbox, const Inbox& inbox) {
  ChannelDump dump;
  dump.acknowledged = outbox.acknowledged();
  dump.acknowledged_hash = crypto::to_text(outbox.acknowledged_hash());
  for (const ChannelRow& row : outbox.rows()) {
    dump.rows.push_back({row.log_index, row.attachment, {row.payload.begin(), row.payload.end()}});
  }
  dump.received = inbox.received;
  dump.received_hash = crypto::to_text(inbox.hash);
  return dump;
}

core::Result<void> restore_channel(const ChannelDump& dump, Outbox& outbox, Inbox& inbox) {
  const auto acknowledged_hash = crypto::parse_digest(dump.acknowledged_hash);
  const auto received_hash = crypto::parse_digest(dump.received_hash);
  if (!acknowledged_hash || !received_hash) {
    return {core::Reason::store_damaged, "a channel's hash"};
  }
  outbox = Outbox::restore(dump.acknowledged, *acknowledged_hash, {});
  for (const ChannelRowDump& row : dump.rows) {
    std::string payload(row.payload.begin(), row.payload.end());
    outbox.push(std::move(payload), row.log_index, row.attachment);
  }
  inbox = {dump.received, *received_hash};
  return {};
}

}  // namespace intertie::engine
