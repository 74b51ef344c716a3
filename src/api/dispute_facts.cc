#include "dispute_facts.h"

#include <utility>

#include "intertie/hub/index_tables.h"

#include "fold_job.h"

namespace intertie::api {
namespace {

struct ViewFiller {
  DisputeView& view;

  void add_claim(const std::optional<hub::DisputedClaim>& claim) const {
    if (!claim) return;
    view.record = claim->record;
    view.from = claim->from;
    view.to = claim->to;
    view.claimed_micros = claim->claimed;
  }

  void operator()(const hub::UsageDisputed& event) const {
    view.job = event.job;
    view.attempt = event.attempt;
    view.reason = make_reason_view(event.reason);
    view.detail = event.detail;
    add_claim(event.claim);
  }
  void operator()(const hub::RemoteUsageDisputed& event) const {
    view.kind = DisputeKind::payer;
    view.job = event.job;
    view.attempt = event.attempt;
    add_claim(event.claim);
    add_charge(event);
  }
  void operator()(const hub::ChargeContested& event) const {
    view.kind = DisputeKind::payee;
    view.job = event.job;
    add_charge(event);
  }

  template <class Event>
  void add_charge(const Event& event) const {
    view.reason = make_reason_view(core::Reason::usage_disputed);
    view.detail = event.detail;
    view.record = event.record;
    view.claimed_micros = event.charge;
    view.offer = event.offer;
  }
};

}  // namespace

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
  if (auto* disputed = std::get_if<hub::UsageDisputed>(&*event)) {
    facts.disputed = std::move(*disputed);
  } else if (auto* remote = std::get_if<hub::RemoteUsageDisputed>(&*event)) {
    facts.disputed = std::move(*remote);
  } else if (auto* contested = std::get_if<hub::ChargeContested>(&*event)) {
    facts.disputed = std::move(*contested);
  } else {
    return core::Error{core::Reason::store_damaged, "dispute " + std::to_string(id)};
  }
  const auto end = reader.read_index(static_cast<storage::TableId>(hub::Table::dispute_ends), key);
  if (!end) return end.error();
  if (!*end) return std::optional(std::move(facts));
  core::Time at;
  event = decode_event(**end, at);
  if (!event) return event.error();
  facts.is_open = false;
  if (auto* resolved = std::get_if<hub::DisputeResolved>(&*event)) {
    facts.resolved = std::move(*resolved);
  } else if (auto* contest = std::get_if<hub::ContestResolved>(&*event)) {
    facts.contest = std::move(*contest);
  }
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

std::optional<std::uint32_t> DisputeFacts::peer() const {
  if (const auto* remote = std::get_if<hub::RemoteUsageDisputed>(&disputed)) return remote->peer;
  if (const auto* charge = std::get_if<hub::ChargeContested>(&disputed)) return charge->peer;
  return std::nullopt;
}

DisputeView make_dispute_view(const DisputeFacts& facts) {
  DisputeView view;
  view.id = facts.id;
  view.at = facts.at;
  view.state = facts.is_open ? DisputeState::open : DisputeState::rejected;
  std::visit(ViewFiller{view}, facts.disputed);
  if (facts.resolved) {
    if (facts.resolved->is_accepted) view.state = DisputeState::accepted;
    view.paid_micros = facts.resolved->paid;
    view.resolved = facts.resolved_at;
  } else if (facts.contest) {
    if (facts.contest->is_accepted) view.state = DisputeState::accepted;
    view.paid_micros = facts.contest->paid;
    view.resolved = facts.resolved_at;
  } else if (!facts.is_open && view.kind == DisputeKind::payee) {
    view.state = DisputeState::dropped;
  }
  return view;
}

}  // namespace intertie::api
