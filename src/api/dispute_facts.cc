#include "dispute_facts.h"

#include <utility>

#include "intertie/hub/index_tables.h"

#include "fold_job.h"

namespace intertie::api {

core::Result<std::optional<DisputeFacts>> read_dispute(storage::Reader& reader,
                                                       storage::LogIndex id, bool is_open) {
  const std::string key = hub::encode_number(id);
  const auto row = reader.read_index(static_cast<storage::TableId>(hub::Table::disputes), key);
  if (!row) return row.error();
  if (!*row) return std::optional<DisputeFacts>();
  DisputeFacts facts;
  facts.id = id;
  facts.is_open = is_open;
  auto event = decode_event(**row, facts.at);
  if (!event) return event.error();
  facts.disputed = std::get<hub::UsageDisputed>(std::move(*event));
  const auto end = reader.read_index(static_cast<storage::TableId>(hub::Table::dispute_ends), key);
  if (!end) return end.error();
  if (!*end) return std::optional(std::move(facts));
  core::Time at;
  event = decode_event(**end, at);
  if (!event) return event.error();
  facts.is_open = false;
  facts.resolved = std::get<hub::DisputeResolved>(std::move(*event));
  facts.resolved_at = at;
  return std::optional(std::move(facts));
}

core::Result<std::vector<DisputeFacts>> read_disputes(storage::Reader& reader, std::uint64_t party,
                                                      bool is_open,
                                                      std::optional<std::string> after,
                                                      std::size_t limit) {
  storage::Scan scan;
  scan.table = static_cast<storage::TableId>(hub::Table::disputes_by_party);
  scan.prefix = hub::make_dispute_prefix(party, is_open);
  scan.direction = storage::Direction::descending;
  scan.limit = limit;
  if (after) scan.after_key = scan.prefix + *after;
  const auto rows = reader.scan_index(scan);
  if (!rows) return rows.error();
  std::vector<DisputeFacts> disputes;
  for (const storage::IndexRow& row : *rows) {
    auto facts = read_dispute(reader, hub::decode_number(row.key, scan.prefix.size()), is_open);
    if (!facts) return facts.error();
    if (*facts) disputes.push_back(std::move(**facts));
  }
  return disputes;
}

DisputeView make_dispute_view(const DisputeFacts& facts) {
  DisputeView view;
  view.id = facts.id;
  view.job = facts.disputed.job;
  view.attempt = facts.disputed.attempt;
  view.at = facts.at;
  view.reason = make_reason_view(facts.disputed.reason);
  view.detail = facts.disputed.detail;
  view.state = facts.is_open ? DisputeState::open : DisputeState::rejected;
  if (const auto& claim = facts.disputed.claim) {
    view.record = claim->record;
    view.from = claim->from;
    view.to = claim->to;
    view.claimed_micros = claim->claimed;
  }
  if (facts.resolved) {
    if (facts.resolved->is_accepted) view.state = DisputeState::accepted;
    view.paid_micros = facts.resolved->paid;
    view.resolved = facts.resolved_at;
  }
  return view;
}

}  // namespace intertie::api
